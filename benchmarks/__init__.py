"""How fast the service is, beside two yardsticks over the same rows.

    make bench          the full run; writes benchmarks/RESULTS.md
    make bench-quick    fewer people and one round, in under a minute; prints only

`python -m benchmarks --help` lists what can be varied. A run makes a database of its
own in a temporary folder, starts the service as its users do (`manage.py serve`) and
the two yardsticks beside it, and leaves nothing behind. It needs Linux and wrk.

cases.py        the requests that are measured: one line adds another
seeding.py      the people, their tasks and sessions
services.py     the service and the yardsticks as processes
load.py         wrk, and what a request costs
processes.py    CPU time and memory, from /proc
agreement.py    the yardsticks do the same work: equal answers, equal rows
run.py          a run from the empty folder to the report
measuring.py    its parts
report.py       the tables
"""

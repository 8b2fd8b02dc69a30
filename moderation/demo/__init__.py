"""Made-up people with believable months of work, to look at and to measure.

`people` makes a person, `simulation` their days, `board` their tasks meanwhile,
`work_logs` their hours and `feedback` what they say. `seeding` adds all of it by the
verbs of the models. Only the command `seed_demo` imports it.
"""

"""The tables of a run, as Markdown."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from math import inf
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from django.db import connection

from benchmarks.load import middle, wrk_program
from benchmarks.services import DRF, FASTAPI, OURS, ROOT, YARDSTICK_PYTHON

if TYPE_CHECKING:
    from benchmarks.cases import Case
    from benchmarks.load import Point
    from benchmarks.measuring import Findings

PACKAGES = ["django", "djangorestframework", "granian", "psycopg"]
YARDSTICK_PACKAGES = ["fastapi", "uvicorn", "uvloop", "asyncpg", "orjson", "pyjwt"]

# Goals beside those of the cases.
MOST_P99_TO_P50 = 5
MOST_START_SECONDS = 3
MOST_IDLE_MB = 90
MOST_FLOODED_MB = 500
LEAST_RATE_IN_FLOOD = 0.5
MOST_MS = 15
MOST_TABLE_GROWTH = 1.5
# From this part of the machine on, other programs make a figure doubtful.
DISTURBED = 0.1


def report(findings: Findings, cases: list[Case]) -> str:
    parts = [
        heading(findings),
        requests_part(findings, cases),
        rounds_part(findings),
        process_part(findings),
        flood_part(findings),
        growth_part("history of one person", findings.histories, most_ms=MOST_MS),
        growth_part("table", findings.tables, most_growth=MOST_TABLE_GROWTH),
        versions_part(findings),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def heading(findings: Findings) -> str:
    effort = findings.effort
    now = datetime.now(UTC)
    lines = [
        "# Benchmark",
        "",
        f"{now:%Y-%m-%d %H:%M} UTC, {revision()}; {machine()}.",
        f"{effort.people} people with {effort.sessions} sessions and 100 tasks each; "
        f"{effort.workers} workers, {effort.connections} connections, medians of "
        f"{effort.rounds} x {effort.seconds} s. wrk, the service and PostgreSQL "
        "share the machine. A figure in bold misses its goal.",
    ]
    worst = max((point.disturbance for point in all_points(findings)), default=0)
    if worst > DISTURBED:
        lines += [
            "",
            f"**Disturbed**: other programs took up to {worst:.0%} of the machine "
            "during a measurement. Then only the CPU times can be compared.",
        ]
    return "\n".join(lines)


def requests_part(findings: Findings, cases: list[Case]) -> str:
    rows = []
    for case in cases:
        if case.name not in findings.points:
            continue
        found = {
            name: middle(points) for name, points in findings.points[case.name].items()
        }
        ours, goals = found[OURS], case.goals
        rows.append(
            [
                case.name,
                f"{ours.rate:.0f}",
                f"{ours.p50:.2f}",
                f"{ours.p99:.2f}",
                at_most(ours.p99 / ours.p50, MOST_P99_TO_P50, "{:.1f}"),
                f"{ours.cpu_ms:.2f}",
                ratio(ours, found.get(FASTAPI), goals and goals.fastapi),
                ratio(ours, found.get(DRF), goals and goals.drf),
                saving(ours, found.get(FASTAPI)),
                saving(ours, found.get(DRF)),
            ]
        )
    head = (
        "request|requests/s|p50 ms|p99 ms|p99 / p50|CPU ms|x FastAPI|x DRF"
        "|CPU: FastAPI / ours|DRF / ours"
    )
    return table("Requests", head, rows)


def rounds_part(findings: Findings) -> str:
    rows = []
    for case, services in findings.points.items():
        for name, points in services.items():
            point = middle(points)
            rows.append(
                [
                    case,
                    name,
                    numbers([p.rate for p in points]),
                    f"{point.p50:.2f}",
                    f"{point.p99:.2f}",
                    f"{point.cpu_ms:.2f}",
                    f"{point.database_ms:.2f}",
                ]
            )
    head = "request|service|requests/s, by round|p50 ms|p99 ms|CPU ms|of it PostgreSQL"
    return table("Beside the yardsticks", head, rows)


def process_part(findings: Findings) -> str:
    if findings.idle_memory is None:
        return ""
    start = at_most(median(findings.start_seconds), MOST_START_SECONDS, "{:.2f}")
    idle, loaded = findings.idle_memory, findings.loaded_memory
    workers = [at_most(share, MOST_IDLE_MB, "{:.0f}") for share in idle.workers]
    return table(
        "Start and memory",
        "what|figure",
        [
            ["from `serve` to the first answer, database on disk, s", start],
            ["each worker after the first requests, MB", " ".join(workers)],
            ["each worker after the load, MB", numbers(loaded.workers)],
            ["all processes after the first requests, MB", f"{idle.whole:.0f}"],
            ["all processes after the load, MB", f"{loaded.whole:.0f}"],
        ],
    )


def flood_part(findings: Findings) -> str:
    alone, flooded = findings.me_alone, findings.me_in_flood
    if alone is None or flooded is None:
        return ""
    kept = at_least(flooded.rate / alone.rate, LEAST_RATE_IN_FLOOD)
    peaks = [at_most(peak, MOST_FLOODED_MB, "{:.0f}") for peak in findings.flood_peaks]
    return table(
        "Login flood",
        "what|figure",
        [
            ["`me` alone, requests/s", f"{alone.rate:.0f}"],
            ["`me` during the flood, requests/s", f"{flooded.rate:.0f}"],
            ["`me` during the flood, part of its rate alone", kept],
            ["`me` during the flood, p99 ms", f"{flooded.p99:.1f}"],
            ["logins/s meanwhile", f"{findings.flood_rate:.0f}"],
            ["peak memory per worker, MB", " ".join(peaks)],
        ],
    )


def growth_part(
    what: str,
    grown: dict[int, dict[str, Point]],
    *,
    most_ms: float = inf,
    most_growth: float = inf,
) -> str:
    """Show the latency of single requests for each number of sessions."""
    rows = []
    first: dict[str, Point] = {}
    for count, found in grown.items():
        for case, point in found.items():
            base = first.setdefault(case, point)
            rows.append(
                [
                    case,
                    f"{count:,}",
                    at_most(point.p50, most_ms, "{:.2f}"),
                    f"{point.p99:.2f}",
                    at_most(point.p50 / base.p50, most_growth, "{:.2f}"),
                ]
            )
    rows.sort(key=lambda row: row[0])
    head = "request, one at a time|sessions|p50 ms|p99 ms|x first"
    return table(f"Growth of the {what}", head, rows)


def versions_part(findings: Findings) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0].split()[0]
    wrk = subprocess.run([wrk_program(), "-v"], capture_output=True, text=True).stdout
    ours = [f"{name} {version(name)}" for name in PACKAGES]
    text = (
        f"## Versions\n\nPython {platform.python_version()}, PostgreSQL {postgresql}, "
        f"{' '.join(wrk.split()[:2])}; {', '.join(ours)}."
    )
    if any(FASTAPI in services for services in findings.points.values()):
        theirs = [f"{name} {there}" for name, there in yardstick_versions().items()]
        text += f" FastAPI yardstick: {', '.join(theirs)}."
    return text


def yardstick_versions() -> dict[str, str]:
    code = (
        "import json, sys; from importlib.metadata import version; "
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    command = [YARDSTICK_PYTHON, "-c", code, *YARDSTICK_PACKAGES]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def revision() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return f"commit {done.stdout.strip()}" if done.returncode == 0 else "no commit"


def machine() -> str:
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = model[1] if model else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GB"


def all_points(findings: Findings) -> list[Point]:
    by_service = [s for services in findings.points.values() for s in services.values()]
    return [point for points in by_service for point in points]


def numbers(figures: list[float]) -> str:
    return " ".join(f"{figure:.0f}" for figure in figures)


def ratio(ours: Point, theirs: Point | None, goal: float | None) -> str:
    if theirs is None:
        return ""
    figure = ours.rate / theirs.rate
    return at_least(figure, goal) if goal else f"{figure:.2f}"


def saving(ours: Point, theirs: Point | None) -> str:
    """Compare the CPU time, which other programs on the machine change least."""
    return "" if theirs is None else f"{theirs.cpu_ms / ours.cpu_ms:.2f}"


def at_least(figure: float, goal: float) -> str:
    text = f"{figure:.2f}" if figure >= goal else f"**{figure:.2f}**"
    return f"{text} (≥ {goal:g})"


def at_most(figure: float, goal: float, style: str) -> str:
    text = style.format(figure)
    return text if figure <= goal else f"**{text}** (≤ {goal:g})"


def table(title: str, head: str, rows: list[list[str]]) -> str:
    """Write a table under its title, in columns also for who reads the text."""
    if not rows:
        return ""
    cells = [head.split("|"), *rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        "| "
        + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        + " |"
        for row in [cells[0], rule, *rows]
    ]
    return "\n".join([f"## {title}", "", *lines])

"""CPU time and memory of processes, as Linux tells them in /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")

# Fields of /proc/<pid>/stat that follow the name in brackets.
PARENT, USER_TICKS, SYSTEM_TICKS = 1, 11, 12


def stat_of(pid: int) -> list[str]:
    """Return the fields of a process from its state on; none if it has ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def parent_of(pid: int) -> int:
    return int(stat_of(pid)[PARENT])


def tree(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := stat_of(int(entry.name))):
            children.setdefault(int(fields[PARENT]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """Return the CPU time that each process has used since it began."""
    used = {}
    for pid in pids:
        if fields := stat_of(pid):
            ticks = int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])
            used[pid] = ticks / TICKS_PER_SECOND
    return used


def machine_busy_seconds() -> float:
    """Return the CPU time that all processes of the machine have used."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = (
        (PROC / "stat").read_text().splitlines()[0].split()[1:]
    )
    return sum(map(int, (user, nice, system, irq, softirq))) / TICKS_PER_SECOND


@dataclass(frozen=True)
class Memory:
    """Of one process, in MB: its share of the memory in use, and its peak."""

    share: float
    peak: float


def memory_of(pid: int) -> Memory:
    share = _kilobytes(pid, "smaps_rollup", "Pss:")
    peak = _kilobytes(pid, "status", "VmHWM:")
    return Memory(share / 1024, peak / 1024)


def reset_peak(pid: int) -> None:
    (PROC / str(pid) / "clear_refs").write_text("5")


def _kilobytes(pid: int, file: str, name: str) -> int:
    for line in (PROC / str(pid) / file).read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(f"{name} is not in {file}")

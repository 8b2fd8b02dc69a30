"""Run the benchmark; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
FULL = {"people": 200, "sessions": 5_000, "seconds": 4, "warm_up": 1, "rounds": 3}
QUICK = {"people": 20, "sessions": 1_000, "seconds": 1, "warm_up": 0, "rounds": 1}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="less of everything; writes no file"
    )
    parser.add_argument(
        "--large",
        type=float,
        nargs="?",
        const=10,
        default=0,
        metavar="MILLIONS",
        help="also with a table of so many sessions, or 10 million: takes minutes",
    )
    parser.add_argument(
        "--only", nargs="+", metavar="WORD", help="requests whose name has such a word"
    )
    parser.add_argument(
        "--alone", action="store_true", help="the service without the yardsticks"
    )
    parser.add_argument("--people", type=int)
    parser.add_argument("--sessions", type=int, help="of each person")
    parser.add_argument("--seconds", type=int, help="of each measurement")
    parser.add_argument("--warm-up", type=int, help="seconds before each measurement")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument(
        "--output", type=Path, help=f"file for the report (full run: {RESULTS.name})"
    )
    chosen = parser.parse_args()
    for name, value in (QUICK if chosen.quick else FULL).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    is_whole = not (chosen.quick or chosen.only or chosen.alone)
    if is_whole and chosen.output is None:
        chosen.output = RESULTS
    return chosen


def main() -> None:
    chosen = options()
    # A plain `kill` ends the run as Ctrl-C does: what it started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="focusmaster-bench-") as folder:
        use_state(Path(folder))
        # Needs the settings just made.
        from benchmarks.run import Run
        from benchmarks.services import Failure

        try:
            with ExitStack() as stack:
                text = Run(chosen, Path(folder), stack).text()
        except Failure as exc:
            sys.exit(str(exc))
        except KeyboardInterrupt:
            sys.exit("Stopped.")
    sys.stdout.write(text)
    if chosen.output:
        chosen.output.write_text(text)


def use_state(folder: Path) -> None:
    """Set Django up as `serve` would be on a machine with nothing configured."""
    import django

    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "focusmaster.settings"
    os.environ["STATE_DIR"] = str(folder / "state")
    django.setup()


if __name__ == "__main__":
    main()

"""`python -m bench [NAME …]`: one table of what was measured and what is allowed."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.cases import CASES
from bench.measure import Result

_PLACE = Path(__file__).resolve().parent.parent / ".cache/bench"


def main() -> int:
    """Runs the cases that are named, or all; 1 when one of them is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*CASES, []], metavar="NAME", help=", ".join(CASES))
    names = parser.parse_args().names or list(CASES)
    results: list[Result] = []
    for name in names:
        print(f"measuring {name} …", file=sys.stderr)
        results += CASES[name](_PLACE)
    Console().print(_table(results))
    return 0 if all(result.is_ok for result in results) else 1


def _table(results: list[Result]) -> Table:
    table = Table("what", "measured", "limit", "", "in seconds of this machine")
    for result in results:
        table.add_row(
            result.name,
            f"{result.measured:.2f}{result.unit}",
            f"{'≥' if result.at_least else '≤'} {result.limit:g}{result.unit}",
            "ok" if result.is_ok else "[bold]over[/bold]",
            result.detail,
        )
    return table


if __name__ == "__main__":
    sys.exit(main())

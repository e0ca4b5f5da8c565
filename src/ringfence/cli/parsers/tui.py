"""Options of `tui`."""

import argparse
from typing import TypeAlias

from ringfence.cli.moments import parse_moment

__all__ = ["add_tui"]

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_tui(commands: _Commands) -> None:
    """The command."""
    tui = commands.add_parser(
        "tui",
        help="watch sessions and answer questions, in the terminal",
        description="Shows what waits for an answer, what happens, and which sessions run.",
        epilog="keys: ? shows them. exit status: 0 done, 2 usage, 3 the ledger cannot be read",
    )
    tui.add_argument(
        "--since",
        type=parse_moment(),
        metavar="TIME",
        help="events from then on: 30m, 8h, 2d, or an ISO date or time (default: 1h)",
    )

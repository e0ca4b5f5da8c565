"""Options of `ringfence ledger show` and `ringfence ledger export`."""

import argparse
from pathlib import Path
from typing import TypeAlias

from ringfence.cli.moments import parse_moment

__all__ = ["EXPORTS", "add_reading"]

# The words of `app.ledger.export.Export`; a test holds them together.
EXPORTS = ("ocsf", "jsonl", "cef")

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_TIMES = "2h, 7d, 2026-01-31 or 2026-01-31T12:00+01:00 (UTC where no zone is named)"


def add_reading(tasks: _Commands) -> None:
    """The two tasks."""
    show = tasks.add_parser(
        "show",
        help="what was decided, done and seen, an event a line",
        description="Shows the record. With --since it ends with what appeared, changed and vanished.",
        epilog="example: ringfence ledger show --since 1d --type decision.made --agent claude*; "
        "ringfence ledger show endpoint:17. exit status: 0 done, 2 usage, 3 the record cannot be read, "
        "or not to its end",
    )
    show.add_argument(
        "event", nargs="?", metavar="STREAM:SEQ", help="all about one event, as the second column names it"
    )
    _add_choice(show)
    show.add_argument("--agent", metavar="GLOB", help="only what this agent did or asked for")
    show.add_argument("--grep", metavar="TEXT", help="only events that have this text, in any case")
    show.add_argument("--limit", type=_limit, metavar="N", help="the newest N of them (default: all)")
    show.add_argument("--follow", action="store_true", help="go on with what is recorded from now on")
    show.add_argument("--verbose", action="store_true", help="all fields of each event")
    show.add_argument(
        "--format",
        choices=("table", "json", "jsonl"),
        default="table",
        help="default: table; json is JSON Lines when following",
    )
    show.add_argument(
        "--json", dest="format", action="store_const", const="json", help="the same as --format json"
    )
    export = tasks.add_parser(
        "export",
        help="the record for other tools: OCSF, CEF, or all of it",
        description="Writes events, one to a line: for a SIEM (ocsf, cef), or with all that it takes to "
        "check them elsewhere (jsonl). What has no place in a format is left out, and counted.",
        epilog="example: ringfence ledger export --format ocsf --since 1d -o events.jsonl. "
        "docs/ledger.md says what becomes what. exit status: 0 done, 2 usage, 3 the record cannot be read, "
        "or not to its end",
    )
    export.add_argument("--format", choices=EXPORTS, required=True, metavar="FORMAT", help=", ".join(EXPORTS))
    _add_choice(export)
    export.add_argument(
        "-o", "--output", type=Path, default=Path("-"), metavar="FILE", help="default: -, standard output"
    )


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=parse_moment(), metavar="TIME", help=f"recorded since then: {_TIMES}")
    parser.add_argument("--until", type=parse_moment(), metavar="TIME", help="recorded before then")
    parser.add_argument(
        "--type",
        action="append",
        default=[],
        metavar="NOUN.VERB",
        help="only events of this type, or of a glob such as grant.* (may be repeated)",
    )
    parser.add_argument(
        "--stream", metavar="NAME", help="only this stream: its name, its beginning, or a glob"
    )


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 8 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of events; try 100")
    return int(text)

"""Options of `asks`, `approve`, `deny` and `grants`."""

import argparse
from typing import TypeAlias

from ringfence.cli.moments import parse_moment
from ringfence.cli.options import add_format
from ringfence.core.patterns import pattern

__all__ = ["add_approvals"]

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_EXIT_CODES = "exit status: 0 done, 1 the policy or another operator says no, 2 usage, 3 the ledger is closed"
_TIME = pattern(r"([1-9][0-9]{0,5})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_approvals(commands: _Commands) -> None:
    """The four commands."""
    asks = commands.add_parser(
        "asks",
        help="what waits for an operator's yes",
        description="Lists what the policy asks an operator about, each action whole.",
        epilog="example: ringfence asks; ringfence approve 7f",
    )
    asks.add_argument("--all", action="store_true", help="those that were answered, too")
    asks.add_argument(
        "--stats", action="store_true", help="what they cost operators, for the time agents ran"
    )
    asks.add_argument(
        "--since", type=parse_moment(), metavar="TIME", help="with --stats: 8h, 7d, or an ISO date or time"
    )
    add_format(asks)
    approve = commands.add_parser(
        "approve",
        help="let a held action through",
        description="Answers a question with yes. What asked can try again; what still waits goes on.",
        epilog=f"example: ringfence approve 7f --uses 3 --for 8h. {_EXIT_CODES}",
    )
    approve.add_argument("id", metavar="ASK", help="the beginning of its id, as ringfence asks shows it")
    approve.add_argument("--uses", type=_uses, default=1, metavar="N", help="how often (default: 1)")
    approve.add_argument(
        "--for",
        dest="lasts",
        type=_time,
        default=3600,
        metavar="TIME",
        help="how long: 30m, 8h, 2d (default: 1h)",
    )
    approve.add_argument("--note", metavar="TEXT", help="your reason, for the record")
    approve.add_argument(
        "--overrule", metavar="OPERATOR", help="say yes although this one has said no; ask them first"
    )
    approve.add_argument(
        "--break-glass",
        action="store_true",
        help="in an emergency, if the policy names you: past its other rules for operators; needs --note",
    )
    add_format(approve)
    deny = commands.add_parser(
        "deny",
        help="refuse a held action",
        description="Answers a question with no, which holds for a day.",
        epilog=f"example: ringfence deny 7f --note 'not this key'. {_EXIT_CODES}",
    )
    deny.add_argument("id", metavar="ASK", help="the beginning of its id, as ringfence asks shows it")
    deny.add_argument("--note", metavar="TEXT", help="your reason, for the record")
    add_format(deny)
    grants = commands.add_parser(
        "grants",
        help="what operators have allowed, and taking it back",
        description="Lists the approvals that hold.",
        epilog=f"example: ringfence grants; ringfence grants revoke 7f. {_EXIT_CODES}",
    )
    grants.add_argument("--all", action="store_true", help="those that hold no more, too")
    add_format(grants)
    revoke = grants.add_subparsers(dest="grants_command", metavar="revoke").add_parser(
        "revoke", help="take one back", description="It lets nothing through any more."
    )
    revoke.add_argument("id", metavar="GRANT")
    revoke.add_argument("--note", metavar="TEXT", help="your reason, for the record")


def _uses(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 7 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of uses; try 3")
    return int(text)


def _time(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; try 30m, 8h or 2d")
    return int(found[1]) * _SECONDS[found[2]]

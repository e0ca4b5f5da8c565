"""`ringfence ledger hold set|lift|list`: legal holds, which stop pruning."""

import argparse
from datetime import UTC, datetime

from ringfence.app.documents import document
from ringfence.app.ledger.hold import lift_hold, list_holds, put_hold
from ringfence.cli.exact import exact, moment, name
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.text import clip, printable
from ringfence.gate.confined import refuse_confined
from ringfence.gate.holds import Hold
from ringfence.wiring.gate import open_door, operator

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Sets one, lifts one, or lists them."""
    until = _day(options.until) if options.hold_task == "set" and options.until else None
    door = open_door(tell=warn)
    match options.hold_task:
        case "set":
            result = put_hold(
                door,
                streams=options.streams,
                types=options.types,
                why=options.why,
                until=until,
                operator=operator().name,
                check_free=refuse_confined,
            )
        case "lift":
            result = lift_hold(
                door, options.id, why=options.why, operator=operator().name, check_free=refuse_confined
            )
        case _:
            result = list_holds(door, all_=options.all)
    now = door.now()
    door.ledger.close()
    if options.format == "json":
        write(document("ringfence.ledger-holds/1", result) + "\n")
    elif result.holds:
        write("".join(f"{_line(each, now)}\n" for each in result.holds))
    else:
        write("nothing is held\n")
    return ExitCode.DONE


def _line(hold: Hold, now: datetime) -> str:
    state = f"lifted by {name(hold.lifted_by)}" if hold.lifted_by else "holds" if hold.holds(now) else "over"
    until = f" until {moment(hold.until)}" if hold.until else ""
    who = f"by {name(hold.operator)}" if hold.operator else name(hold.at)
    what = f"streams {exact(hold.streams)}, types {exact(hold.types)}"
    return f"{hold.id or 'policy'}  {state}{until}, {who}: {what}; {exact(hold.why)}"


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(
            f"{clip(printable(text), chars=40)} is no day",
            hint="such as 2027-01-31; it ends at 00:00 UTC",
        ) from None

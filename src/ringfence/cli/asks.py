"""`ringfence asks`: what waits for an operator, each action whole."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime

from ringfence.app.approving import Asks, AskStats, ask_stats, asks
from ringfence.app.documents import document
from ringfence.cli.exact import ask_lines, name
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode, UsageError
from ringfence.wiring.gate import open_door, was_never_used
from ringfence.wiring.ledger import named_ledger, now

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints the questions, or what they cost."""
    if options.stats:
        return _stats(options)
    if options.since is not None:
        raise UsageError("--since is for --stats", hint="all that wait for an answer are listed anyway")
    if was_never_used():  # and a question makes no folder
        found = Asks(started_at=datetime.now(UTC), complete=True, asks=())
    else:
        door = open_door(tell=warn)
        found = asks(door.approvals, now=door.now(), settled=options.all)
        door.ledger.close()
    if options.format == "json":
        write(document("ringfence.asks/1", found) + "\n")
    elif found.asks:
        for number, ask in enumerate(found.asks):
            write(("\n" if number else "") + "\n".join(ask_lines(ask)) + "\n")
    else:
        write("nothing waits for an answer\n")
    return ExitCode.DONE


def _stats(options: argparse.Namespace) -> int:
    found = ask_stats(named_ledger(), since=options.since, now=now())
    if options.format == "json":
        write(document("ringfence.ask-stats/1", found) + "\n")
    else:
        write("".join(f"{line}\n" for line in _stats_lines(found)))
    return ExitCode.DONE


def _stats_lines(found: AskStats) -> Iterator[str]:
    per_hour = found.attended_s_per_agent_hour
    cost = "no agent ran" if per_hour is None else f"at most {_minutes(per_hour)} for an hour of an agent's"
    yield f"operators  {cost}"
    yield f"agents     {found.agents_s / 3600:.1f} hours in boxes, {found.sessions} sessions"
    yield f"questions  {found.asked} asked, {found.approved} approved, {found.denied} denied"
    if found.waited_median_s is not None:
        yield f"waited     {found.waited_median_s} s in the median, {found.waited_longest_s} s at the longest"
    for each in found.operators:
        many = "1 answer" if each.answers == 1 else f"{each.answers} answers"
        yield f"  {name(each.operator)}  {many}, at most {_minutes(each.attended_s)}"


def _minutes(seconds: int) -> str:
    return f"{seconds / 60:.1f} minutes"

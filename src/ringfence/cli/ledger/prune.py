"""`ringfence ledger prune`: forgets what the policy says need not be kept."""

import argparse

from ringfence.app.documents import document
from ringfence.app.ledger.prune import PrunedType, prune
from ringfence.cli.exact import name
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode
from ringfence.wiring.gate import open_door

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Says what was forgotten, or would be."""
    door = open_door(tell=warn)
    result = prune(door, dry_run=options.dry_run)
    door.ledger.close()
    if options.format == "json":
        write(document("ringfence.ledger-prune/1", result) + "\n")
    elif result.types:
        write("".join(f"{_line(each, dry_run=result.dry_run)}\n" for each in result.types))
    else:
        write("nothing is older than the policy keeps it\n")
    return ExitCode.DONE if result.complete else ExitCode.FAILED_AS_ASKED


def _line(each: PrunedType, *, dry_run: bool) -> str:
    if each.refused is not None:
        return f"{each.type}: {name(each.refused)}"
    word = "would be forgotten" if dry_run else "forgotten"
    held = f", {each.held} held" if each.held else ""
    needed = f", {each.needed} still needed" if each.needed else ""
    return f"{each.type}: {each.events} {word}{held}{needed}; kept for {each.days} days, {name(each.at)}"

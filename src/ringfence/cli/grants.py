"""`ringfence grants` and `ringfence grants revoke GRANT`."""

import argparse
from datetime import UTC, datetime

from ringfence.app.approving import Grants, ShownGrant, grants, revoke
from ringfence.app.documents import document
from ringfence.cli.exact import fact_lines, hidden_lines, moment, name
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode
from ringfence.wiring.gate import approving, open_door, was_never_used

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Lists, or takes one back."""
    if options.grants_command == "revoke":
        who = approving(tell=warn)
        taken = revoke(options.id, options.note, who)
        found = Grants(started_at=who.door.now(), complete=True, grants=(taken,))
        who.door.ledger.close()
    elif was_never_used():  # and a question makes no folder
        found = Grants(started_at=datetime.now(UTC), complete=True, grants=())
    else:
        door = open_door(tell=warn)
        found = grants(door.approvals, now=door.now(), all_=options.all)
        door.ledger.close()
    if options.format == "json":
        write(document("ringfence.grants/1", found) + "\n")
    elif found.grants:
        for number, grant in enumerate(found.grants):
            write(("\n" if number else "") + _text(grant))
    else:
        write("no grant holds\n")
    return ExitCode.DONE


def _text(grant: ShownGrant) -> str:
    uses = f"{grant.used} of {grant.uses} uses" if grant.uses is not None else f"{grant.used} uses"
    until = f", until {moment(grant.expires_at)}" if grant.expires_at else ""
    by = f" by {name(grant.revoked_by)}" if grant.revoked_by else ""
    what = f"{grant.short}  {name(grant.action_type)}  {grant.state}{by}"
    head = f"{what}, {uses}{until}, given by {name(grant.operator)}"
    note = [f"  note  {name(grant.note)}"] if grant.note else []
    return "\n".join([head, *fact_lines(grant.facts), *hidden_lines(grant.hidden), *note]) + "\n"

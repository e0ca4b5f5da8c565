"""`ringfence approve ASK`: lets a held action through."""

import argparse

from ringfence.app.approving import Answer, Grants, approve, ended_session
from ringfence.app.documents import document
from ringfence.cli.exact import ask_lines, moment
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode
from ringfence.core.ids import session_name
from ringfence.wiring.gate import approving, has_terminal

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Says yes, and what was said yes to."""
    who = approving(tell=warn)
    _warn()
    answer = Answer(
        uses=options.uses,
        lasts_s=options.lasts,
        note=options.note,
        in_emergency=options.break_glass,
        overrules=options.overrule,
    )
    grant, ask = approve(options.id, answer, who)
    if options.format == "json":
        now = who.door.now()
        write(document("ringfence.grants/1", Grants(started_at=now, complete=True, grants=(grant,))) + "\n")
    else:
        often = "once" if grant.uses == 1 else f"{grant.uses} times"
        until = f", until {moment(grant.expires_at)}" if grant.expires_at else ""
        write("\n".join(ask_lines(ask)) + f"\napproved: {often}{until}; grant {grant.short}\n")
    session = ended_session(ask, who.door.ledger)
    if session is not None:
        name = session_name(session)
        warn(f"its session has ended: the yes is for whoever goes on: ringfence run --resume {name}")
    who.door.ledger.close()
    return ExitCode.DONE


def _warn() -> None:
    if not has_terminal():
        warn("no terminal: is it a person who approves?")

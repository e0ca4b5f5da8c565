"""`ringfence kill SESSION` and `ringfence kill --all`."""

import argparse

from ringfence.app.documents import document
from ringfence.app.running.kill import Killed, Kills, kill
from ringfence.cli.console import one_line
from ringfence.cli.streams import warn, write
from ringfence.core.errors import ExitCode, UsageError
from ringfence.wiring.gate import open_door, operator
from ringfence.wiring.running import sessions

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Ends boxes, and says how long it took."""
    if (options.session is None) is not options.all:
        raise UsageError("which session?", hint="name one, or --all; see them: ringfence run --report")
    ours = sessions()
    wanted = tuple(ours.all()) if options.all else (ours.find(options.session),)
    door = open_door(tell=warn)
    started_at = door.now()
    killed = tuple(kill(wanted, sessions=ours, door=door, operator=operator().name))
    door.ledger.close()
    if options.format == "json":
        found = Kills(started_at=started_at, complete=True, sessions=killed)
        write(document("ringfence.kills/1", found) + "\n")
        return ExitCode.DONE
    for each in killed:
        write(f"{_line(each)}\n")
    if not killed:
        write("no box is running\n" if options.all else "its box is not running\n")
    return ExitCode.DONE


def _line(killed: Killed) -> str:
    agent = f" ({one_line(killed.agent)})" if killed.agent else ""
    box = "its box was gone already"
    if killed.kill_us is not None:
        box = f"nothing of it was left after {killed.kill_us / 1000:.1f} ms"
    many = "1 grant" if killed.grants == 1 else f"{killed.grants} grants"
    return f"killed {killed.name}{agent}: {box}" + (f"; {many} taken back" if killed.grants else "")

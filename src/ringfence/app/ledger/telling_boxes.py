"""Boxes in words: that they stand, what they refused, which programs started in them, how they ended."""

from typing import assert_never

from ringfence.app.ledger.words import Told
from ringfence.core.ids import session_name
from ringfence.ledger.events.ports_published import PortsPublished
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold, UntoldWhy
from ringfence.ledger.events.sandbox_ended import EndedBy, SandboxEnded
from ringfence.ledger.events.sandbox_forgotten import SandboxForgotten
from ringfence.ledger.events.sandbox_refused import SandboxRefused
from ringfence.ledger.events.sandbox_started import SandboxStarted

__all__ = ["UNTOLD_BECAUSE", "box_told"]

UNTOLD_BECAUSE = {
    UntoldWhy.POLICY: "a profile says that they are not recorded",
    UntoldWhy.KERNEL: "this kernel cannot tell of them: Linux 5.19 can",
    UntoldWhy.NESTED: "another box around it hears of all",
}
"""Why programs that start in a box are not told."""


def box_told(
    event: SandboxStarted
    | SandboxRefused
    | SandboxEnded
    | SandboxForgotten
    | ProcessStarted
    | ProcessUntold
    | PortsPublished,
) -> Told:
    """What a box's event says. Names, paths and arguments are anybody's."""
    match event:
        case PortsPublished():
            return _published(event)
        case ProcessStarted() | ProcessUntold():
            return _process(event)
        case SandboxStarted(session=session, agent=agent, lacking=lacking):
            without = f" without {', '.join(lacking)}" if lacking else ""
            return Told(what=f"box {session_name(session)} started{without}", subject=agent)
        case SandboxRefused(session=session, kind=kind, what=what, by=by, times=times):
            often = f", {times} times" if times > 1 else ""
            who = f" by {by.text}" if by else ""
            return Told(
                what=f"box {session_name(session)} refused a {kind}{often}", subject=f"{what.text}{who}"
            )
        case SandboxEnded(session=session, by=by, exit_status=status, operator=operator):
            how = {
                EndedBy.ITSELF: f"ended with {status}",
                EndedBy.OPERATOR: f"killed by {operator}",
                EndedBy.LIMIT: "ended when its time was over",
                EndedBy.LOST: "lost with whoever watched it",
            }
            return Told(what=f"box {session_name(session)} {how[by]}")
        case SandboxForgotten(session=session, operator=operator):
            return Told(what=f"session {session_name(session)} forgotten by {operator}")
        case _:
            assert_never(event)


def _process(event: ProcessStarted | ProcessUntold) -> Told:
    """Its subject: how often, the program, its arguments, who started it."""
    name = session_name(event.session)
    if isinstance(event, ProcessUntold):
        return Told(what=f"programs that start in box {name} are not told", subject=UNTOLD_BECAUSE[event.why])
    what = f"program started in box {name}"
    often = f"{event.times}x " if event.times > 1 else ""
    if event.program is None:
        return Told(what=what, subject=f"{often}others")
    line = " ".join([event.program.text, *(each.text for each in event.arguments or ())])
    more = " …" if event.more_arguments else ""
    by = f" by {event.by.text}" if event.by else ""
    return Told(what=what, subject=f"{often}{line}{more}{by}")


def _published(event: PortsPublished) -> Told:
    pairs = ", ".join(f"{host} to {port}" for host, port in zip(event.host_ports, event.ports, strict=False))
    return Told(what=f"ports of the machine lead into {session_name(event.session)}: {pairs}", subject=pairs)

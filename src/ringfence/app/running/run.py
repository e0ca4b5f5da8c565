"""Runs a command in a box: planned, decided, proved, recorded, watched, and tidied up behind.

The box is made while its command is decided, and has none before that; and while what decides, records and
watches is imported.
"""

from ringfence.app.running.house import House, Ran
from ringfence.app.running.prepare import Prepared
from ringfence.core.dataclass import replace
from ringfence.sandbox.box import Streams
from ringfence.sandbox.covers import Covers
from ringfence.sandbox.terminal.terminal import Size, Terminal, terminals

__all__ = ["run"]


def run(prepared: Prepared, house: House) -> Ran:
    """Runs the command and returns when nothing of its box is left.

    Raises:
        NotAllowed: the policy refuses it, or asks and nobody has answered.
        PortTaken: a port of the machine that is to lead into the box is not free.
        BoxRefused: a layer could not be had, or did not hold when it was tried.
        LedgerError: it could not be recorded, so it did not start.
    """
    try:
        return _run(prepared, house)
    except BaseException:
        from ringfence.app.running.in_box import put_in_order

        put_in_order(prepared.session, house)
        raise


def _run(prepared: Prepared, house: House) -> Ran:
    tools, given = house.tools, terminals()
    if tools is not None:
        given = (False, False, given[2])
    terminal = Terminal(given.index(True)) if any(given) else None
    streams = _streams(given, terminal)
    if tools is not None:
        streams = replace(streams, stdin=tools.given[0], stdout=tools.given[1])
    plan = prepared.plan
    with Covers(plan.mounts) as covers, house.launcher.begin(plan, streams) as begun:
        from ringfence.app.running.in_box import run_in_box

        return run_in_box(begun, prepared, house, covers=covers, terminal=terminal, keys=given[0])


def _streams(given: tuple[bool, bool, bool], terminal: Terminal | None) -> Streams:
    size = terminal.size() if terminal else Size(rows=24, columns=80)
    stdin, stdout, stderr = (None if is_terminal else fd for fd, is_terminal in enumerate(given))
    return Streams(stdin=stdin, stdout=stdout, stderr=stderr, rows=size.rows, columns=size.columns)

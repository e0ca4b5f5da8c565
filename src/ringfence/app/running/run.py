"""Runs a command in a box: planned, decided, proved, recorded, watched, and tidied up behind.

The box is made while its command is decided, and has none before that. Nothing starts before the ledger
holds the decision and the proof; nothing that a box left in the working tree stays before it was looked at.
What is killed half-way is tidied up by the next run.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from ringfence.app.running.publishing import published, tell_published
from ringfence.app.running.record import Refusal, SessionRecord
from ringfence.app.running.tidying import Places, tidy
from ringfence.app.running.way_out import WayOut
from ringfence.core.actions import CommandRun
from ringfence.core.dataclass import dataclass, replace
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.receipts import Receipt
from ringfence.core.text import printable
from ringfence.gate.door import Door
from ringfence.gate.refused import Refused
from ringfence.ledger.events.sandbox_ended import EndedBy
from ringfence.ledger.events.sandbox_refused import RefusedKind
from ringfence.policy.known_agents import WITH_MODELS
from ringfence.sandbox.box import Box, Streams
from ringfence.sandbox.covers import Covering, Covers
from ringfence.sandbox.failures import BoxRefused, refusal
from ringfence.sandbox.launcher import Begun, Launcher
from ringfence.sandbox.messages import Failed, Ready
from ringfence.sandbox.plan import Command, Plan
from ringfence.sandbox.plan_json import command_to_json, to_json
from ringfence.sandbox.processes import start_of
from ringfence.sandbox.sessions import Running, Session
from ringfence.sandbox.terminal.terminal import Size, Terminal, terminals

if TYPE_CHECKING:  # few commands are tool servers, and what watches a box is imported while it is made
    from ringfence.app.running.tool_relay import ToolRelay
    from ringfence.sandbox.supervising import Outcome, Supervisor

__all__ = ["House", "NotAllowed", "Prepared", "Ran", "run"]

_NAMED = 3  # files that are named before the command starts; a report names all


class NotAllowed(RingfenceError):
    """The policy does not let the command start."""

    code = ExitCode.NOT_EXECUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A session, what its box will be, and what is to run in it."""

    session: Session
    plan: Plan
    command: Command
    masked: tuple[str, ...]  # files with secrets, which the box shows empty
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a run works with."""

    door: Door  # of the session's stream
    launcher: Launcher
    places: Places
    way_out: WayOut
    machine: str  # as os.uname() says
    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    tell: Callable[[str], None]  # what somebody should know
    say: Callable[[str], None]  # what is so
    tools: "ToolRelay | None" = None  # what reads its standard streams, where it is a tool server


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How it ended."""

    outcome: "Outcome"
    killed_by: str | None
    changes: tuple[str, ...]  # in words: what was taken out of the working tree


def run(prepared: Prepared, house: House) -> Ran:
    """Runs the command and returns when nothing of its box is left.

    Raises:
        NotAllowed: the policy refuses it, or asks and nobody has answered.
        PortTaken: a port of the machine that is to lead into the box is not free.
        BoxRefused: a layer could not be had, or did not hold when it was tried.
        LedgerError: it could not be recorded, so it did not start.
    """
    record = SessionRecord(ledger=house.door.ledger, session=prepared.session.id)
    try:
        return _run(prepared, house, record)
    except BaseException:
        tidy(prepared.session, house.places, record, now=house.now())
        raise


def _run(prepared: Prepared, house: House, record: SessionRecord) -> Ran:
    session, plan = prepared.session, prepared.plan
    tools, given = house.tools, terminals()
    if tools is not None:
        given = (False, False, given[2])
    terminal = Terminal(given.index(True)) if any(given) else None
    streams = _streams(given, terminal)
    if tools is not None:
        streams = replace(streams, stdin=tools.given[0], stdout=tools.given[1])
    with ExitStack() as stack:
        covers = stack.enter_context(Covers(plan.mounts))
        begun = stack.enter_context(house.launcher.begin(plan, streams))
        receipt = _decided(prepared, house.door)
        publishing = stack.enter_context(published(receipt, plan, record, house.door))
        from ringfence.app.running.starts import told_starts, untold
        from ringfence.sandbox.starts import Starts
        from ringfence.sandbox.supervising import Supervisor

        box = stack.enter_context(_made(begun, receipt, record, house))
        box.give(receipt, prepared.command, seals=house.door.seals)
        if covers.unheard is not None:
            why = os.strerror(covers.unheard).lower()
            house.tell(f"what is replaced outside is perhaps not covered again in this box: {why}")
        covering = Covering(covers, partial(house.launcher.cover, box))
        starts = Starts()
        supervisor = Supervisor(
            box,
            terminal=terminal,
            keys=given[0],
            machine=house.machine,
            monotonic=house.monotonic,
            covering=covering,
            publishing=publishing,
            starts=starts,
        )
        house.places.sessions.set_running(session, _running(box, house.now()))
        _start(supervisor, receipt, prepared, record, house)
        untold(plan, house.door.ledger, is_listening=supervisor.is_listening)
        tell_published(plan, record, house.say)
        _open_way_out(supervisor, receipt, record, house)
        working = nullcontext() if tools is None else tools.at_work(box)
        with working, told_starts(starts, house.door.ledger, session.id):
            outcome = supervisor.watch(wall_s=plan.limits.wall_s)
    house.way_out.close()  # before the tree is looked at, which may take its time
    _tell_bare(covering, record, house)
    return _end(outcome, supervisor, receipt, prepared, house)


def _made(begun: Begun, receipt: Receipt[CommandRun], record: SessionRecord, house: House) -> Box:
    try:
        return begun.box()
    except BoxRefused as error:
        _not_started(receipt, record, error, house)
        raise


def _tell_bare(covering: Covering, record: SessionRecord, house: House) -> None:
    for path, number in covering.bare.items():
        what = f"{path}: replaced outside, and open to the box from then on: {os.strerror(number).lower()}"
        record.refused({Refusal(kind=RefusedKind.LAYER, what=what): 1})
        house.tell(printable(what))


def _decided(prepared: Prepared, door: Door) -> Receipt[CommandRun]:
    action = CommandRun(
        agent=prepared.plan.agent,
        session=prepared.plan.session,
        program=prepared.command.program,
        arguments=prepared.command.arguments[1:],
        folder=prepared.plan.folder,
    )
    receipt = door.pass_(action)
    if isinstance(receipt, Refused):
        raise NotAllowed(receipt.what, hint=receipt.hint)
    return receipt


def _streams(given: tuple[bool, bool, bool], terminal: Terminal | None) -> Streams:
    size = terminal.size() if terminal else Size(rows=24, columns=80)
    stdin, stdout, stderr = (None if is_terminal else fd for fd, is_terminal in enumerate(given))
    return Streams(stdin=stdin, stdout=stdout, stderr=stderr, rows=size.rows, columns=size.columns)


def _running(box: Box, at: datetime) -> Running:
    return Running(pid=box.pid, started=start_of(box.pid) or 0, at=at.isoformat())


def _start(
    supervisor: "Supervisor",
    receipt: Receipt[CommandRun],
    prepared: Prepared,
    record: SessionRecord,
    house: House,
) -> None:
    """Waits until the box stands and the ledger says so."""
    plan_digest = _digest(prepared)  # while it comes to stand
    match supervisor.stand():
        case Failed() as failed:
            error = refusal(failed)
            _not_started(receipt, record, error, house)
            raise error
        case Ready() as ready:
            lacking = {str(layer): why for layer, why in ready.lacking if layer not in ready.layers}
            if lacking:
                house.tell(f"this box is without {', '.join(lacking)}: {'; '.join(lacking.values())}")
            _tell_unbounded(ready, prepared.plan, house)
            if prepared.masked:
                house.tell(f"shown empty, for secrets: {_named(prepared.masked, prepared.session.tree)}")
            record.started(
                receipt,
                plan_digest=plan_digest,
                layers=tuple(map(str, ready.layers)),
                lacking=lacking,
                proofs={each.tried: each.result for each in ready.proofs},
                masked=prepared.masked,
                resumed=prepared.resumed,
            )


def _tell_unbounded(ready: Ready, plan: Plan, house: House) -> None:
    """A limit on memory is somebody's wish: where nothing holds the box as a whole to it, that is said."""
    if plan.limits.memory_bytes is None:
        return
    from ringfence.sandbox.linux.cgroups import NO_MEMORY_GROUP

    why = next((why for _, why in ready.lacking if why.startswith(NO_MEMORY_GROUP)), None)
    if why:
        house.tell(f"memory is bounded for each process alone, not for all of them: {why}")


def _open_way_out(
    supervisor: "Supervisor", receipt: Receipt[CommandRun], record: SessionRecord, house: House
) -> None:
    try:
        given = house.way_out.join(supervisor.sockets)
    except RingfenceError as error:
        _not_started(receipt, record, error, house)
        raise
    if given is None:
        return
    ports = tuple(sorted({each.port for each in supervisor.sockets if each.port}))
    supervisor.close_sockets()
    record.opened(ports=ports, catches_all=supervisor.catches_all, credentials=given.credentials)
    house.say(
        f"{_count(len(given.credentials), 'credential')} outside · {_count(given.hosts, 'host')} · "
        "workspace writable"
    )
    for each in given.told:
        house.tell(each)
    if not given.credentials and receipt.action.agent in WITH_MODELS:
        house.say("it may have no login in its box: ringfence run --adopt takes yours into the vault")
    house.door.ledger.close()  # the broker records each request from now on, and does so best as its writer


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _named(paths: tuple[str, ...], tree: str) -> str:
    """The first of them, counted from the working tree's top, and how many more there are."""
    first = ", ".join(printable(each.removeprefix(f"{tree}/")) for each in paths[:_NAMED])
    more = len(paths) - _NAMED
    return f"{first} and {more} more" if more > 0 else first


def _not_started(
    receipt: Receipt[CommandRun], record: SessionRecord, error: RingfenceError, house: House
) -> None:
    record.refused({Refusal(kind=RefusedKind.LAYER, what=error.what): 1})
    house.door.failed(receipt, error.what)


def _end(
    outcome: "Outcome",
    supervisor: "Supervisor",
    receipt: Receipt[CommandRun],
    prepared: Prepared,
    house: House,
) -> Ran:
    session = prepared.session
    record = SessionRecord(ledger=house.door.ledger, session=session.id)
    killed_by = house.places.sessions.killed_by(session) if outcome.lost else None
    record.refused(_refused(outcome, supervisor, prepared.plan))
    if killed_by is None:
        record.ended(
            EndedBy.LIMIT if outcome.over_time else EndedBy.ITSELF,
            exit_status=outcome.status,
            lasted_ms=int(outcome.lasted_s * 1000),
        )
    changes = tidy(session, house.places, record, now=house.now())
    if house.way_out.lost is not None:
        what = f"its programs were answered no more: {house.way_out.lost.what}"
        record.refused({Refusal(kind=RefusedKind.LAYER, what=what): 1})
        house.tell(what)
    house.door.done(receipt, {"exit_status": outcome.status})
    return Ran(outcome=outcome, killed_by=killed_by, changes=changes)


def _refused(outcome: "Outcome", supervisor: "Supervisor", plan: Plan) -> Mapping[Refusal, int]:
    refused: Counter[Refusal] = Counter()
    for (call, program), times in supervisor.calls.items():
        refused[Refusal(kind=RefusedKind.CALL, what=call, by=program or None)] += times
    for name, times in supervisor.escapes.items():
        refused[Refusal(kind=RefusedKind.ESCAPE, what=name)] += times
    met, limits = supervisor.limits_met, plan.limits
    if met and met.killed_for_memory:
        memory = f"memory of {limits.memory_bytes} bytes: processes ended"
        refused[Refusal(kind=RefusedKind.LIMIT, what=memory)] += met.killed_for_memory
    if met and met.refused_processes:
        refused[Refusal(kind=RefusedKind.LIMIT, what=f"{limits.processes} processes")] += (
            met.refused_processes
        )
    if outcome.over_time:
        refused[Refusal(kind=RefusedKind.LIMIT, what=f"{plan.limits.wall_s} s")] += 1
    return refused


def _digest(prepared: Prepared) -> str:
    whole = to_json(prepared.plan) | command_to_json(prepared.command)
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()

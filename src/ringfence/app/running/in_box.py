"""Runs a command in a box that is being made: decided, proved, recorded, watched, and tidied up behind.

Nothing starts before the ledger holds the decision and the proof; nothing that a box left in the working tree
stays before it was looked at. What is killed half-way is tidied up by the next run.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime
from functools import partial

from ringfence.app.running.house import House, Ran
from ringfence.app.running.prepare import Prepared
from ringfence.app.running.publishing import published, tell_published
from ringfence.app.running.record import Refusal, SessionRecord
from ringfence.app.running.starts import told_starts, untold
from ringfence.app.running.tidying import tidy
from ringfence.core.actions import CommandRun
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.receipts import Receipt
from ringfence.core.text import printable
from ringfence.gate.door import Door
from ringfence.gate.refused import Refused
from ringfence.ledger.events.sandbox_ended import EndedBy
from ringfence.ledger.events.sandbox_refused import RefusedKind
from ringfence.policy.known_agents import WITH_MODELS
from ringfence.sandbox.box import Box
from ringfence.sandbox.covers import Covering, Covers
from ringfence.sandbox.failures import BoxRefused, refusal
from ringfence.sandbox.launcher import Begun
from ringfence.sandbox.messages import Failed, Ready
from ringfence.sandbox.plan import Plan
from ringfence.sandbox.plan_json import command_to_json, to_json
from ringfence.sandbox.processes import start_of
from ringfence.sandbox.sessions import Running, Session
from ringfence.sandbox.starts import Starts
from ringfence.sandbox.supervising import Outcome, Supervisor
from ringfence.sandbox.terminal.terminal import Terminal

__all__ = ["NotAllowed", "put_in_order", "run_in_box"]

_NAMED = 3  # files that are named before the command starts; a report names all


class NotAllowed(RingfenceError):
    """The policy does not let the command start."""

    code = ExitCode.NOT_EXECUTED


def run_in_box(
    begun: Begun,
    prepared: Prepared,
    house: House,
    *,
    covers: Covers,
    terminal: Terminal | None,
    keys: bool,
) -> Ran:
    """Runs the command in the box begun for it. `terminal` is the user's; `keys`: input comes from there.

    Raises:
        RingfenceError: see `run.run`. What the box left is not put in order then.
    """
    session, plan = prepared.session, prepared.plan
    record = SessionRecord(ledger=house.door.ledger, session=session.id)
    receipt = _decided(prepared, house.door)
    with (
        published(receipt, plan, record, house.door) as publishing,
        _made(begun, receipt, record, house) as box,
    ):
        box.give(receipt, prepared.command, seals=house.door.seals)
        if covers.unheard is not None:
            why = os.strerror(covers.unheard).lower()
            house.tell(f"what is replaced outside is perhaps not covered again in this box: {why}")
        covering = Covering(covers, partial(house.launcher.cover, box))
        starts = Starts()
        supervisor = Supervisor(
            box,
            terminal=terminal,
            keys=keys,
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
        working = nullcontext() if house.tools is None else house.tools.at_work(box)
        with working, told_starts(starts, house.door.ledger, session.id):
            outcome = supervisor.watch(wall_s=plan.limits.wall_s)
    house.way_out.close()  # before the tree is looked at, which may take its time
    _tell_bare(covering, record, house)
    return _end(outcome, supervisor, receipt, prepared, house)


def put_in_order(session: Session, house: House) -> None:
    """Tidies up after a run that raised an error, once its box is gone."""
    record = SessionRecord(ledger=house.door.ledger, session=session.id)
    tidy(session, house.places, record, now=house.now())


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


def _running(box: Box, at: datetime) -> Running:
    return Running(pid=box.pid, started=start_of(box.pid) or 0, at=at.isoformat())


def _start(
    supervisor: Supervisor,
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
    supervisor: Supervisor, receipt: Receipt[CommandRun], record: SessionRecord, house: House
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
    outcome: Outcome,
    supervisor: Supervisor,
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


def _refused(outcome: Outcome, supervisor: Supervisor, plan: Plan) -> Mapping[Refusal, int]:
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

"""A session begins: what it may use, what stands for it in the box, and what it has read if it goes on."""

from collections.abc import Mapping
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.core.labels import Label
from ringfence.egress.broker.budgets import Spending
from ringfence.egress.broker.carried import record_carried
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.deciding import usable
from ringfence.egress.broker.money import limits_money
from ringfence.egress.broker.proxy_scripts import scripts_ready
from ringfence.egress.broker.replaying import Outlay, count_outlays, outlays, spent_before
from ringfence.egress.broker.session import Session
from ringfence.egress.broker.upstream import Pool
from ringfence.egress.injecting.stand_in_files import InBox, stand_in_files
from ringfence.egress.messages import OpenSession, SessionOpened
from ringfence.gate.door import Door
from ringfence.gate.lowering import label_of
from ringfence.policy.egressing import egressing
from ringfence.policy.policy import Policy
from ringfence.vault.credential import Credential
from ringfence.vault.file_format import Entry
from ringfence.vault.kinds import public_parts
from ringfence.vault.services import variables_of

__all__ = ["close_session", "open_session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was read for a session, off the event loop."""

    door: Door
    policy: Policy
    entries: Mapping[str, Entry]
    shapes: Mapping[str, Credential]
    label: Label
    budgets: Spending
    paid: tuple[Outlay, ...] | None  # by the session
    paid_by_all: tuple[Outlay, ...] | None  # where this broker has not counted it yet


async def open_session(core: Core, message: OpenSession) -> SessionOpened:
    """The session, known from now on.

    Raises:
        RingfenceError: there is no policy, or a vault or a script of proxies not to be had that is needed.
    """
    found = await core.blocking(_find, core, message)
    said = egressing(found.policy.document, message.agent)
    told = await scripts_ready(core, said)
    close_session(core, message.session)
    if message.state:
        core.placeholders.from_state(message.session, message.state)
    given = {name: core.placeholders.give(message.session, each) for name, each in found.shapes.items()}
    _count_paid(core, message.session, found)
    core.sessions[message.session] = Session(
        id=message.session,
        agent=message.agent,
        door=found.door,
        pool=Pool(clock=core.house.clock),
        budgets=found.budgets,
        entries=found.entries,
        given=given,
        label=found.label,
        policy=found.policy,
        said=said,
        unsent=set() if message.learns else None,
    )
    return SessionOpened(
        environment=_environment(found, given),
        ports=tuple(each for each in said.ports if each not in (80, 443)),
        hosts=len(said.hosts),
        credentials=tuple(sorted(found.entries)),
        files=_files(found, given, core.house.now()),
        told=told,
        state=core.placeholders.to_state(message.session),
    )


def close_session(core: Core, id_: str) -> None:
    """Ends a session, with all that it has open. Its placeholders stand for nothing from now on."""
    session = core.sessions.pop(id_, None)
    if session is None:
        return
    for each in list(session.connections.values()):
        core.gone(each)
    session.end()
    record_carried(core, session)
    core.refusals.close(session)
    core.placeholders.end(id_)
    core.purses.forget(id_)


def _find(core: Core, message: OpenSession) -> _Found:
    house = core.house
    door = core.house.door(message)
    policy = door.policy()
    entries: Mapping[str, Entry] = {}
    if any("credential.use" in each.action_types for each in policy.rules):
        state = core.house.releasing.state()
        logins = egressing(policy.document, message.agent).logins  # of proxies, which boxes know nothing of
        kept = [each for each in (state.entries if state else ()) if each.name not in logins]
        entries = usable(policy, message.agent, kept)
    return _Found(
        door=door,
        policy=policy,
        entries=entries,
        shapes={name: core.house.releasing.shape(name) for name in entries},
        label=label_of(door),
        budgets=spent_before(door, policy, message.agent, now=house.now(), clock=house.clock),
        paid=outlays(door, policy, of_session=True, now=house.now()),
        paid_by_all=()
        if core.purses.is_replayed
        else outlays(door, policy, of_session=False, now=house.now()),
    )


def _count_paid(core: Core, session: str, found: _Found) -> None:
    now, purses = core.house.now(), core.purses
    purses.forget(session)
    count_outlays(purses, found.paid, now=now, session=session)
    if not purses.is_replayed and limits_money(found.policy):
        purses.is_replayed = True
        count_outlays(purses, found.paid_by_all, now=now, session=None)


def _environment(found: _Found, given: Mapping[str, Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """Variables with placeholders; of several credentials that one program looks for the first by name."""
    made: dict[str, str] = {}
    for name, entry in sorted(found.entries.items()):
        public = public_parts(found.shapes[name].authentication)
        for variable, part in variables_of(name, entry.kind, public, entry.binding.hosts).items():
            if part in given[name]:
                made.setdefault(variable, given[name][part])
    return tuple(sorted(made.items()))


def _files(
    found: _Found, given: Mapping[str, Mapping[str, str]], now: datetime
) -> tuple[tuple[str, str], ...]:
    """Files of logins with placeholders, where programs look for them."""
    made = stand_in_files(
        (
            InBox(
                name=name,
                kind=entry.kind,
                public=entry.public,
                hosts=entry.binding.hosts,
                paths=entry.binding.paths,
                placeholders=given[name],
            )
            for name, entry in found.entries.items()
        ),
        now=now,
    )
    return tuple((each.path, each.content) for each in made)

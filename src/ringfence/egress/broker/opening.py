"""A session begins: what it may use, what stands for it in the box, and what it has read if it goes on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.decisions import ObligationKind
from ringfence.core.labels import Label
from ringfence.egress.broker.budgets import WINDOWS_S, Spending
from ringfence.egress.broker.core import Core
from ringfence.egress.broker.deciding import usable
from ringfence.egress.broker.session import Session
from ringfence.egress.broker.upstream import Pool
from ringfence.egress.injecting.stand_in_files import InBox, stand_in_files
from ringfence.egress.messages import OpenSession, SessionOpened
from ringfence.gate.door import Door
from ringfence.gate.lowering import label_of
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.policy.egressing import Budgets, egressing
from ringfence.policy.policy import Policy
from ringfence.vault.credential import Credential
from ringfence.vault.file_format import Entry
from ringfence.vault.kinds import public_parts
from ringfence.vault.services import variables_of

__all__ = ["close_session", "open_session"]

_NAMES = {each.name: each.made.__name__ for each in ACTION_TYPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was read for a session, off the event loop."""

    door: Door
    policy: Policy
    entries: Mapping[str, Entry]
    shapes: Mapping[str, Credential]
    label: Label
    past: tuple[tuple[datetime, DecisionMade], ...]  # what counts against its budgets


async def open_session(core: Core, message: OpenSession) -> SessionOpened:
    """The session, known from now on.

    Raises:
        RingfenceError: there is no policy, or a vault that cannot be opened although it is needed.
    """
    found = await core.blocking(_find, core, message)
    close_session(core, message.session)
    if message.state:
        core.placeholders.from_state(message.session, message.state)
    given = {name: core.placeholders.give(message.session, each) for name, each in found.shapes.items()}
    said = egressing(found.policy.document, message.agent)
    budgets = Spending(clock=core.house.clock)
    _count(budgets, found.past, said.budgets, core.house.now())
    core.sessions[message.session] = Session(
        id=message.session,
        agent=message.agent,
        door=found.door,
        pool=Pool(clock=core.house.clock),
        budgets=budgets,
        entries=found.entries,
        given=given,
        label=found.label,
        policy=found.policy,
        said=said,
    )
    return SessionOpened(
        environment=_environment(found, given),
        ports=tuple(each for each in said.ports if each not in (80, 443)),
        hosts=len(said.hosts),
        credentials=tuple(sorted(found.entries)),
        files=_files(found, given, core.house.now()),
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
    core.refusals.close(session)
    core.placeholders.end(id_)


def _find(core: Core, message: OpenSession) -> _Found:
    door = core.house.door(message.session, message.agent, message.folder)
    policy = door.policy()
    entries: Mapping[str, Entry] = {}
    if any("credential.use" in each.action_types for each in policy.rules):
        state = core.house.releasing.state()
        entries = usable(policy, message.agent, state.entries if state is not None else ())
    return _Found(
        door=door,
        policy=policy,
        entries=entries,
        shapes={name: core.house.releasing.shape(name) for name in entries},
        label=label_of(door),
        past=tuple(_past(door, _windows(policy, message.agent), core.house.now())),
    )


def _windows(policy: Policy, agent: str) -> set[str | None]:
    """For how long it is counted what is granted only so often."""
    limits = (each for rule in policy.rules for each in rule.obligations)
    return {each.per for each in limits if each.kind is ObligationKind.LIMIT} | {
        each.per for each in egressing(policy.document, agent).budgets.requests
    }


def _past(door: Door, windows: set[str | None], now: datetime) -> Iterator[tuple[datetime, DecisionMade]]:
    """As far back as it counts. Reading all of a long session takes its time."""
    if not windows:
        return
    lengths_s = [WINDOWS_S.get(each or "") for each in windows]
    known_s = [each for each in lengths_s if each is not None]
    since = now - timedelta(seconds=max(known_s)) if len(known_s) == len(lengths_s) else None
    for each in door.ledger.read(stream=door.stream, types=("decision.made",), since=since):
        if isinstance(each.event, DecisionMade):
            yield each.at, each.event


def _count(
    budgets: Spending, past: Iterable[tuple[datetime, DecisionMade]], granted: Budgets, now: datetime
) -> None:
    """What the session did before, as it was counted then."""
    for at, event in past:
        ago_s = max((now - at).total_seconds(), 0)
        name, decision = str(event.action.get("action")), event.decision
        if name == "http.request":
            budgets.request(granted, ago_s=ago_s)
        if event.proceeds and decision.obligations and decision.reasons:
            key = (decision.reasons[0].rule, _NAMES.get(name))
            budgets.limits(key, decision.obligations, ago_s=ago_s)


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

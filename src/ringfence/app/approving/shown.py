"""Questions and grants as operators and documents see them: every fact under its own name, whole."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.dataclass import dataclass
from ringfence.gate.approvals import Approvals, Ask, Grant
from ringfence.gate.asking import short_id
from ringfence.gate.hiding import HIDDEN, hidden_values
from ringfence.ledger.values import Facts, Json

__all__ = [
    "Asks",
    "Grants",
    "ShownAsk",
    "ShownFact",
    "ShownGrant",
    "asks",
    "grants",
    "shown_ask",
    "shown_grant",
]

_COMPARES = {each.name: each.compares for each in ACTION_TYPES}
_LEFT_OUT = ("action", HIDDEN, "context")  # two have places of their own, one is no part of the question


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFact:
    """One fact of an action. Its value may be anybody's; None is unknown."""

    name: str  # parts of larger ones joined: arguments[0].text
    value: str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAsk:
    """One question."""

    id: str
    short: str  # as much of the id as it takes
    action_type: str
    facts: tuple[ShownFact, ...]
    hidden: int  # values that are cut; a grant is for exactly what they are
    rules: tuple[str, ...]  # that ask
    asked_by: str | None
    opened_at: datetime
    expires_at: datetime | None
    state: str  # open, granted, refused, withdrawn, over
    operator: str | None  # who answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """Questions, the oldest first."""

    started_at: datetime
    complete: bool
    asks: tuple[ShownAsk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGrant:
    """One approval."""

    id: str
    short: str
    ask: str | None  # id of the question it answers
    action_type: str
    facts: tuple[ShownFact, ...]  # that a later action must share
    hidden: int  # values that are cut; it is for exactly what they are
    operator: str
    asked_by: str | None
    given_at: datetime
    waited_s: int | None
    uses: int | None  # None: as many as one likes
    used: int
    expires_at: datetime | None
    state: str  # holds, used up, over, revoked
    revoked_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Approvals, the oldest first."""

    started_at: datetime
    complete: bool
    grants: tuple[ShownGrant, ...]


def asks(approvals: Approvals, *, now: datetime, settled: bool) -> Asks:
    """Those that wait for an answer; with `settled` all."""
    approvals.look()
    chosen = [each for each in approvals.asks.values() if settled or each.is_pending(now)]
    return Asks(
        started_at=now, complete=True, asks=tuple(shown_ask(each, approvals, now=now) for each in chosen)
    )


def grants(approvals: Approvals, *, now: datetime, all_: bool) -> Grants:
    """Those that let something through; with `all_` the others too."""
    approvals.look()
    chosen = [each for each in approvals.grants.values() if all_ or each.holds(now)]
    return Grants(
        started_at=now, complete=True, grants=tuple(shown_grant(each, approvals, now=now) for each in chosen)
    )


def shown_ask(ask: Ask, approvals: Approvals, *, now: datetime) -> ShownAsk:
    """One question."""
    over = ask.expires_at is not None and now >= ask.expires_at
    return ShownAsk(
        id=ask.id,
        short=short_id(ask.id, approvals),
        action_type=str(ask.action.get("action")),
        facts=tuple(_facts(ask.action, str(ask.action.get("action")))),
        hidden=hidden_values(ask.action),
        rules=ask.rules,
        asked_by=ask.asked_by,
        opened_at=ask.opened_at,
        expires_at=ask.expires_at,
        state="over" if ask.state == "open" and over else ask.state.value,
        operator=ask.operator,
    )


def shown_grant(grant: Grant, approvals: Approvals, *, now: datetime) -> ShownGrant:
    """One grant."""
    given = grant.given
    if grant.revoked_by is not None:
        state = "revoked"
    elif grant.over or (given.expires_at is not None and now >= given.expires_at):
        state = "over"
    else:
        state = "holds" if grant.holds(now) else "used up"
    return ShownGrant(
        id=grant.id,
        short=short_id(grant.id, approvals),
        ask=given.ask,
        action_type=given.action_type,
        facts=tuple(_facts(given.compared, given.action_type)),
        hidden=hidden_values(given.compared),
        operator=given.operator,
        asked_by=given.asked_by,
        given_at=grant.given_at,
        waited_s=given.waited_s,
        uses=given.uses,
        used=grant.used,
        expires_at=given.expires_at,
        state=state,
        revoked_by=grant.revoked_by,
        note=given.note.text if given.note else None,
    )


def _facts(facts: Facts, action_type: str) -> Iterator[ShownFact]:
    """All but those that say nobody and nothing: a person's own action has no agent and no session.

    What a grant compares and nobody knows is among them: the grant would be for whatever it is.
    """
    for name, value in facts.items():
        if name not in _LEFT_OUT and not (name in ("agent", "session") and not value):
            yield from _flat(name, value)
    for name in _COMPARES.get(action_type, ()):
        if name not in facts and name not in ("agent", "session"):
            yield ShownFact(name=name, value=None)


def _flat(name: str, value: Json) -> Iterator[ShownFact]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{name}.{key}", item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _flat(f"{name}[{number}]", item)
    elif value is None or isinstance(value, str | int):
        yield ShownFact(name=name, value=value)

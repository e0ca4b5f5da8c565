"""Questions as an operator's queue has them: the same question of several sessions is one line.

The same is what shares every fact but the session and what the session has read, the rules that ask, and
whose account asks. A grant is for one session; to answer a line is to answer each of its questions.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ringfence.app.approving import ShownAsk
from ringfence.app.approving.shown import shown_ask
from ringfence.app.ledger.telling import action_type, fact, subject_of
from ringfence.app.watching.proposing import ASKED_OFTEN, proposed
from ringfence.core.action_types import ACTION_TYPES
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.gate.approvals import Approvals, Ask
from ringfence.gate.digests import digest_of
from ringfence.gate.hiding import HIDDEN, without_sources
from ringfence.ledger.values import Facts, Json

__all__ = ["AskDetail", "AskRow", "Origin", "Queue"]

_COMPARES = {each.name: each.compares for each in ACTION_TYPES}
_OF_ONE_SESSION = frozenset({"session", "context"})
_NOBODY_S = frozenset({"action", HIDDEN, "agent", "session", "context"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRow:
    """One line of the queue. Subject and agent are anybody's text."""

    key: str
    asks: tuple[str, ...]  # ids, the oldest first
    sessions: tuple[str, ...]  # ids; none for what a person asks
    action_type: str
    agent: str
    subject: str
    rules: tuple[str, ...]
    asked_by: str | None
    opened_at: datetime  # the oldest
    asked_before: int  # the same, answered or over

    @property
    def kind(self) -> tuple[str, str, tuple[str, ...]]:
        """Equal for what one key answers together: the type of action, the agent, the rules that ask."""
        return self.action_type, self.agent, self.rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value came from, as far as anybody knows."""

    of: str  # the argument; empty: all that the session has read
    integrity: str
    sensitivity: str
    sources: tuple[str, ...]  # events and places in them; anybody's text


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDetail:
    """All that there is to know before a yes."""

    row: AskRow
    ask: ShownAsk  # the oldest of the line, whose facts all share
    origins: tuple[Origin, ...]  # of all questions, each once
    same: tuple[str, ...]  # facts that a later action must share
    free: tuple[str, ...]  # facts that it need not
    proposal: str | None  # for a policy, once it was asked often: what would spare the question


class Queue:
    """The questions that wait. One thread at a time looks."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals
        self._keys: dict[str, str] = {}

    def look(self, now: datetime) -> tuple[AskRow, ...]:
        """The lines, the oldest first; reads what was asked and answered since.

        Raises:
            LedgerError: it cannot be read now.
        """
        self._approvals.look()
        pending: dict[str, list[Ask]] = {}
        settled = list[Ask]()
        for ask in tuple(self._approvals.asks.values()):  # as they were recorded
            if ask.is_pending(now):
                pending.setdefault(self._key(ask), []).append(ask)
            else:
                settled.append(ask)
        before = Counter(map(self._key, settled[-LIMITS.watched_settled :]))
        return tuple(_row(key, asks, before[key]) for key, asks in pending.items())

    def detail(self, row: AskRow, now: datetime) -> AskDetail:
        """Of a line that `look` gave."""
        ask = self._approvals.asks[row.asks[0]]
        facts = ask.action
        compared = _COMPARES.get(row.action_type, ())
        known = [each for each in facts if each not in _NOBODY_S]
        return AskDetail(
            row=row,
            ask=shown_ask(ask, self._approvals, now=now),
            origins=tuple(dict.fromkeys(self._origins(row))),
            same=tuple(each for each in compared if each not in _NOBODY_S),
            free=tuple(each for each in known if each not in compared),
            proposal=self._proposal(row, now),
        )

    def _proposal(self, row: AskRow, now: datetime) -> str | None:
        if len(row.asks) + row.asked_before < ASKED_OFTEN:
            return None
        return proposed(self._approvals.asks[row.asks[0]].action, row.rules, asked_by=row.asked_by, now=now)

    def _origins(self, row: AskRow) -> Iterator[Origin]:
        """Of all its questions: what one session has read says nothing of another."""
        for each in row.asks:
            yield from _origins(self._approvals.asks[each].action)

    def _key(self, ask: Ask) -> str:
        key = self._keys.get(ask.id)
        if key is None:
            shared = {each: value for each, value in ask.action.items() if each not in _OF_ONE_SESSION}
            key = digest_of([without_sources(shared), ask.rules_digest, ask.asked_by])
            self._keys[ask.id] = key
        return key


def _row(key: str, asks: list[Ask], asked_before: int) -> AskRow:
    first = asks[0]
    sessions = dict.fromkeys(fact(each.action, "session") for each in asks)
    return AskRow(
        key=key,
        asks=tuple(each.id for each in asks),
        sessions=tuple(filter(None, sessions)),
        action_type=action_type(first.action),
        agent=_cut(fact(first.action, "agent")),
        subject=_cut(subject_of({**first.action, "agent": ""})),
        rules=first.rules,
        asked_by=first.asked_by,
        opened_at=first.opened_at,
        asked_before=asked_before,
    )


def _origins(facts: Facts) -> Iterator[Origin]:
    """What the session has read, then each argument that has a label of its own."""
    context = facts.get("context")
    if isinstance(context, Mapping):
        yield _origin("", context)
    arguments = facts.get("arguments")
    if isinstance(arguments, list | tuple):
        for each in arguments:
            if isinstance(each, Mapping) and isinstance(label := each.get("label"), Mapping):
                yield _origin(_cut(fact(each, "name")), label)


def _origin(of: str, label: Mapping[str, Json]) -> Origin:
    sources = label.get("sources")
    texts: Iterable[Json] = sources if isinstance(sources, list | tuple) else ()
    return Origin(
        of=of,
        integrity=fact(label, "integrity"),
        sensitivity=fact(label, "sensitivity"),
        sources=tuple(_cut(str(each)) for each in texts),
    )


def _cut(text: str) -> str:
    return clip(text, chars=LIMITS.watched_chars)

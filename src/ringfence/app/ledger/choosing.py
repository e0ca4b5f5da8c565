"""Which events somebody wants to see, by time, type, stream, agent and text."""

import difflib
import json
from collections.abc import Iterator
from datetime import datetime

from ringfence.app.ledger.telling import fact, facts_in
from ringfence.core.actions import FieldKind
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UsageError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.ledger.chain import Row, is_row
from ringfence.ledger.codec import time_of
from ringfence.ledger.event_types import EVENTS
from ringfence.ledger.ledger import Ledger, Recorded
from ringfence.ledger.recorded import recorded_of
from ringfence.policy.globs import Glob, glob

__all__ = ["Chosen", "Wanted", "agent_of", "chosen", "event_types"]

_WILD = frozenset("*?")
_THINGS = ("thing.appeared", "thing.changed", "thing.vanished")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for; None and () leave out nothing."""

    since: datetime | None = None
    until: datetime | None = None  # recorded before then
    types: tuple[str, ...] = ()  # globs over `noun.verb`
    stream: str | None = None  # its name, or a glob over names
    agent: str | None = None  # a glob over names of agents
    text: str | None = None  # somewhere in the event, whatever the case


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Tells whether an event is one of them."""

    wanted: Wanted
    types: tuple[Glob, ...]
    stream: Glob | None
    agent: Glob | None
    text: str | None

    @property
    def has_news(self) -> bool:
        """Whether all is among them that happened to things since a time."""
        return self.wanted.since is not None and self.hides_news is None

    @property
    def hides_news(self) -> str | None:
        """The option that leaves out some of what happened to things."""
        if self.agent is not None:
            return "--agent"
        if self.text is not None:
            return "--grep"
        return None if all(self._has_type(each) for each in _THINGS) else "--type"

    def has_row(self, row: Row) -> bool:
        """By what its header says."""
        at, wanted = time_of(row.at), self.wanted
        return (
            (wanted.since is None or at >= wanted.since)
            and (wanted.until is None or at < wanted.until)
            and (self.stream is None or self.stream.fits(row.stream))
            and self._has_type(row.type.partition("/")[0])
        )

    def _has_type(self, name: str) -> bool:
        return not self.types or any(each.fits(name) for each in self.types)

    def has(self, recorded: Recorded, row: Row) -> bool:
        """By what it says itself. What was pruned says nothing."""
        if self.agent is not None:
            agent = agent_of(recorded)
            if agent is None or not self.agent.fits(agent):
                return False
        return self.text is None or self.text in (row.body or b"").decode(errors="replace").casefold()

    def read(self, ledger: Ledger, *, after: int | None = None) -> Iterator[tuple[Row, Recorded | None]]:
        """All rows, in order; without the event where it is not one of them, so that who follows gets on.

        Raises:
            LedgerError: from here on nothing can be read.
        """
        stream = self.wanted.stream
        exact = None if stream is None or _is_wild(stream) else stream
        for row in ledger.rows(stream=exact, since=self.wanted.since, after=after):
            if is_row(row) and not self.has_row(row):
                yield row, None
                continue
            recorded = recorded_of(row)
            yield row, recorded if self.has(recorded, row) else None


def chosen(wanted: Wanted) -> Chosen:
    """Ready to choose.

    Raises:
        UsageError: there is no such type, or times and texts make no sense.
        BadGlob: a pattern says nothing.
    """
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise UsageError("--until is not after --since", hint="the span begins at --since")
    if wanted.text is not None and not 0 < len(wanted.text) <= LIMITS.name_chars:
        raise UsageError(
            "--grep needs a text", hint=f"name one to {LIMITS.name_chars} characters, no pattern"
        )
    known = event_types()
    for each in wanted.types:
        if not _is_wild(each) and each not in known:
            near = difflib.get_close_matches(each[:100], known, n=1)
            raise UsageError(
                f"there is no event of type {clip(printable(each), chars=80)}",
                hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}; or a glob: grant.*",
            )
    return Chosen(
        wanted=wanted,
        types=tuple(glob(each, FieldKind.TEXT) for each in wanted.types),
        stream=None if wanted.stream is None else glob(wanted.stream, FieldKind.TEXT),
        agent=None if wanted.agent is None else glob(wanted.agent, FieldKind.TEXT),
        text=None if wanted.text is None else _as_recorded(wanted.text),
    )


def event_types() -> tuple[str, ...]:
    """All that this ringfence knows, without versions."""
    return tuple(sorted(each.TYPE.partition("/")[0] for each in EVENTS))


def agent_of(recorded: Recorded) -> str | None:
    """The agent that an event is about; None when it is about none."""
    return fact(facts_in(recorded.event), "agent") or None


def _as_recorded(text: str) -> str:
    """As it stands within a body."""
    return json.dumps(text, ensure_ascii=False)[1:-1].casefold()


def _is_wild(text: str) -> bool:
    return not _WILD.isdisjoint(text)

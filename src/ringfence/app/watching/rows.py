"""One event as a line of a list: little of it, so that many can be kept. The ledger has the whole."""

from datetime import datetime

from ringfence.app.ledger.choosing import agent_of
from ringfence.app.ledger.telling import fact, facts_in, told
from ringfence.app.watching.kinds import Kind, is_refusal, kind_of
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.ledger import Recorded
from ringfence.ledger.streams import session_stream

__all__ = ["EventRow", "row_of", "session_of"]

_OF_SESSIONS = session_stream("")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """What there is to say at a glance. `what` and `subject` hold text of anybody's, cut at a limit."""

    ordinal: int
    at: datetime
    stream: str
    seq: int
    kind: Kind
    is_refusal: bool
    session: str | None  # id
    agent: str
    what: str
    subject: str
    chars: int  # of the whole subject
    is_subject_first: bool  # it is what matters
    place: str  # of the policy: what decided

    def has(self, text: str) -> bool:
        """Whether `text`, in small letters, is in it; whatever the case."""
        return any(
            text in part.casefold()
            for part in (self.what, self.subject, self.agent, self.session or "", self.place)
        )


def row_of(recorded: Recorded) -> EventRow:
    """The event's line."""
    words = told(recorded)
    return EventRow(
        ordinal=recorded.ordinal,
        at=recorded.at,
        stream=recorded.position.stream,
        seq=recorded.position.seq,
        kind=kind_of(recorded),
        is_refusal=is_refusal(recorded),
        session=session_of(recorded),
        agent=_cut(agent_of(recorded) or ""),
        what=_cut(words.what),
        subject=_cut(words.subject),
        chars=len(words.subject),
        is_subject_first=isinstance(recorded.event, DecisionMade | ProcessStarted),
        place=_cut(" ".join(filter(None, (words.place, words.rule)))),
    )


def session_of(recorded: Recorded) -> str | None:
    """The id of the session that it is about; None when it is about none."""
    stream = recorded.position.stream
    if stream.startswith(_OF_SESSIONS):
        return stream.removeprefix(_OF_SESSIONS)
    return _cut(fact(facts_in(recorded.event), "session")) or None


def _cut(text: str) -> str:
    return clip(text, chars=LIMITS.watched_chars)

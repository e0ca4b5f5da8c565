"""What questions cost the people who answer them, for the time that agents ran, as the ledger tells it.

Nobody measures how long a person thinks. The most that an answer can have taken is the time since its
question was there and the same operator had answered the one before; whatever takes longer than five minutes
was left lying. So much is counted, which is more than it was.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from ringfence.core.dataclass import dataclass
from ringfence.ledger.events.ask_opened import AskOpened
from ringfence.ledger.events.grant_given import GrantGiven
from ringfence.ledger.events.grant_refused import GrantRefused
from ringfence.ledger.events.sandbox_ended import SandboxEnded
from ringfence.ledger.events.sandbox_started import SandboxStarted
from ringfence.ledger.ledger import Ledger, Recorded

__all__ = ["AskStats", "OperatorStats", "ask_stats"]

_TYPES = ("sandbox.started", "sandbox.ended", "ask.opened", "grant.given", "grant.refused")
_AT_MOST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorStats:
    """One operator."""

    operator: str
    answers: int
    attended_s: int  # at most


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStats:
    """What `ringfence asks --stats` says. Seconds are whole."""

    started_at: datetime
    complete: bool
    since: datetime | None
    sessions: int  # whose boxes ran
    agents_s: int  # all boxes together
    asked: int
    approved: int  # grants, those that were given beforehand among them
    denied: int
    waited_median_s: int | None
    waited_longest_s: int | None
    attended_s: int  # all operators together, at most
    attended_s_per_agent_hour: int | None  # None: no agent ran
    operators: tuple[OperatorStats, ...]  # by name


def ask_stats(ledger: Ledger, *, since: datetime | None, now: datetime) -> AskStats:
    """All that was recorded since then, or ever.

    Raises:
        LedgerError: it cannot be read to its end.
    """
    stands: dict[str, datetime] = {}
    ran: dict[str, timedelta] = defaultdict(timedelta)
    answers: list[tuple[Recorded, GrantGiven | GrantRefused]] = []
    asked = 0
    for recorded in ledger.read(types=_TYPES, since=since):
        stream, event = recorded.position.stream, recorded.event
        match event:
            case AskOpened():
                asked += 1
            case GrantGiven() | GrantRefused():
                answers.append((recorded, event))
            case SandboxStarted():
                stands[stream] = recorded.at
            case SandboxEnded():
                begun = stands.pop(stream) if stream in stands else since or recorded.at
                ran[stream] += recorded.at - begun
    for stream, started in stands.items():
        ran[stream] += max(timedelta(), now - started)
    agents = sum(ran.values(), timedelta())
    waits = sorted(event.waited_s for _, event in answers if event.waited_s is not None)
    operators = _operators(answers)
    attended_s = sum(each.attended_s for each in operators)
    return AskStats(
        started_at=now,
        complete=True,
        since=since,
        sessions=len(ran),
        agents_s=int(agents.total_seconds()),
        asked=asked,
        approved=sum(isinstance(event, GrantGiven) for _, event in answers),
        denied=sum(isinstance(event, GrantRefused) for _, event in answers),
        waited_median_s=waits[len(waits) // 2] if waits else None,
        waited_longest_s=waits[-1] if waits else None,
        attended_s=attended_s,
        attended_s_per_agent_hour=int(attended_s * 3600 / agents.total_seconds()) if agents else None,
        operators=operators,
    )


def _operators(answers: list[tuple[Recorded, GrantGiven | GrantRefused]]) -> tuple[OperatorStats, ...]:
    last: dict[str, datetime] = {}
    attended: dict[str, timedelta] = defaultdict(timedelta)
    count: dict[str, int] = defaultdict(int)
    for recorded, event in answers:
        who, at = event.operator, recorded.at
        there = at - timedelta(seconds=event.waited_s or 0)
        since = max(there, last.get(who, there))
        attended[who] += min(max(at - since, timedelta()), _AT_MOST)
        count[who] += 1
        last[who] = at
    return tuple(
        OperatorStats(operator=who, answers=count[who], attended_s=int(attended[who].total_seconds()))
        for who in sorted(count)
    )

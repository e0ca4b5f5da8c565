"""What a session's requests cost where money is limited: summed up from its stream of the ledger."""

from dataclasses import field

from ringfence.core.dataclass import dataclass
from ringfence.ledger.events.spend_counted import SpendBasis, SpendCounted
from ringfence.ledger.events.spend_reserved import SpendReserved

__all__ = ["Paid", "PaidUp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """By list prices, or what the hosts said; nobody's bill."""

    usd_micro: int  # millionths of a dollar
    answers: int
    at_most: int  # of them, whose amount is only the most that they may have cost
    prices_of: str | None  # the last day whose list prices these are


@dataclass(slots=True)
class PaidUp:
    """Sums, event by event. What was reserved and never counted stays the most that it may be."""

    _reserved: dict[int, int] = field(default_factory=dict)
    _amount: int = 0
    _answers: int = 0
    _bounds: int = 0
    _day: str | None = None

    def hear(self, seq: int, event: SpendReserved | SpendCounted) -> None:
        """One more, with its number in the stream."""
        if isinstance(event, SpendReserved):
            self._reserved[seq] = event.usd_micro
            return
        self._reserved.pop(event.reserved, None)
        if event.basis is SpendBasis.NOTHING:
            return
        self._amount += event.usd_micro
        self._answers += 1
        self._bounds += event.basis is SpendBasis.BOUND
        self._day = max(filter(None, (self._day, event.prices_of)), default=None)

    def paid(self) -> Paid | None:
        """All together; None where nothing was."""
        waiting = len(self._reserved)
        if not self._answers and not waiting:
            return None
        return Paid(
            usd_micro=self._amount + sum(self._reserved.values()),
            answers=self._answers + waiting,
            at_most=self._bounds + waiting,
            prices_of=self._day,
        )

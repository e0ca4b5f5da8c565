"""A request that costs money is over."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.ledger.values import Foreign

__all__ = ["SpendBasis", "SpendCounted"]


class SpendBasis(StrEnum):
    """What the amount is taken from."""

    USAGE = "usage"  # tokens that the answer tells, by list prices
    COST = "cost"  # the host says it
    BOUND = "bound"  # the answer does not tell: the most that it may be
    NOTHING = "nothing"  # it was not sent, or is not charged for


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendCounted:
    """What it cost, as far as anybody knows here. It takes the place of what was reserved."""

    TYPE = "spend.counted/1"

    session: str
    agent: str
    rules: tuple[str, ...]  # whose limits count it
    reserved: int  # number, in this stream, of the event that reserved it
    host: Foreign
    model: Foreign  # as the answer names it, or else the request
    basis: SpendBasis
    input_tokens: int | None  # all that were read; None: nobody knows
    output_tokens: int | None
    usd_micro: int  # millionths of a dollar
    prices_of: str | None  # the day whose list prices these are; None: the host's own word, or nobody says

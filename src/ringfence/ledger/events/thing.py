"""A thing of an inventory, as events tell of it."""

from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.standings import Standing
from ringfence.ledger.values import Facts

__all__ = ["Thing", "ThingKind"]


class ThingKind(StrEnum):
    """What is judged by the policy in an inventory."""

    MODEL = "model"
    LISTENER = "listener"
    RUNTIME = "runtime"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing. The same thing has the same `kind` and `id` from scan to scan.

    Paths among its facts name nobody: what a home is called is a pseudonym there.
    """

    kind: ThingKind
    id: str
    facts: Facts
    standing: Standing | None  # None: there was no policy to judge it by

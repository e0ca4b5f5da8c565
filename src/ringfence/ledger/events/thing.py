"""A thing of an inventory, as events tell of it."""

from dataclasses import dataclass
from enum import StrEnum

from ringfence.core.decisions import Place
from ringfence.ledger.values import Facts

__all__ = ["Standing", "Thing", "ThingKind"]


class ThingKind(StrEnum):
    """What is judged by the policy in an inventory."""

    MODEL = "model"
    LISTENER = "listener"
    RUNTIME = "runtime"
    AGENT = "agent"


class Standing(StrEnum):
    """What the policy thinks of a thing."""

    APPROVED = "approved"
    UNREVIEWED = "unreviewed"  # no rule says anything about it
    REVIEW = "review"  # a rule asks
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing. The same thing has the same `kind` and `id` from scan to scan."""

    kind: ThingKind
    id: str
    facts: Facts
    standing: Standing
    at: Place | None  # the deciding line

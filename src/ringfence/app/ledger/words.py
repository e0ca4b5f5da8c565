"""An event in words."""

from ringfence.core.dataclass import dataclass

__all__ = ["Told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event in words."""

    what: str  # our own words
    subject: str = ""  # anybody's
    effect: str | None = None  # of the policy
    mode: str | None = None
    place: str | None = None  # file:line of what decided
    rule: str | None = None

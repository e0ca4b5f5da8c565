"""A home that was kept from run to run is about to be removed; events of the sessions that had it stay."""

from ringfence.core.dataclass import dataclass

__all__ = ["HomeForgotten"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeForgotten:
    """Which, who had it last, and who wanted that."""

    TYPE = "home.forgotten/1"

    home: str
    session: str
    operator: str

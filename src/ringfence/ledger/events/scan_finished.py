"""A scan ended."""

from ringfence.core.dataclass import dataclass

__all__ = ["ScanFinished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFinished:
    """How much there was, and how much of it was new."""

    TYPE = "scan.finished/1"

    scan: str
    complete: bool
    things: int
    appeared: int
    changed: int
    vanished: int
    policy_digest: str | None

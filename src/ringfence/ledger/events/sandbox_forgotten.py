"""An ended session's home, private copies and refused changes are about to be removed; its events stay."""

from ringfence.core.dataclass import dataclass

__all__ = ["SandboxForgotten"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxForgotten:
    """Which, and who wanted that."""

    TYPE = "sandbox.forgotten/1"

    session: str
    operator: str

"""Tools of a server change more often than is recorded one by one."""

from ringfence.core.dataclass import dataclass

__all__ = ["ToolUntold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUntold:
    """That it happens: as it begins, and once more at the session's end with how often it was since."""

    TYPE = "tool.untold/1"

    session: str
    server: str  # as policies name it
    times: int

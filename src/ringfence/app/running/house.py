"""What a run of a command works with, and how it ended."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from ringfence.core.dataclass import dataclass

if TYPE_CHECKING:
    from ringfence.app.running.places import Places
    from ringfence.app.running.tool_relay import ToolRelay
    from ringfence.app.running.way_out import WayOut
    from ringfence.gate.door import Door
    from ringfence.sandbox.launcher import Launcher
    from ringfence.sandbox.supervising import Outcome

__all__ = ["House", "Ran"]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a run works with."""

    door: "Door"  # of the session's stream
    launcher: "Launcher"
    places: "Places"
    way_out: "WayOut"
    machine: str  # as os.uname() says
    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    tell: Callable[[str], None]  # what somebody should know
    say: Callable[[str], None]  # what is so
    tools: "ToolRelay | None" = None  # what reads its standard streams, where it is a tool server


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How it ended."""

    outcome: "Outcome"
    killed_by: str | None
    changes: tuple[str, ...]  # in words: what was taken out of the working tree

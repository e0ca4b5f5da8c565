"""What an import changed: each line says what stands there, what holds here, and where it was."""

from dataclasses import field
from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.policy.problems import Placed

__all__ = ["Came", "Line", "Report", "Spot"]


class Came(StrEnum):
    """What became of something."""

    CLOSED = "closed"  # weaker there than here
    ASKED = "asked"  # it cannot be said exactly: an operator is asked
    LEFT_OUT = "left-out"  # it has no equivalent, and grants nothing
    LOOK = "look"  # it means the same, and somebody should look at it


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that is not as it was, or that somebody should know of."""

    came: Came
    key: str  # network_policies.gh.endpoints[0].enforcement
    at: str  # file and line
    there: str  # what it means in OpenShell
    here: str  # and what holds now


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a file, and the keys that lead there."""

    file: str
    line: int
    key: str

    def of(self, key: str, at: Placed) -> "Spot":
        """A place below this one."""
        shown = clip(printable(key), chars=LIMITS.policy_quoted_chars)
        whole = f"{self.key}{shown}" if key.startswith("[") or not self.key else f"{self.key}.{shown}"
        return Spot(file=self.file, line=at.line, key=whole)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True, kw_only=True)
class Report:
    """Lines, as they are found."""

    lines: list[Line] = field(default_factory=list)

    def add(self, came: Came, spot: Spot, there: str, here: str) -> None:
        """One more line; foreign text only as `problems.quoted` gives it."""
        line = Line(came=came, key=spot.key, at=str(spot), there=there, here=here)
        if line not in self.lines[-1:]:
            self.lines.append(line)

    def add_once(self, came: Came, spot: Spot, there: str, here: str) -> None:
        """A line that is the same for all places, where the first of them is."""
        if all(each.there != there for each in self.lines):
            self.add(came, spot, there, here)

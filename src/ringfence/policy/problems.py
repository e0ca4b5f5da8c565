"""What is wrong with a document: every problem with its place and what to do about it."""

from typing import Protocol

from ringfence.core.dataclass import dataclass, field
from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable

__all__ = ["Placed", "PolicyProblem", "PolicyRefused", "Problems", "quoted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyProblem:
    """One thing wrong. All texts are harmless to print."""

    file: str
    line: int  # from 1
    column: int  # from 1, in characters
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}"


class PolicyRefused(RingfenceError):
    """Documents that are no policy. `problems` has all that was found, by file and place; at least one."""

    code = ExitCode.FAILED_AS_ASKED

    def __init__(self, problems: tuple[PolicyProblem, ...]) -> None:
        first, others = problems[0], len(problems) - 1
        more = f" (and {others} more problem{'' if others == 1 else 's'})" if others else ""
        super().__init__(f"{first}{more}", hint=first.hint)
        self.problems = problems


class Placed(Protocol):
    """Whatever stands somewhere."""

    @property
    def line(self) -> int:
        """From 1."""

    @property
    def column(self) -> int:
        """From 1, in characters."""


@dataclass(slots=True, kw_only=True)
class Problems:
    """Problems of one file, as they are found. Past `LIMITS.policy_problems` no more are kept."""

    file: str
    found: list[PolicyProblem] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether no more are kept."""
        return len(self.found) >= LIMITS.policy_problems

    def add(self, at: Placed, what: str, *, hint: str) -> None:
        """One more problem. `what` and `hint` quote foreign text only as `quoted` gives it."""
        if not self.is_full:
            self.found.append(
                PolicyProblem(file=self.file, line=at.line, column=at.column, what=what, hint=hint)
            )


def quoted(text: str) -> str:
    """Foreign text as a problem shows it: in backquotes, harmless, and not long."""
    return f"`{clip(printable(text), chars=LIMITS.policy_quoted_chars)}`"

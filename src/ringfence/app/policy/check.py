"""What is wrong with policy documents: all of it at once."""

from collections.abc import Sequence
from datetime import datetime

from ringfence.core.dataclass import dataclass
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import read
from ringfence.policy.problems import PolicyProblem, PolicyRefused
from ringfence.policy.rule import Tier

__all__ = ["Checked", "PolicyCheck", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One document that has nothing wrong with it."""

    file: str
    rules: int
    exceptions: int
    examples: int  # all of which came out as they say


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCheck:
    """What checking policy documents came to."""

    started_at: datetime  # UTC
    complete: bool
    good: tuple[Checked, ...]
    problems: tuple[PolicyProblem, ...]  # by file and place; none: the documents are good


def check(files: Sequence[PolicyFile], *, together: bool, started_at: datetime) -> PolicyCheck:
    """Checks each document by itself, or all of them `together` as the policy that they are."""
    good: list[Checked] = []
    problems: list[PolicyProblem] = []
    for group in (files,) if together else [(each,) for each in files]:
        try:
            document = read(group)
        except PolicyRefused as error:
            problems.extend(error.problems)
            continue
        good.extend(
            Checked(
                file=each.name,
                rules=sum(each.rules.values()),
                exceptions=each.exceptions,
                examples=each.examples,
            )
            for each in document.files
            if each.tier is not Tier.BUILT_IN or not files
        )
    return PolicyCheck(started_at=started_at, complete=True, good=tuple(good), problems=tuple(problems))

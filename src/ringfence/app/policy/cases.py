"""Tries a policy on the cases that are kept beside it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ringfence.app.policy.reading import read_document
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import UnreadableScope
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.policy.cases import Case, differences, reached, read_cases
from ringfence.policy.files import PolicyFile
from ringfence.policy.policy import Policy
from ringfence.policy.problems import PolicyProblem, PolicyRefused
from ringfence.policy.rule import Tier
from ringfence.policy.sentences import backquoted, of_rule

__all__ = ["CaseFailed", "Differing", "PolicyTested", "Uncovered", "case_files", "run_cases"]

_SUFFIXES = {".yaml", ".yml"}
_HINT = "cases are files that end in .yaml; docs/policy.md says how they are written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """One thing that the policy says otherwise."""

    what: str  # effect, mode, rule, obligations
    expected: str
    found: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFailed:
    """A case that came out otherwise."""

    name: str
    at: str
    differing: tuple[Differing, ...]
    decided_by: str | None  # file and line of the rule or mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """A rule that no case fits."""

    rule: str
    at: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTested:
    """What the cases came to."""

    started_at: datetime  # UTC
    complete: bool  # every file of cases could be read
    policy_digest: str
    files: int
    passed: int
    failed: tuple[CaseFailed, ...]
    problems: tuple[PolicyProblem, ...]  # of files of cases
    rules: int
    uncovered: tuple[Uncovered, ...]  # by place


def case_files(paths: Sequence[Path]) -> list[PolicyFile]:
    """The files of cases: those named, and all YAML below folders that are named, in order.

    Raises:
        UnreadableScope: one cannot be read, or there is none.
    """
    found = [each for path in paths for each in (_below(path) if path.is_dir() else (path,))]
    if not found:
        names = clip(", ".join(printable(str(each)) for each in paths), chars=LIMITS.name_chars)
        raise UnreadableScope(f"{names}: no cases here", hint=_HINT)
    return [read_document(each, Tier.USER, hint=_HINT) for each in found]


def _below(folder: Path) -> Iterator[Path]:
    files = sorted(each for each in folder.rglob("*") if each.suffix in _SUFFIXES and each.is_file())
    if len(files) > LIMITS.policy_cases:
        raise UnreadableScope(
            f"more than {LIMITS.policy_cases} files of cases", hint="name a folder with fewer"
        )
    yield from files


def run_cases(policy: Policy, files: Sequence[PolicyFile], *, started_at: datetime) -> PolicyTested:
    """Decides every case; a case without a time of its own happens at `started_at`."""
    cases: list[Case] = []
    problems: list[PolicyProblem] = []
    for file in files:
        try:
            cases += read_cases(file)
        except PolicyRefused as error:
            problems += error.problems
    failed = [each for each in (_tried(policy, case, started_at) for case in cases) if each is not None]
    fitted = frozenset[str]().union(*(reached(policy, case, now=started_at) for case in cases))
    return PolicyTested(
        started_at=started_at,
        complete=not problems,
        policy_digest=policy.digest,
        files=len(files),
        passed=len(cases) - len(failed),
        failed=tuple(failed),
        problems=tuple(problems),
        rules=len(policy.rules),
        uncovered=tuple(
            Uncovered(rule=each.id, at=str(each.at), says=backquoted(of_rule(each)))
            for each in policy.rules
            if each.id not in fitted
        ),
    )


def _tried(policy: Policy, case: Case, started_at: datetime) -> CaseFailed | None:
    decision = policy.decide(case.action, now=case.now or started_at)
    differing = tuple(
        Differing(what=each.what, expected=each.expected, found=each.found, at=str(each.at))
        for each in differences(case, decision)
    )
    if not differing:
        return None
    at = decision.reasons[0].at
    return CaseFailed(
        name=case.name, at=str(case.at), differing=differing, decided_by=str(at) if at else None
    )

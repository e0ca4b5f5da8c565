"""What `--fail-on` means for findings, verdicts and standings."""

from collections.abc import Iterable, Sequence

from ringfence.core.findings import Finding, Severity
from ringfence.core.standings import Standing, StandingWord
from ringfence.core.verdicts import Verdict

__all__ = ["standing_fails", "worst_severity_fails", "worst_verdict_fails"]


def worst_severity_fails(findings: Iterable[Finding], fail_on: Sequence[str]) -> bool:
    """Whether a finding is as bad as the mildest severity in `fail_on`, or worse. Other words are nothing."""
    floor = min((Severity(word) for word in fail_on if word in set(Severity)), default=None)
    return floor is not None and any(each.severity >= floor for each in findings)


def worst_verdict_fails(verdicts: Iterable[Verdict | None], fail_on: Sequence[str]) -> bool:
    """Whether a verdict is as bad as the mildest one in `fail_on`, or worse. Other words are nothing."""
    floor = min((Verdict(word) for word in fail_on if word in set(Verdict)), default=None)
    return floor is not None and any(each is not None and each >= floor for each in verdicts)


def standing_fails(standings: Iterable[Standing | None], fail_on: Sequence[str]) -> bool:
    """Whether something stands as badly as the mildest standing in `fail_on`, or worse, whether or not that
    would be carried out. What nobody could judge is as bad as forbidden. Other words are nothing.
    """
    floor = min((StandingWord(word).rank for word in fail_on if word in set(StandingWord)), default=None)
    return floor is not None and any(each is None or each.word.rank >= floor for each in standings)

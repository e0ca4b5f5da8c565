"""What it all comes down to: may this be loaded? And how findings fold into that one word."""

from collections.abc import Iterable
from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Severity

__all__ = ["Judgement", "Verdict", "judged", "verdict_of", "worst"]


class Verdict(StrEnum):
    """From the best to the worst; later ones win."""

    CLEAN = "clean"  # everything was examined and nothing in it can act
    KNOWN_LIBRARY = "known-library"  # acts through classes of well-known libraries only
    UNKNOWN = "unknown"  # refers to code that nobody has looked at
    INCONCLUSIVE = "inconclusive"  # a part could not be examined: skipped, broken, or over a limit
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Verdict).index(self)

    # All four, because a str has them already and would compare by the alphabet.
    def __lt__(self, other: str) -> bool:
        return self.rank < Verdict(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Verdict(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Verdict(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Verdict(other).rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with what led to it, and what it says nothing about."""

    verdict: Verdict
    reasons: tuple[str, ...]  # harmless to print, those of this verdict only
    leaves_out: tuple[str, ...]  # what was not examined because nothing here examines it


_OF_SEVERITY = {
    Severity.INFO: Verdict.KNOWN_LIBRARY,
    Severity.LOW: Verdict.UNKNOWN,
    Severity.MEDIUM: Verdict.INCONCLUSIVE,
    Severity.HIGH: Verdict.SUSPICIOUS,
    Severity.CRITICAL: Verdict.MALICIOUS,
}


def verdict_of(severity: Severity, confidence: Confidence) -> Verdict:
    """What one finding about a file's content makes of the file. A mere possibility is never malicious."""
    verdict = _OF_SEVERITY[severity]
    return (
        Verdict.SUSPICIOUS if verdict is Verdict.MALICIOUS and confidence is Confidence.POSSIBLE else verdict
    )


def judged(reasons: Iterable[tuple[Verdict, str]], *, leaves_out: Iterable[str]) -> Judgement:
    """The worst of `reasons` holds; without any it is clean."""
    found = tuple(reasons)
    verdict = max((each for each, _ in found), default=Verdict.CLEAN)
    told = dict.fromkeys(text for each, text in found if each == verdict and verdict is not Verdict.CLEAN)
    return Judgement(verdict=verdict, reasons=tuple(told), leaves_out=tuple(dict.fromkeys(leaves_out)))


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """The judgement of a whole: the worst part's verdict, and everything that any part leaves out.

    Nothing at all is inconclusive.
    """
    parts = tuple(judgements)
    if not parts:
        return Judgement(verdict=Verdict.INCONCLUSIVE, reasons=("nothing was examined",), leaves_out=())
    return judged(
        ((part.verdict, reason) for part in parts for reason in part.reasons or ("",)),
        leaves_out=(each for part in parts for each in part.leaves_out),
    )

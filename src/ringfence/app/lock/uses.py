"""Whether a license lets a model be used for something, going by the class that the license has.

The classes are those of docs/decisions/0004; docs/decisions/0008 says why each use takes which.
"""

from ringfence.artifacts.licenses import LicenseClass, class_of, obligations
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.locks import Use

__all__ = ["license_finding"]

_LEGAL = (
    LicenseClass.PERMISSIVE,
    LicenseClass.COPYLEFT,
    LicenseClass.USE_RESTRICTED,
    LicenseClass.COMMERCIAL_THRESHOLD,
)
_ALLOWED = {
    Use.EXPERIMENT: (*_LEGAL, LicenseClass.REVIEW, LicenseClass.NON_COMMERCIAL),
    Use.INTERNAL: _LEGAL,
    Use.PRODUCTION: _LEGAL,
    Use.DISTRIBUTION: _LEGAL,
}
_FORBIDDING = {  # obligations, by id
    Use.EXPERIMENT: frozenset[str](),
    Use.INTERNAL: frozenset({"no-production-use"}),
    Use.PRODUCTION: frozenset({"no-production-use", "no-commercial-use"}),
    Use.DISTRIBUTION: frozenset({"no-production-use", "no-commercial-use", "no-derivatives"}),
}
_IN_BUILD = {
    Use.EXPERIMENT: "an experiment",
    Use.INTERNAL: "internal use",
    Use.PRODUCTION: "a production build",
    Use.DISTRIBUTION: "what is passed on",
}
_WHAT = {
    LicenseClass.NON_COMMERCIAL: "non-commercial weights in {}",
    LicenseClass.REVIEW: "a license that somebody has to read first, in {}",
    LicenseClass.UNKNOWN: "a license that nobody knows, in {}",
}


def license_finding(subject: str, license_: str | None, use: Use) -> Finding | None:
    """That the license does not allow the use; None when it does."""
    where = _IN_BUILD[use]
    if license_ is None:
        return _finding(subject, Severity.MEDIUM, f"no license is stated, in {where}")
    kind = class_of(license_)
    if kind not in _ALLOWED[use]:
        severity = Severity.HIGH if kind is LicenseClass.NON_COMMERCIAL else Severity.MEDIUM
        return _finding(subject, severity, _WHAT[kind].format(where), license_)
    asked = tuple(each for each in obligations(license_) if each.id in _FORBIDDING[use])
    if asked:
        return _finding(subject, Severity.MEDIUM, asked[0].text, license_)
    return None


def _finding(subject: str, severity: Severity, *evidence: str) -> Finding:
    return finding(
        "license-not-for-use",
        severity=severity,
        confidence=Confidence.CERTAIN,
        subject=subject,
        evidence=evidence,
        advice="use another model, get a license that allows it, or lock it for a use that this one allows",
    )

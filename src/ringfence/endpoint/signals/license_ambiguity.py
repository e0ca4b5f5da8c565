"""Models whose license is unknown, non-commercial, in dispute, or to be read by a person first."""

from collections.abc import Iterable, Iterator

from ringfence.artifacts.examine import surely_weights
from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.models import Model
from ringfence.endpoint.signals.evidence import evidence, raised_by

__all__ = ["look"]


def look(models: Iterable[Model]) -> Signal:
    """One piece of evidence for each such model, by name.

    Models that run elsewhere are left out, and arrays and pickles that state no license: most are data.
    """
    local = sorted(
        (model for model in models if not model.remote), key=lambda model: (model.name, str(model.location))
    )
    return raised_by(SignalId.LICENSE_AMBIGUITY, (found for model in local for found in _doubts(model)))


def _doubts(model: Model) -> Iterator[Evidence]:
    reasons: list[str] = []
    confidence = Confidence.CERTAIN
    if model.effective_license is None and not surely_weights(file.format for file in model.files):
        return
    if model.effective_license is None:
        reasons.append("no license is stated")
        confidence = Confidence.LIKELY
    else:
        reasons += _concerns(model.effective_license)
    dispute = next((finding for finding in model.findings if finding.check == "license-conflict"), None)
    if dispute:
        confidence = confidence if reasons else dispute.confidence
        reasons.append("its sources disagree: " + ", ".join(dispute.evidence))
    if reasons:
        yield evidence(model.name, "; ".join(reasons), confidence)


def _concerns(license_: str) -> Iterator[str]:
    from ringfence.artifacts.licenses import LicenseClass, class_of

    words = {
        LicenseClass.UNKNOWN: "nobody knows what {} asks",
        LicenseClass.NON_COMMERCIAL: "{} bars commercial use",
        LicenseClass.REVIEW: "{} has to be read for the planned use",
    }
    if found := words.get(class_of(license_)):
        yield found.format(license_)

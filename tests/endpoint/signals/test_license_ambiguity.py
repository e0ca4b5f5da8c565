"""Models whose license is in doubt."""

from pathlib import Path

import pytest

from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.inventory import Evidence, SignalId
from ringfence.core.models import Model, ModelFile
from ringfence.endpoint.signals.license_ambiguity import look

CONFLICT = finding(
    "license-conflict",
    severity=Severity.MEDIUM,
    confidence=Confidence.LIKELY,
    subject="chat",
    advice="ask",
    evidence=("MIT (README.md license)", "Zed (GGUF general.license)"),
)


def model(effective: str | None, *findings: Finding, name: str = "chat", remote: bool = False) -> Model:
    return Model(
        id=None,
        name=name,
        revision=None,
        store=None,
        location=Path("/m"),
        effective_license=effective,
        files=(ModelFile(path=Path("/m"), name="m", format="gguf", size_bytes=1),),
        findings=findings,
        remote=remote,
    )


@pytest.mark.parametrize(
    ("one", "text", "confidence"),
    [
        (model(None), "no license is stated", Confidence.LIKELY),
        (model("LicenseRef-unknown-x"), "nobody knows what LicenseRef-unknown-x asks", Confidence.CERTAIN),
        (model("CC-BY-NC-4.0"), "CC-BY-NC-4.0 bars commercial use", Confidence.CERTAIN),
        (model("AGPL-3.0-only"), "AGPL-3.0-only has to be read for the planned use", Confidence.CERTAIN),
        (
            model("MIT", CONFLICT),
            "its sources disagree: MIT (README.md license), Zed (GGUF general.license)",
            Confidence.LIKELY,
        ),
        (
            model("Zed", CONFLICT),
            (
                "Zed has to be read for the planned use; its sources disagree: "
                "MIT (README.md license), Zed (GGUF general.license)"
            ),
            Confidence.CERTAIN,
        ),
    ],
)
def test_each_doubt_is_said(one: Model, text: str, confidence: Confidence) -> None:
    found = look([one])
    assert (found.id, found.raised) == (SignalId.LICENSE_AMBIGUITY, True)
    assert found.evidence == (Evidence(subject="chat", text=text, confidence=confidence),)


@pytest.mark.parametrize(
    "effective", ["MIT", "GPL-3.0-only", "LicenseRef-llama-3-license-2024", "MIT OR Zed"]
)
def test_a_license_that_is_clear_raises_nothing(effective: str) -> None:
    assert look([model(effective)]).raised is False


def test_models_come_by_name_and_those_that_run_elsewhere_not_at_all() -> None:
    found = look([model(None, name="b"), model(None, name="a"), model(None, name="c", remote=True)])
    assert [each.subject for each in found.evidence] == ["a", "b"]


def test_no_models_raise_nothing() -> None:
    assert look([]).raised is False

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.limits import LIMITS


def _found(subject: str = "model.gguf", evidence: tuple[str, ...] = (), offset: int | None = None) -> Finding:
    return finding(
        "duplicate-key",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        subject=subject,
        advice="do not load it",
        evidence=evidence,
        offset=offset,
    )


def test_severities_are_ordered_by_how_bad_they_are() -> None:
    assert sorted(Severity, key=lambda each: each) == [
        Severity.INFO,
        Severity.LOW,
        Severity.MEDIUM,
        Severity.HIGH,
        Severity.CRITICAL,
    ]
    assert Severity.CRITICAL > Severity.INFO
    assert max("low", Severity.HIGH, key=Severity) is Severity.HIGH


@given(st.text(max_size=50), st.lists(st.text(max_size=50), max_size=5), st.none() | st.integers(0))
def test_the_same_problem_has_the_same_fingerprint(
    subject: str, evidence: list[str], offset: int | None
) -> None:
    first, second = (_found(subject, tuple(evidence), offset) for _ in range(2))
    assert first == second
    assert len(first.fingerprint) == 16


def test_check_subject_place_and_evidence_make_the_fingerprint() -> None:
    same = _found("m", ("e",), 1)
    others = [_found("n", ("e",), 1), _found("m", ("f",), 1), _found("m", ("e",), 2), _found("m", (), 1)]
    assert len({same.fingerprint, *(each.fingerprint for each in others)}) == 5


def test_advice_and_severity_do_not_make_the_fingerprint() -> None:
    same = finding(
        "duplicate-key",
        severity=Severity.LOW,
        confidence=Confidence.POSSIBLE,
        subject="model.gguf",
        advice="another",
    )
    assert same.fingerprint == _found().fingerprint
    assert (
        replace(same, severity=Severity.HIGH, confidence=Confidence.CERTAIN, advice="do not load it")
        == _found()
    )


def test_foreign_text_is_made_harmless_and_bounded() -> None:
    found = _found("\x1b]0;x\x07" + "y" * 1000, ("\u202e" + "z" * 1000,) * 100)
    assert found.subject.startswith("\\x1b]0;x\\x07y")
    assert len(found.subject) == LIMITS.name_chars
    assert len(found.evidence) == LIMITS.evidence_items
    assert all(len(each) == LIMITS.evidence_chars and each.isprintable() for each in found.evidence)

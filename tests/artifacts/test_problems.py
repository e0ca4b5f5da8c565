import pytest

from ringfence.artifacts.problems import Problem, ProblemKind, as_finding
from ringfence.core.findings import Confidence, Finding, Severity, finding


def test_a_problem_becomes_a_finding_with_its_place_and_harmless_evidence() -> None:
    problem = Problem(kind=ProblemKind.DUPLICATE_KEY, at=24, detail="key \x1b[31mred stands twice")
    assert as_finding(problem, subject="model.gguf") == finding(
        "duplicate-key",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        subject="model.gguf",
        offset=24,
        evidence=("key \\x1b[31mred stands twice",),
        advice="do not load it: loaders disagree on which value counts",
    )


@pytest.mark.parametrize("kind", ProblemKind)
def test_every_kind_of_problem_has_a_severity_and_advice(kind: ProblemKind) -> None:
    found = as_finding(Problem(kind=kind, at=None, detail="x"), subject="m")
    assert isinstance(found, Finding)
    assert found.advice

"""What the policy forbids or asks about is in reports, with the line that says so."""

from pathlib import Path

from ringfence.app.reports.standings import of_standings
from ringfence.core.decisions import Effect, Mode, Place, Section
from ringfence.core.findings import Severity
from ringfence.core.models import Model
from ringfence.core.standings import Standing, StandingWord

ROOT = Path("/models")


def _model(word: StandingWord, *, effect: Effect, mode: Mode, line: int = 14) -> Model:
    standing = Standing(
        word=word,
        effect=effect,
        mode=mode,
        section=Section.LICENSES,
        rule="no-research",
        at=Place(file="ringfence.yaml", line=line),
        why="Research only.",
        controls=("iso42001:A.6",),
    )
    return Model(id=None, name="m", revision=None, store=None, location=Path("m"), standing=standing)


def _told(*models: Model) -> list[tuple[str, Severity, Path | None, tuple[str, ...]]]:
    return [
        (each.finding.check, each.finding.severity, each.path, each.finding.evidence)
        for each in of_standings(models, ROOT)
    ]


def test_what_is_forbidden_is_a_finding_with_the_rule_and_its_line() -> None:
    forbidden = _model(StandingWord.FORBIDDEN, effect=Effect.DENY, mode=Mode.ENFORCE)
    evidence = ("rule no-research", "Research only.", "ringfence.yaml:14 (enforce)", "serves iso42001:A.6")
    assert _told(forbidden) == [("policy-forbidden", Severity.HIGH, ROOT / "m", evidence)]


def test_what_is_only_observed_is_milder() -> None:
    observed = _model(StandingWord.FORBIDDEN, effect=Effect.DENY, mode=Mode.OBSERVE)
    review = _model(StandingWord.REVIEW, effect=Effect.ASK, mode=Mode.ENFORCE)
    assert [(check, severity) for check, severity, _, _ in _told(observed, review)] == [
        ("policy-forbidden", Severity.LOW),
        ("policy-review", Severity.MEDIUM),
    ]


def test_what_is_approved_or_unreviewed_is_none() -> None:
    approved = _model(StandingWord.APPROVED, effect=Effect.ALLOW, mode=Mode.ENFORCE)
    unreviewed = _model(StandingWord.UNREVIEWED, effect=Effect.ALLOW, mode=Mode.OBSERVE)
    assert _told(approved, unreviewed) == []


def test_a_rule_that_moved_makes_no_new_finding() -> None:
    here, there = (
        next(
            iter(
                of_standings(
                    [_model(StandingWord.FORBIDDEN, effect=Effect.DENY, mode=Mode.WARN, line=line)], ROOT
                )
            )
        )
        for line in (3, 40)
    )
    assert here.finding.fingerprint == there.finding.fingerprint
    assert here.finding.evidence != there.finding.evidence

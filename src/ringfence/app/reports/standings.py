"""What the policy forbids or asks about, as findings of a report.

They are none of the things' own findings: another policy has others. Where the deciding rule stands is told
and not part of the fingerprint, so that an edit above it makes no new finding.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ringfence.app.reports.located import Located
from ringfence.core.decisions import Mode
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.machine import Agent, Listener, Runtime
from ringfence.core.models import Model
from ringfence.core.standings import Standing, StandingWord
from ringfence.core.text import printable

__all__ = ["of_standings"]

_SEVERITY = {
    (StandingWord.FORBIDDEN, Mode.ENFORCE): Severity.HIGH,
    (StandingWord.FORBIDDEN, Mode.WARN): Severity.MEDIUM,
    (StandingWord.REVIEW, Mode.ENFORCE): Severity.MEDIUM,
}  # else low
_TOLD = {  # check and advice
    StandingWord.FORBIDDEN: (
        "policy-forbidden",
        "do not use it, or have the policy changed by whoever answers for it",
    ),
    StandingWord.REVIEW: ("policy-review", "have somebody look at it who may decide, before it is used"),
}


def of_standings(things: Iterable[Model | Listener | Runtime | Agent], root: Path) -> Iterator[Located]:
    """A finding for each thing that is forbidden or to be asked about, where it lies."""
    for each in things:
        if each.standing is not None and each.standing.word in _TOLD:
            subject, path = _subject(each)
            yield Located(
                finding=_finding(each.standing, subject), path=None if path is None else root / path
            )


def _finding(standing: Standing, subject: str) -> Finding:
    told = [f"rule {standing.rule}" if standing.rule else f"nothing in section {standing.section} allows it"]
    told += [standing.why] if standing.why else []
    told += [f"unknown: {', '.join(standing.unknown)}"] if standing.unknown else []
    check, advice = _TOLD[standing.word]
    made = finding(
        check,
        severity=_SEVERITY.get((standing.word, standing.mode), Severity.LOW),
        confidence=Confidence.CERTAIN,
        subject=subject,
        evidence=tuple(told),
        advice=advice,
    )
    place = [f"{printable(str(standing.at))} ({standing.mode})"] if standing.at else []
    controls = [f"serves {', '.join(standing.controls)}"] if standing.controls else []
    return replace(made, evidence=(*made.evidence, *place, *controls))


def _subject(thing: Model | Listener | Runtime | Agent) -> tuple[str, Path | None]:
    match thing:
        case Model():
            return thing.name, thing.location
        case Listener():
            return f"{thing.address} port {thing.port}", None
        case Runtime():
            return thing.name, thing.location
        case Agent():
            return thing.name, thing.locations[0] if thing.locations else None

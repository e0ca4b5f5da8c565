"""The one entry point: what a model states about its license, what of it counts, and what is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import field
from itertools import combinations

from ringfence.artifacts.licenses.catalogue import UNSTATED, LicenseClass, catalogue
from ringfence.artifacts.licenses.claims import LicenseFile, Stated, claims_of
from ringfence.artifacts.licenses.expressions import tree_of
from ringfence.artifacts.licenses.lineage import known_license, repository_of
from ringfence.artifacts.licenses.spdx import AllOf
from ringfence.artifacts.licenses.strictness import class_of, effective_license, obligations, strictness
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Finding, Severity, finding
from ringfence.core.limits import LIMITS
from ringfence.core.models import LicenseClaim, Obligation

__all__ = ["LicenseInput", "LicenseJudgement", "is_inherited", "judge_license"]

_BASE = "base model"
_WELL_KNOWN = "well-known license of"
_LOOSE = (LicenseClass.PERMISSIVE, LicenseClass.COPYLEFT)


def _nobody(_repository: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseInput:
    """What is known of one model. `license_of` gives the license of another model of the inventory, by id."""

    subject: str  # the model's name, for findings
    files: tuple[LicenseFile, ...]
    repository: str | None = None  # org/name that the store keeps it under; can only make it stricter
    base_models: tuple[str, ...] = ()  # beyond what the files state
    license_of: Callable[[str], str | None] = field(default=_nobody)


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseJudgement:
    """What a model's licenses come to."""

    claims: tuple[LicenseClaim, ...]  # the model's own first, then those along its base models
    effective: str | None  # None when nothing is stated: nothing is permitted then
    obligations: tuple[Obligation, ...]
    findings: tuple[Finding, ...]
    base_models: tuple[str, ...]  # repository ids


def judge_license(model: LicenseInput) -> LicenseJudgement:
    """The judgement over one model. Pure; the same input gives the same findings in the same order."""
    stated = claims_of(model.files)
    bases = tuple(dict.fromkeys((*stated.base_models, *filter(None, map(repository_of, model.base_models)))))
    along = tuple(dict.fromkeys(_along(model, bases, stated.claims)))
    effective = effective_license(stated.claims, along)
    every = (*stated.claims, *along) if effective else ()
    return LicenseJudgement(
        claims=(*stated.claims, *along),
        effective=effective,
        obligations=obligations(*dict.fromkeys(claim.expression for claim in every)),
        findings=tuple(_findings(model.subject, stated, along, effective)),
        base_models=bases,
    )


def is_inherited(claim: LicenseClaim) -> bool:
    """Whether a claim of a judgement comes from what the model was made from, not from its own files."""
    return claim.source.startswith((f"{_BASE} ", f"{_WELL_KNOWN} "))


def _along(
    model: LicenseInput, bases: tuple[str, ...], own: tuple[LicenseClaim, ...]
) -> Iterator[LicenseClaim]:
    for base in bases:
        if model.repository and base.casefold() == model.repository.casefold():
            continue
        for expression, where in ((known_license(base), ""), (model.license_of(base), ", found here")):
            if expression:
                yield LicenseClaim(expression=expression, source=f"{_BASE} {base}{where}")
    known = known_license(model.repository) if model.repository else None
    if known and class_of(known) not in _LOOSE and known not in {claim.expression for claim in own}:
        yield LicenseClaim(expression=known, source=f"{_WELL_KNOWN} {model.repository}")


def _findings(
    subject: str, stated: Stated, along: tuple[LicenseClaim, ...], effective: str | None
) -> Iterator[Finding]:
    every = (*stated.claims, *along)
    if stated.card_problems:
        yield finding(
            "model-card-unreadable",
            severity=Severity.LOW,
            confidence=Confidence.CERTAIN,
            subject=subject,
            evidence=stated.card_problems,
            advice="read the README.md by hand: it may state another license than the one shown",
        )
    if stated.text_differences:
        yield finding(
            "license-text-differs",
            severity=Severity.LOW,
            confidence=Confidence.CERTAIN,
            subject=subject,
            evidence=stated.text_differences[: LIMITS.evidence_items],
            advice="read what was changed or added, and whether it asks for more than the license does",
        )
    disputed = _disputed(stated.claims, along)
    if disputed:
        yield _license_finding(
            "license-conflict",
            subject,
            disputed,
            "ask the publisher which license holds; until then the strictest does",
        )
    unknown = _of_class(every, LicenseClass.UNKNOWN)
    if unknown:
        yield _license_finding(
            "license-unknown", subject, unknown, "have the terms read before anybody uses the model"
        )
    elif effective is None:
        yield finding(
            "license-unknown",
            severity=Severity.LOW,
            confidence=Confidence.LIKELY,
            subject=subject,
            evidence=("no license is stated",),
            advice="without a license nothing is permitted: find where the model came from",
        )
    restricted = _of_class(every, LicenseClass.NON_COMMERCIAL)
    if restricted:
        yield _license_finding("license-non-commercial", subject, restricted, "do not use the model at work")
    review = _of_class(every, LicenseClass.REVIEW)
    if review:
        yield _license_finding(
            "license-review",
            subject,
            review,
            "have the license read for the use that is planned",
            Severity.LOW,
        )


def _license_finding(
    check: str,
    subject: str,
    claims: tuple[LicenseClaim, ...],
    advice: str,
    severity: Severity = Severity.MEDIUM,
) -> Finding:
    return finding(
        check,
        severity=severity,
        confidence=Confidence.LIKELY if check == "license-conflict" else Confidence.CERTAIN,
        subject=subject,
        evidence=tuple(f"{claim.expression} ({claim.source})" for claim in claims),
        advice=advice,
    )


def _of_class(claims: tuple[LicenseClaim, ...], kind: LicenseClass) -> tuple[LicenseClaim, ...]:
    return tuple(claim for claim in claims if class_of(claim.expression) is kind)


def _disputed(own: tuple[LicenseClaim, ...], along: tuple[LicenseClaim, ...]) -> tuple[LicenseClaim, ...]:
    """Claims that cannot all be true: own ones that differ, or a base model's that is of a stricter class."""
    said = tuple(claim for claim in own if claim.expression != UNSTATED)
    if not said:
        return ()
    strictest = max(strictness(claim.expression)[0] for claim in said)
    stricter = tuple(claim for claim in along if strictness(claim.expression)[0] > strictest)
    distinct = tuple(dict.fromkeys(claim.expression for claim in said))[: LIMITS.evidence_items]
    if stricter or not all(_agree(one, other) for one, other in combinations(distinct, 2)):
        return (*said, *stricter)
    return ()


def _agree(one: str, other: str) -> bool:
    table = catalogue().by_expression
    a, b = table.get(one.casefold()), table.get(other.casefold())
    covered = bool(a and b and (b.id in a.covers or a.id in b.covers))
    return one == other or covered or _is_part_of(one, other) or _is_part_of(other, one)


def _is_part_of(one: str, other: str) -> bool:
    """Whether `other` asks for `one` and for more that is no stricter, as where a file holds two texts."""
    tree = tree_of(other)
    return isinstance(tree, AllOf) and tree_of(one) in tree.parts and class_of(one) is class_of(other)

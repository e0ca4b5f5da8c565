"""Repositories in which nothing records which model wrote what."""

from collections.abc import Iterable

from ringfence.core.findings import Confidence
from ringfence.core.inventory import Evidence, Signal, SignalId
from ringfence.core.machine import Repository
from ringfence.endpoint.signals.evidence import evidence, raised_by

__all__ = ["look"]


def look(repositories: Iterable[Repository] | None) -> Signal:
    """One piece of evidence for each repository without records, those with marks of agents first."""
    without = (repository for repository in repositories or () if not repository.records)
    found = map(_evidence, sorted(without, key=lambda each: (not each.agent_marks, str(each.path))))
    return raised_by(SignalId.UNRECORDED_CODE, found, looked=repositories is not None)


def _evidence(repository: Repository) -> Evidence:
    if repository.agent_marks:
        marks = ", ".join(sorted(repository.agent_marks))
        return evidence(
            str(repository.path),
            f"agents work here ({marks}), and nothing records their models",
            Confidence.LIKELY,
        )
    return evidence(str(repository.path), "code without a record of models", Confidence.POSSIBLE)

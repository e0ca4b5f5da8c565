"""Models with the verdicts of their files."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ringfence.core.dataclass import replace
from ringfence.core.findings import Finding
from ringfence.core.judged import JudgedFile
from ringfence.core.models import Model
from ringfence.core.verdicts import Verdict, verdict_of

__all__ = ["about_identity", "with_findings", "with_verdicts"]


_IDENTITY = ("digest-", "name-")  # checks whether these are the bytes, and the model, that somebody meant


def with_verdicts(models: Iterable[Model], judged: Mapping[Path, JudgedFile]) -> tuple[Model, ...]:
    """Each model with the worst verdict of its files; a file that nobody judged makes it inconclusive."""
    return tuple(replace(model, verdict=_verdict(model, judged)) for model in models)


def with_findings(models: Iterable[Model], judged: Mapping[Path, JudgedFile]) -> tuple[Model, ...]:
    """Each model with what was found in its files, beside what was known already."""
    return tuple(_with_findings(model, judged) for model in models)


def about_identity(models: Iterable[Model]) -> Iterator[Finding]:
    """What was found about who the models are, which counts for their verdicts; licenses do not."""
    for model in models:
        yield from (each for each in model.findings if each.check.startswith(_IDENTITY))


def _verdict(model: Model, judged: Mapping[Path, JudgedFile]) -> Verdict | None:
    if model.remote:
        return None  # its weights are on somebody else's machine
    found = [judged.get(file.path) for file in model.files]
    of_files = [each.verdict if each else Verdict.INCONCLUSIVE for each in found]
    of_names = [verdict_of(each.severity, each.confidence) for each in about_identity((model,))]
    return max((*of_files, *of_names), default=Verdict.INCONCLUSIVE)


def _with_findings(model: Model, judged: Mapping[Path, JudgedFile]) -> Model:
    found = {each.fingerprint: each for each in model.findings}
    for file in model.files:
        for each in judged[file.path].findings if file.path in judged else ():
            found.setdefault(each.fingerprint, each)
    return replace(model, findings=tuple(found.values()))

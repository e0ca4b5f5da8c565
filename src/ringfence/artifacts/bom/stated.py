"""What all formats say about a model, gathered from its files' headers and its author's words.

Headers come before README.md and config.json: they are the weights' own. Text of strangers is harmless here:
hidden characters are spelled out, and it is clipped.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from ringfence.artifacts.bom.bill import Described
from ringfence.artifacts.licenses.lineage import repository_of
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import FactName, FactValue
from ringfence.core.findings import Finding
from ringfence.core.limits import LIMITS
from ringfence.core.models import Model, ModelFile
from ringfence.core.text import clip, printable

__all__ = [
    "Origin",
    "Stated",
    "affected_file",
    "is_about_terms",
    "local_license_names",
    "plain",
    "rfc3339",
    "shown",
    "stated",
]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)
_HUB = "https://huggingface.co"
_REF = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_TERMS = ("license-", "model-card-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A model or data that the model was made from, as its author says."""

    name: str
    address: str | None  # on the hub, where the name is one of the hub's
    purl: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What is said about one model. All text is harmless."""

    name: str
    version: str | None  # the store's word for it
    purl: str | None
    address: str | None  # of this very version on the hub
    publisher: str | None  # the organisation on the hub
    task: str | None
    family: str | None
    architecture: str | None
    parameters: tuple[tuple[str, str], ...]  # (what, how much), e.g. ("context_tokens", "512")
    languages: tuple[str, ...]
    datasets: tuple[Origin, ...]
    base_models: tuple[Origin, ...]
    metrics: tuple[tuple[str, str, str | None], ...]  # (type, value, dataset)
    limitations: tuple[str, ...]


def stated(described: Described) -> Stated:
    """What is said about the model."""
    model, said = described.model, described.description
    hub_name = _hub_name(model)
    at = f"@{model.revision}" if hub_name else ""
    family = _first(model.files, FactName.ARCHITECTURE) or said.family
    return Stated(
        name=plain(model.name) or "model",
        version=plain(model.revision) if model.revision else None,
        purl=f"pkg:huggingface/{hub_name}{at}" if hub_name else None,
        address=f"{_HUB}/{hub_name}/tree/{model.revision}" if hub_name else None,
        publisher=hub_name.partition("/")[0] if hub_name and "/" in hub_name else None,
        task=plain(said.task) if said.task else None,
        family=plain(str(family)) if family else None,
        architecture=plain(said.architecture) if said.architecture else None,
        parameters=tuple(_parameters(described)),
        languages=tuple(map(plain, said.languages)),
        datasets=tuple(_dataset(name) for name in dict.fromkeys(map(plain, said.datasets))),
        base_models=tuple(_base_models(described)),
        metrics=tuple(
            (plain(each.type), plain(each.value), plain(each.dataset) if each.dataset else None)
            for each in said.metrics
        ),
        limitations=tuple(plain(text, chars=LIMITS.paragraph_chars) for text in said.limitations),
    )


def plain(text: str, *, chars: int = LIMITS.name_chars) -> str:
    """Text of a stranger, harmless and at most `chars` long."""
    return clip(printable(clip(text, chars=chars)), chars=chars)


def shown(value: FactValue) -> str:
    """A fact as text, a list's items parted by commas."""
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return plain(text, chars=LIMITS.metadata_value_chars)


def rfc3339(at: datetime) -> str:
    """A time in UTC to the second, as both formats want it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def local_license_names(expression: str) -> tuple[str, ...]:
    """The names in an expression that the SPDX license list does not have, each once."""
    return tuple(dict.fromkeys(_REF.findall(expression)))


def is_about_terms(finding: Finding) -> bool:
    """Whether it is about what is permitted, not about the bytes."""
    return finding.check.startswith(_TERMS)


def affected_file(model: Model, finding: Finding) -> int | None:
    """The number, from 1, of the model's file that a finding is about, where it is about one."""
    about = finding.subject.partition("!/")[0]
    names = ((plain(file.name), plain(file.path.name)) for file in model.files)
    found = [number for number, known in enumerate(names, start=1) if about in known]
    if not found:  # judged under its name below the folder that was named
        ends = (plain(file.name) for file in model.files)
        found = [number for number, name in enumerate(ends, start=1) if about.endswith(f"/{name}")]
    return found[0] if found else None


def _hub_name(model: Model) -> str | None:
    """The repository, when the store's own folders say so: `models--org--name/snapshots/<commit>`."""
    folder = model.location.parent.parent.name
    in_cache = folder == "models--" + model.name.replace("/", "--")
    known = in_cache and model.revision and _COMMIT.fullmatch(model.revision)
    return model.name if known and _HUB_NAME.fullmatch(model.name) else None


def _parameters(described: Described) -> Iterator[tuple[str, str]]:
    files, said = described.model.files, described.description
    elements = sum(_counts(files, FactName.PARAMETERS))
    if elements:
        yield "parameters", str(elements)
    context = max(_counts(files, FactName.CONTEXT), default=said.context_tokens)
    if context:
        yield FactName.CONTEXT.value, str(context)
    quantization = _first(files, FactName.QUANTIZATION) or said.quantization
    if quantization:
        yield FactName.QUANTIZATION.value, plain(str(quantization))
    kinds = (file.facts.get(FactName.DTYPES, ()) for file in files)
    dtypes = tuple(dict.fromkeys(each for found in kinds if isinstance(found, tuple) for each in found))
    if dtypes:
        yield FactName.DTYPES.value, shown(dtypes)


def _counts(files: Iterable[ModelFile], name: FactName) -> Iterator[int]:
    for file in files:
        value = file.facts.get(name)
        if isinstance(value, int):
            yield value


def _first(files: Iterable[ModelFile], name: FactName) -> str | None:
    found = (file.facts.get(name) for file in files)
    return next((value for value in found if isinstance(value, str) and value), None)


def _dataset(name: str) -> Origin:
    on_hub = _HUB_NAME.fullmatch(name)
    return Origin(name=name, address=f"{_HUB}/datasets/{name}" if on_hub else None)


def _base_models(described: Described) -> Iterator[Origin]:
    """Repository ids where authors wrote those or addresses of the hub, else their own words; each once."""
    facts = (file.facts.get(FactName.BASE_MODELS, ()) for file in described.model.files)
    written = [base for found in facts if isinstance(found, tuple) for base in found]
    seen: set[str] = set()
    for text in (*described.description.base_models, *written):
        name = plain(repository_of(text) or text)
        if name and name.casefold() not in seen and len(seen) < LIMITS.fact_items:
            seen.add(name.casefold())
            on_hub = "/" in name and _HUB_NAME.fullmatch(name)
            yield Origin(
                name=name,
                address=f"{_HUB}/{name}" if on_hub else None,
                purl=f"pkg:huggingface/{name}" if on_hub else None,
            )

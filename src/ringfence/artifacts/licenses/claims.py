"""Gathers every place where a model's files state a license or a base model.

Model card, GGUF and safetensors headers, license texts. Each place is one claim, told apart by its source.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from types import MappingProxyType

from ringfence.artifacts.licenses.catalogue import UNSTATED
from ringfence.artifacts.licenses.expressions import all_of, from_link, normalise
from ringfence.artifacts.licenses.lineage import repository_of
from ringfence.artifacts.licenses.texts import LicenseText, read_license_text
from ringfence.artifacts.readme import ModelCard, read_card
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import FactName, Facts
from ringfence.core.limits import LIMITS
from ringfence.core.models import LicenseClaim
from ringfence.core.text import clip, printable

__all__ = ["LicenseFile", "Stated", "claims_of", "wants_text"]

_NO_FACTS: Facts = MappingProxyType({})
_GAPS = re.compile(r"[-_. ]+")
_LICENSE_WORDS = frozenset({"license", "licence", "licenses", "copying"})
_ABOUT_SOMETHING_ELSE = frozenset({"code", "data", "dataset", "src", "third", "thirdparty", "font", "fonts"})
_TEXT_SUFFIXES = frozenset({"", "md", "txt", "rst"})
_HEADER_FIELD = {"gguf": "GGUF general.license", "safetensors": "safetensors metadata"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseFile:
    """One file of a model, with what it may say about licenses."""

    name: str  # within the model
    format: str | None = None
    facts: Facts = field(default_factory=lambda: _NO_FACTS)
    text: bytes | None = None  # the contents, where `wants_text` says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a model's files state."""

    claims: tuple[LicenseClaim, ...]
    base_models: tuple[str, ...]  # repository ids, as authors write them
    card_problems: tuple[str, ...]
    text_differences: tuple[
        str, ...
    ] = ()  # between license files and the texts of the licenses that they hold


def wants_text(name: str) -> bool:
    """Whether the contents of the file of that name within a model are worth reading for its license.

    Only at the top: a license deeper in a tree is that of vendored code. At most
    `limits.license_text_bytes` of it count; of a README at most `limits.yaml_bytes`.
    """
    return _is_card(name) or _is_license(name)


def claims_of(files: Iterable[LicenseFile]) -> Stated:
    """Everything that the files state, each claim once, in the order of the files."""
    files = tuple(files)
    read = tuple(_texts(files))
    texts = tuple(LicenseClaim(expression=text.expression, source=source) for source, text in read)
    cards = [read_card(file.text) for file in files if file.text is not None and _is_card(file.name)]
    claims = [claim for card in cards for claim in _card_claims(card, texts)]
    claims += [claim for file in files for claim in _header_claims(file)]
    return Stated(
        claims=tuple(dict.fromkeys((*claims, *texts))),
        base_models=tuple(_base_models(cards, files)),
        card_problems=tuple(problem for card in cards for problem in card.problems),
        text_differences=tuple(
            f"{each} ({source}, taken for {text.expression})"
            for source, text in read
            for each in text.differences
        ),
    )


def _is_card(name: str) -> bool:
    return name.casefold() == "readme.md"


def _is_license(name: str) -> bool:
    stem, _, suffix = name.casefold().rpartition(".") if "." in name else (name.casefold(), "", "")
    parts = frozenset(_GAPS.split(stem))
    return (
        "/" not in name
        and suffix in _TEXT_SUFFIXES
        and (bool(parts & _LICENSE_WORDS) or {"use", "policy"} <= parts)
        and not parts & _ABOUT_SOMETHING_ELSE
    )


def _texts(files: tuple[LicenseFile, ...]) -> Iterator[tuple[str, LicenseText]]:
    """What each license file says, behind the source of its claim."""
    for file in files:
        if file.text is not None and _is_license(file.name):
            text = read_license_text(file.text)
            if text:
                yield f"text of {clip(printable(file.name), chars=LIMITS.evidence_chars)}", text


def _card_claims(card: ModelCard, texts: tuple[LicenseClaim, ...]) -> Iterator[LicenseClaim]:
    """`license: other` means, on Hugging Face, the LICENSE file that lies beside the card."""
    if not (card.licenses or card.license_name or card.license_link):
        return
    stated = all_of(normalise(text) for text in card.licenses)
    for claim in _field_claims(stated, card.license_name, card.license_link, "README.md license"):
        if claim.expression == UNSTATED and texts:
            yield LicenseClaim(expression=all_of(text.expression for text in texts), source=claim.source)
        else:
            yield claim


def _header_claims(file: LicenseFile) -> Iterator[LicenseClaim]:
    text, name, link = (
        _text(file.facts, fact) for fact in (FactName.LICENSE, FactName.LICENSE_NAME, FactName.LICENSE_LINK)
    )
    if text or name or link:
        where = _HEADER_FIELD.get(file.format or "", f"{file.format or 'file'} header")
        yield from _field_claims(normalise(text or ""), name, link, where)


def _field_claims(stated: str, name: str | None, link: str | None, where: str) -> Iterator[LicenseClaim]:
    """One claim for the license, and one for each of name and link that says something else."""
    if stated == UNSTATED:
        yield LicenseClaim(expression=normalise("", name=name, link=link), source=where)
        return
    yield LicenseClaim(expression=stated, source=where)
    named = normalise(name) if name else UNSTATED
    if named not in (UNSTATED, stated):
        yield LicenseClaim(expression=named, source=f"{where} name")
    linked = from_link(link) if link else None
    if linked not in (None, stated):
        yield LicenseClaim(expression=linked or UNSTATED, source=f"{where} link")


def _base_models(cards: list[ModelCard], files: tuple[LicenseFile, ...]) -> Iterator[str]:
    stated = [base for card in cards for base in card.base_models]
    for file in files:
        bases = file.facts.get(FactName.BASE_MODELS, ())
        stated += [base for base in bases if isinstance(base, str)] if isinstance(bases, tuple) else []
    seen: set[str] = set()
    for repository in filter(None, map(repository_of, stated)):
        if repository.casefold() not in seen and len(seen) < LIMITS.fact_items:
            seen.add(repository.casefold())
            yield clip(printable(repository), chars=LIMITS.name_chars)


def _text(facts: Facts, name: FactName) -> str | None:
    value = facts.get(name)
    return value if isinstance(value, str) and value.strip() else None

"""Whether a README speaks of the models that lie beside it. Licenses are compared elsewhere."""

from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.folders.folder import Directory, said
from ringfence.artifacts.readme import read_card
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import FactName
from ringfence.core.findings import Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["judge"]

_WORD: Final = pattern(r"[^\W\d_]{3,}")
_ADVICE: Final = "find out whether the card belongs to this file"


def judge(directory: Directory) -> Iterator[tuple[str, Spotted]]:
    """GGUF files whose headers name a model and bases that share no word with what the card names."""
    readme = next((file for file in sorted(directory.files) if file.casefold() == "readme.md"), None)
    files = directory.ending(".gguf")
    text = directory.text(readme, max_bytes=LIMITS.readme_bytes) if readme and files else None
    card = read_card(text.encode("utf-8", "replace")) if text else None
    if card is None or not card.base_models:
        return
    stated = {word for each in card.base_models for word in _words(each)}
    for file in files[: LIMITS.evidence_items]:
        facts = directory.folder.facts(directory.named(file))
        bases, name = facts.get(FactName.BASE_MODELS), facts.get(FactName.NAME, "")
        if not isinstance(bases, tuple):
            continue
        held = {word for each in (*bases, str(name)) for word in _words(each)}
        if held and stated and not held & stated:
            evidence = (f"made of {', '.join(bases[:3])}", f"the card says {', '.join(card.base_models[:3])}")
            yield directory.named(file), said("card-differs", Severity.LOW, *evidence, advice=_ADVICE)


def _words(name: str) -> Iterator[str]:
    return (word.casefold() for word in _WORD.findall(name.rpartition("/")[2]))

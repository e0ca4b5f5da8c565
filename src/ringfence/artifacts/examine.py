"""Says what a file is and what its header tells. The dispatcher: formats do not know each other."""

from dataclasses import dataclass
from types import MappingProxyType

from ringfence.artifacts.format import Format
from ringfence.artifacts.formats import FORMATS
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName, Facts, FactValue

__all__ = ["KNOWN_SUFFIXES", "Examined", "examine", "identify"]

KNOWN_SUFFIXES = frozenset(suffix for each in FORMATS for suffix in each.suffixes)

_NEVER_ANYTHING_ELSE = {each.suffixes[0]: each for each in FORMATS if each.name in ("gguf", "safetensors")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one file turned out to be. `format` is None for everything that is not a model file."""

    format: str | None
    facts: Facts
    problems: tuple[Problem, ...]


def identify(reader: Reader, *, suffix: str) -> Format | None:
    """The first format whose content test says yes; `suffix` (lowercase, with dot) only breaks ties."""
    return next((each for each in FORMATS if _is(each, reader, suffix)), None)


def examine(reader: Reader, *, suffix: str) -> Examined:
    """All that the header tells, gathered up to the first thing that cannot be read on from."""
    found = identify(reader, suffix=suffix)
    if found is None:
        return _not_what_its_name_says(suffix)
    facts: dict[FactName, FactValue] = {}
    problems: list[Problem] = []
    try:
        for item in found.read(reader):
            if isinstance(item, Fact):
                facts.setdefault(item.name, item.value)
            else:
                problems.append(item)
    except Malformed as stop:
        problems.append(stop.problem)
    return Examined(format=found.name, facts=MappingProxyType(facts), problems=tuple(problems))


def _is(candidate: Format, reader: Reader, suffix: str) -> bool:
    if candidate.needs_suffix and suffix not in candidate.suffixes:
        return False
    try:
        return candidate.sniff(reader)
    except Malformed:
        return False


def _not_what_its_name_says(suffix: str) -> Examined:
    claimed = _NEVER_ANYTHING_ELSE.get(suffix)
    if claimed is None:
        return Examined(format=None, facts=MappingProxyType({}), problems=())
    problem = Problem(
        kind=ProblemKind.DISGUISED, at=0, detail=f"named {suffix}, but the bytes are not {claimed.title}"
    )
    return Examined(format=None, facts=MappingProxyType({}), problems=(problem,))

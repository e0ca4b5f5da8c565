"""Says what a file is and what its header tells. The dispatcher: formats do not know each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from types import MappingProxyType

from ringfence.artifacts.format import Child, Format
from ringfence.artifacts.formats import FORMATS
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import Fact, FactName, Facts, FactValue
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip

__all__ = [
    "KNOWN_SUFFIXES",
    "Examined",
    "examine",
    "examine_as",
    "examined",
    "identify",
    "name_problems",
    "surely_weights",
]

KNOWN_SUFFIXES = frozenset(suffix for each in FORMATS for suffix in each.suffixes)

_HOLD_ANYTHING = frozenset(each.name for each in FORMATS if each.holds_anything)

_NEVER_ANYTHING_ELSE = {
    each.suffixes[0]: each for each in FORMATS if each.name in ("gguf", "safetensors", "onnx", "npy", "npz")
}
_EVERYDAY_SUFFIXES = frozenset(
    f".{each}"
    for each in (
        *("avi", "bmp", "gif", "jpeg", "jpg", "mkv", "mov", "mp3", "mp4", "ogg", "png", "svg", "tif", "tiff"),
        *("wav", "webm", "webp", "csv", "doc", "docx", "htm", "html", "json", "log", "md", "pdf", "ppt"),
        *("pptx", "txt", "xls", "xlsx", "xml"),
    )
)
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one file turned out to be. `format` is None for everything that is not a model file.

    Text among the facts is what the file's author wrote, clipped, and UTF-8; it is not harmless to print.
    """

    format: str | None
    facts: Facts
    problems: tuple[Problem, ...]


def surely_weights(formats: Iterable[str | None]) -> bool:
    """Whether files of these formats are a model, and not just arrays or objects of some program."""
    return any(each is not None and each not in _HOLD_ANYTHING for each in formats)


def identify(
    reader: Reader, *, suffix: str, name: str = "", among: tuple[Format, ...] = FORMATS
) -> Format | None:
    """The first format whose content test says yes; `suffix` and `name` (lowercase) only break ties."""
    suffixes, names = _hints(among)
    known = suffix if suffix in suffixes else None, name if name in names else None
    tests = _tests(among, reader.head[:1], *known)
    for each, says_yes in tests:
        try:
            if says_yes(reader):
                return each
        except Malformed:
            pass
        finally:
            reader.offset = 0
    return None


def examine(reader: Reader, *, suffix: str, headers: bool = True) -> Examined:
    """All that the header tells, gathered up to the first thing that cannot be read on from.

    Without `headers` only what the file is, and whether its name says so.
    """
    return examine_as(identify(reader, suffix=suffix), reader, suffix=suffix, headers=headers)


def examine_as(
    found: Format | None, reader: Reader, *, suffix: str, headers: bool = True, told: Sequence[Fact] = ()
) -> Examined:
    """As `examine`, of a file that was identified already, and all of whose header was `told` perhaps."""
    facts: dict[FactName, FactValue] = {}
    problems = list(name_problems(found, reader, suffix))
    for item in told or (_read(found, reader) if found and headers else ()):
        if isinstance(item, Fact):
            facts.setdefault(item.name, item.value)
        elif len(problems) < LIMITS.evidence_items:
            problems.append(item)
    return examined(found.name if found else None, facts, problems)


def examined(found: str | None, facts: Mapping[FactName, FactValue], problems: Iterable[Problem]) -> Examined:
    """What a file of the format `found` turned out to be, with facts within their limits."""
    kept = tuple((name, _kept(value)) for name, value in facts.items())
    return Examined(format=found, facts=_shared(kept), problems=tuple(problems))


@lru_cache(maxsize=256)
def _shared(facts: tuple[tuple[FactName, FactValue], ...]) -> Facts:
    """One value for all files of which the same is known, such as thousands of small pickles."""
    return MappingProxyType(dict(facts))


@cache
def _hints(among: tuple[Format, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """All suffixes, and all names, for which a format has a test of its own."""
    asked = [each for each in among if each.sniff_named]
    return (
        frozenset(suffix for each in asked for suffix in each.suffixes),
        frozenset(name for each in asked for name in each.names),
    )


@cache  # as many as there are first bytes and hints, which are ours
def _tests(
    among: tuple[Format, ...], first: bytes, suffix: str | None, name: str | None
) -> tuple[tuple[Format, Callable[[Reader], bool]], ...]:
    """The tests that may say yes to a file that begins with that byte and is called so, in their order."""
    return tuple(
        (each, test)
        for each in among
        for test in (
            each.sniff if each.starts is None or _may_start(each.starts, first) else None,
            each.sniff_named if suffix in each.suffixes or name in each.names else None,
        )
        if test is not None
    )


def _may_start(starts: tuple[bytes, ...], first: bytes) -> bool:
    return any(start[:1] == first for start in starts)


def _read(found: Format, reader: Reader) -> Iterator[Fact | Problem]:
    children = 0
    try:
        for item in found.read(reader):
            if not isinstance(item, Child):
                yield item
            elif children < LIMITS.children:
                children += 1
                yield from _read_child(reader.part(item.offset, item.size_bytes), item.offset)
    except Malformed as stop:
        yield stop.problem


def _read_child(part: Reader, offset: int) -> Iterator[Fact | Problem]:
    """What a file within a file says. Its own children are not looked at."""
    found = identify(part, suffix="")
    if found is None:
        yield Problem(kind=ProblemKind.BAD_HEADER, at=offset, detail="what should be a model in here is none")
        return
    try:
        for item in found.read(part):
            if isinstance(item, Problem):
                yield _moved(item, offset)
            elif isinstance(item, Fact) and item.name is not FactName.VERSION:
                yield item
    except Malformed as stop:
        yield _moved(stop.problem, offset)


def _moved(problem: Problem, offset: int) -> Problem:
    return problem if problem.at is None else replace(problem, at=problem.at + offset)


def _kept(value: FactValue) -> FactValue:
    """The value within its limits, and without what UTF-8 cannot say."""
    match value:
        case int():
            return value
        case str():
            whole = clip(value, chars=LIMITS.metadata_value_chars)
            return whole.encode("utf-8", "replace").decode()
        case tuple():
            few = value[: LIMITS.fact_items]
            return tuple(clip(e, chars=LIMITS.name_chars).encode("utf-8", "replace").decode() for e in few)


def name_problems(found: Format | None, reader: Reader, suffix: str) -> Iterator[Problem]:
    """Whether the name says something else than the bytes."""
    claimed = _NEVER_ANYTHING_ELSE.get(suffix)
    if claimed and claimed is not found and not reader.head.startswith(_LFS_POINTER):
        detail = f"named {suffix}, but the bytes are {f'{found.title}' if found else f'not {claimed.title}'}"
        yield Problem(kind=ProblemKind.DISGUISED, at=0, detail=detail)
    elif found and suffix in _EVERYDAY_SUFFIXES and suffix not in (*found.suffixes, *found.written_as):
        detail = f"named {suffix}, but the bytes are {found.title}"
        yield Problem(kind=ProblemKind.DISGUISED, at=0, detail=detail)

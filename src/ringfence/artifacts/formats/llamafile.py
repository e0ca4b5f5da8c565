"""llamafile: a program for several systems with its weights in the zip file at its end.

The weights are children: the dispatcher looks at them.

Source: Mozilla-Ocho/llamafile, llamafile/zip.c; Cosmopolitan's APE specification.
"""

from collections.abc import Iterator

from ringfence.artifacts import zip_directory
from ringfence.artifacts.format import Child, Format
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.zip_directory import Member
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity

__all__ = ["FORMAT"]

# Cosmopolitan's, and what they become on the first run: ELF, Windows' and macOS' own.
_MAGIC = (b"MZqFpD", b"jartsr", b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe")
_WEIGHTS = ".gguf"


def _sniff(reader: Reader) -> bool:
    if not reader.head.startswith(_MAGIC):
        return False
    found = reader.once(zip_directory.directory)
    return found is not None and _WEIGHTS.encode() in found.data


def _read(reader: Reader) -> Iterator[Fact | Problem | Child]:
    yield Fact(name=FactName.RUNS_CODE, value=("executable",))
    members: list[Member] = []
    yield from zip_directory.read_members(reader, members)
    yield Fact(name=FactName.MEMBERS, value=len(members))
    yield from zip_directory.check_members(reader, members)
    for member in members:
        if not member.name.lower().endswith(_WEIGHTS):
            continue
        if member.method != zip_directory.STORED:
            detail = "the weights are compressed, which no llamafile can map"
            yield Problem(kind=ProblemKind.BAD_HEADER, at=member.at, detail=detail)
        else:
            yield Child(offset=zip_directory.data_start(reader, member), size_bytes=member.size_bytes)


def _judge(_reader: Reader) -> Iterator[Spotted]:
    yield Spotted(
        check="native-code",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=0,
        evidence=("a program; of its parts the weights alone are examined",),
        advice="run it only if you trust who built it; the weights alone load in llama.cpp",
    )


def _sniff_named(reader: Reader) -> bool:
    """One that is cut short: without its end there is no telling what it holds."""
    return reader.head.startswith(_MAGIC)


FORMAT = Format(
    name="llamafile",
    title="llamafile",
    suffixes=(".llamafile",),
    sniff=_sniff,
    starts=_MAGIC,
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
)

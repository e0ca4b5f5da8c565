"""Programs and libraries of machines: ELF, PE, Mach-O, WebAssembly, Java classes, Android's dex. Never run.

Sources: the ELF gABI, Microsoft's PE/COFF specification, Apple's mach-o/loader.h, the WebAssembly core
specification, the JVM specification chapter 4, Android's dex format.
"""

import struct
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity

__all__ = ["FORMAT"]

_MACH = {
    b"\xce\xfa\xed\xfe": "<",
    b"\xcf\xfa\xed\xfe": "<",
    b"\xfe\xed\xfa\xce": ">",
    b"\xfe\xed\xfa\xcf": ">",
}
_FAT = (b"\xca\xfe\xba\xbe", b"\xbe\xba\xfe\xca", b"\xca\xfe\xba\xbf")
_FAT_ARCHITECTURES = 40  # a Java class has its version, 45 or more, where Mach-O has their number
_ELF_EXECUTABLE, _ELF_SHARED, _ELF_INTERPRETER = 2, 3, 3
_PE_DLL = 0x2000
_MACH_EXECUTABLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    title: str
    runs_alone: bool  # a program, and not a library that something loads


def _program(reader: Reader) -> _Program | None:
    """What the first bytes say; None for what is none."""
    head = reader.head
    if head[:4] == b"\x7fELF" and len(head) >= (64 if head[4:5] == b"\2" else 52):
        return _elf(head)
    if head[:2] == b"MZ":
        return _pe(reader)
    if head[:4] in _MACH and len(head) >= 16:
        kind = struct.unpack_from(_MACH[head[:4]] + "I", head, 12)[0]
        return _Program(title="Mach-O", runs_alone=kind == _MACH_EXECUTABLE)
    if head[:4] in _FAT and len(head) >= 8:
        fat = head[:4] != _FAT[0] or int.from_bytes(head[4:8], "big") < _FAT_ARCHITECTURES
        return _Program(title="Mach-O" if fat else "Java class", runs_alone=fat)
    if head[:8] == b"\0asm\1\0\0\0":
        return _Program(title="WebAssembly", runs_alone=False)
    if head[:4] == b"dex\n" and head[7:8] == b"\0":
        return _Program(title="Android dex", runs_alone=True)
    return None


def _elf(head: bytes) -> _Program:
    order = ">" if head[5] == 2 else "<"
    wide = head[4] == 2
    kind = struct.unpack_from(order + "H", head, 16)[0]
    table = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)[0]
    each, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
    # A program that may lie anywhere is marked as a library is, but names who starts it.
    starts = (table + n * each for n in range(min(count, 64)) if each >= 32)
    asks = any(
        at + 4 <= len(head) and struct.unpack_from(order + "I", head, at)[0] == _ELF_INTERPRETER
        for at in starts
    )
    return _Program(title="ELF", runs_alone=kind == _ELF_EXECUTABLE or (kind == _ELF_SHARED and asks))


def _pe(reader: Reader) -> _Program | None:
    head = reader.head
    if len(head) < 64:
        return None
    at = struct.unpack_from("<I", head, 60)[0]
    if at + 24 > reader.size_bytes or reader.at(at, 4) != b"PE\0\0":
        return None
    flags = struct.unpack("<H", reader.at(at + 22, 2))[0]
    return _Program(title="Windows PE", runs_alone=not flags & _PE_DLL)


def _sniff(reader: Reader) -> bool:
    return _program(reader) is not None


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield Fact(name=FactName.RUNS_CODE, value=("native",))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    found = _program(reader)
    if found is not None and found.runs_alone:
        yield Spotted(
            check="executable-among-models",
            severity=Severity.HIGH,
            confidence=Confidence.POSSIBLE,
            at=0,
            evidence=(f"a program: {found.title}",),
            advice="do not run it; find out why a program lies among models",
        )
    elif found is not None:
        yield Spotted(
            check="native-code",
            severity=Severity.LOW,
            confidence=Confidence.CERTAIN,
            at=0,
            evidence=(f"a library of native code: {found.title}",),
            advice="let nothing load it unless you know who built it",
        )


FORMAT = Format(
    name="executable",
    title="program or native library",
    suffixes=(),
    sniff=_sniff,
    starts=(b"\x7fELF", b"MZ", *_MACH, *_FAT, b"\0asm", b"dex\n"),
    read=_read,
    judge=_judge,
    leaves_out=("what native code does",),
)

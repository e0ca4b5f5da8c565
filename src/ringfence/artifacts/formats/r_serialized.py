"""Objects that R saved (.rds, .RData), when they are not compressed or have been inflated.

Promises run when somebody looks at the object; functions and bytecode only when they are called.

Source: R's src/main/serialize.c and saveload.c; CVE-2024-27322.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.r_stream import Sight, sightings
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity

__all__ = ["FORMAT"]

_WORKSPACES = tuple(b"RD" + form + version for form in (b"X", b"A", b"B") for version in (b"2\n", b"3\n"))
_FORMS = (*(b"X\n\0\0\0\2\0", b"X\n\0\0\0\3\0", b"B\n\2\0\0\0", b"B\n\3\0\0\0", b"A\n2\n", b"A\n3\n"),)
_PORTABLE, _NATIVE = b"X\n", b"B\n"
_CALL, _LIKELY, _POSSIBLE = Severity.CRITICAL, Confidence.LIKELY, Confidence.POSSIBLE
_MEANING = {
    Sight.PROMISE: ("r-promise", _CALL, _LIKELY, "an expression that runs when the object is looked at"),
    Sight.PROMISE_IN_ENVIRONMENT: ("r-code", Severity.LOW, _POSSIBLE, "an argument that was never used"),
    Sight.FUNCTION: ("r-code", Severity.LOW, Confidence.CERTAIN, "a function"),
    Sight.BYTECODE: ("r-code", Severity.LOW, Confidence.CERTAIN, "compiled code"),
}


def _sniff(reader: Reader) -> bool:
    head = reader.head
    return head.startswith((*_WORKSPACES, *_FORMS))


def _read(reader: Reader) -> Iterator[Fact]:
    start = 5 if reader.head[:2] == b"RD" else 0
    if reader.head[start : start + 2] == b"X\n":
        version = int.from_bytes(reader.at(start + 2, 4))
        yield Fact(name=FactName.VERSION, value=str(version))


def _judge(reader: Reader) -> Iterator[Spotted | Problem]:
    if reader.head[:2] == b"RD":
        reader.skip(5)
    at = reader.offset
    form = reader.take(2)
    if form not in (_PORTABLE, _NATIVE):
        raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="R's text form is not walked")
    told: set[Sight] = set()
    for found in sightings(reader, byte_order="big" if form == _PORTABLE else "little"):
        if found.sight not in told:
            told.add(found.sight)
            check, severity, confidence, what = _MEANING[found.sight]
            yield Spotted(
                check=check,
                severity=severity,
                confidence=confidence,
                at=found.at,
                evidence=(what,),
                advice="do not load it"
                if severity == Severity.CRITICAL
                else "read the code before you call it, or get the model in a form without code",
            )
    if reader.remaining_bytes:
        detail = f"{reader.remaining_bytes} bytes behind the object"
        yield Problem(kind=ProblemKind.TRAILING_DATA, at=reader.offset, detail=detail)


FORMAT = Format(
    name="r-serialized",
    title="R object",
    suffixes=(".rds", ".rdata", ".rda"),
    sniff=_sniff,
    starts=(*_WORKSPACES, *_FORMS),
    read=_read,
    holds_anything=True,
    judge=_judge,
)

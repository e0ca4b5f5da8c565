"""PaddlePaddle programs (.pdmodel): the operators of a graph, and what they are told.

Source: Paddle, paddle/fluid/framework/framework.proto; operators py_func, load, save and their kin.
"""

from collections.abc import Iterator
from dataclasses import field

from ringfence.artifacts import payloads
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.graphs.messages import text_of
from ringfence.artifacts.paddle_program import COMPILED, FILES, judge_file, judge_kind
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire, varint
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.dataclass import dataclass
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

# The first block has number 0 and no parent, -1; both stand in every program.
_FIRST_BLOCK = b"\x08\x00\x10" + b"\xff" * 9 + b"\x01"
_BLOCKS, _VERSION, _OPERATORS = 1, 4, 4
_TOP_FIELDS = frozenset((1, 2, 3, 4, 5))


@dataclass(slots=True)
class _Operator:
    """One step of the program."""

    at: int
    name: str = ""
    texts: list[tuple[str, Field]] = field(default_factory=list)  # its attributes that are text


def _sniff(reader: Reader) -> bool:
    if reader.head[:1] != b"\x0a":
        return False
    reader.skip(1)
    varint(reader)
    return reader.take(len(_FIRST_BLOCK)) == _FIRST_BLOCK


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    for each in Walker(reader, max_fields=LIMITS.header_items).fields(0, reader.size_bytes):
        if each.number == _VERSION and each.wire is Wire.LENGTH and each.value < 16:
            reader.offset = each.at + min(1, each.value)
            yield Fact(name=FactName.VERSION, value=str(varint(reader)))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    walker = Walker(reader, max_fields=LIMITS.graph_fields)
    has_version = False
    for block in walker.fields(0, reader.size_bytes):
        has_version = has_version or block.number == _VERSION
        if block.number not in _TOP_FIELDS:
            yield _unknown_field(block)
        if block.number != _BLOCKS or block.wire is not Wire.LENGTH:
            continue
        for each in walker.inside(block):
            if each.number == _OPERATORS and each.wire is Wire.LENGTH:
                yield from _judge_operator(reader, _operator(walker, each))
    if not has_version:  # it follows the blocks
        yield Problem(kind=ProblemKind.TRUNCATED, at=reader.size_bytes, detail="no version behind the blocks")


def _operator(walker: Walker, message: Field) -> _Operator:
    found = _Operator(message.at)
    for each in walker.inside(message):
        if each.number == 3:
            found.name = text_of(walker.reader, each)
        elif each.number == 4 and each.wire is Wire.LENGTH:
            name, texts = "", []
            for part in walker.inside(each):
                if part.number == 1:
                    name = text_of(walker.reader, part)
                elif part.number in (5, 8) and part.wire is Wire.LENGTH:
                    texts.append(part)
            found.texts += [(name, text) for text in texts]
    return found


def _judge_operator(reader: Reader, operator: _Operator) -> Iterator[Spotted | Inside]:
    yield from judge_kind(operator.name, at=operator.at)
    for name, text in operator.texts:
        if operator.name in FILES and name == "file_path":
            yield from judge_file(operator.name, text_of(reader, text), at=operator.at)
        elif operator.name not in COMPILED:
            yield from payloads.in_text(reader, text.at, text.value, name=f"{operator.name}/{name}")


def _unknown_field(each: Field) -> Spotted:
    return Spotted(
        check="graph-unknown-field",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=each.at,
        evidence=(f"field {each.number} of a program, {each.value} bytes",),
        advice="find out which program wrote it: the format knows no such field",
    )


FORMAT = Format(
    name="paddle",
    title="PaddlePaddle program",
    suffixes=(".pdmodel",),
    sniff=_sniff,
    starts=(b"\x0a",),
    read=_read,
    judge=_judge,
)

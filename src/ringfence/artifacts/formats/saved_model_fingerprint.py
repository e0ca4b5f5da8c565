"""fingerprint.pb beside a SavedModel: numbers by which TensorFlow tells versions of a model apart.

Source: tensorflow/core/protobuf/fingerprint.proto.
"""

from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact

__all__ = ["FORMAT"]

_FIELDS = 64
_NUMBERS, _VERSION, _UUID = range(1, 6), 6, 7
_LONGEST_BYTES = 256


def _sniff_named(reader: Reader) -> bool:
    return 0 < reader.size_bytes <= _LONGEST_BYTES


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    seen = set()
    for each in Walker(reader, max_fields=_FIELDS).fields(0, reader.size_bytes):
        seen.add(each.number)
        if not (
            (each.number in _NUMBERS and each.wire is Wire.VARINT)
            or (each.number in (_VERSION, _UUID) and each.wire is Wire.LENGTH)
        ):
            raise Malformed(ProblemKind.BAD_HEADER, at=each.at, detail="no fingerprint of a model")
    if not seen.issuperset((_NUMBERS[0], _UUID)):
        raise Malformed(ProblemKind.TRUNCATED, at=reader.size_bytes, detail="the fingerprint is cut short")
    yield from ()


FORMAT = Format(
    name="saved-model-fingerprint",
    title="fingerprint of a SavedModel",
    suffixes=(),
    sniff=lambda _reader: False,
    starts=(),
    sniff_named=_sniff_named,
    names=("fingerprint.pb",),
    read=_read,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)

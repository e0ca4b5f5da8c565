"""What Keras 2 says about its layers beside a SavedModel: keras_metadata.pb, one JSON text for each.

Source: keras/protobuf/saved_metadata.proto.
"""

from collections.abc import Iterator

from ringfence.artifacts import tensorflow_graph
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_OBJECT, _IDENTIFIER, _METADATA = 1, 4, 5


def _sniff_named(reader: Reader) -> bool:
    return reader.head[:1] == b"\x0a"


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts import tensorflow_judge

    walker = tensorflow_judge.walker_of(reader)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for each in walker.fields(0, reader.size_bytes):
        if (each.number, each.wire) != (_OBJECT, Wire.LENGTH):
            raise Malformed(ProblemKind.BAD_HEADER, at=each.at, detail="a field that does not belong here")
        parts = {part.number: part for part in walker.inside(each) if part.wire is Wire.LENGTH}
        if _METADATA not in parts or not tensorflow_graph.text(reader, parts.get(_IDENTIFIER, each)):
            raise Malformed(ProblemKind.BAD_HEADER, at=each.at, detail="an object without a description")
        size = min(parts[_METADATA].value, LIMITS.json_bytes + 1)
        metadata = reader.at(parts[_METADATA].at, size).decode("utf-8", "replace")
        for found in tensorflow_judge.judge_keras_metadata(metadata, reader):
            if not isinstance(found, Spotted):
                yield found
            elif (found.check, found.evidence) not in seen:
                seen.add((found.check, found.evidence))
                yield found


FORMAT = Format(
    name="keras-metadata",
    title="descriptions of Keras layers",
    suffixes=(),
    sniff=lambda _reader: False,
    starts=(),
    sniff_named=_sniff_named,
    names=("keras_metadata.pb",),
    read=_read,
    judge=_judge,
    judges_structure=True,
    leaves_out=(),
)

"""TensorFlow Lite (LiteRT). Reads the root table's version and description, and judges the rest.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs, and FlatBuffers' internals page.
"""

from collections.abc import Iterator

from ringfence.artifacts.flatbuffer_tables import root
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Problem
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

_MAGIC_AT, _MAGIC = 4, b"TFL3"
_VERSION, _DESCRIPTION = 0, 3  # fields of the table Model


def _sniff(reader: Reader) -> bool:
    return reader.head.startswith(_MAGIC, _MAGIC_AT)


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    model = root(reader)
    yield Fact(name=FactName.VERSION, value=str(model.number(_VERSION, 4)))
    if text := model.text(_DESCRIPTION):
        yield Fact(name=FactName.METADATA, value=(f"description={text}",))


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.tflite_judge import judge_model

    yield from judge_model(reader)


FORMAT = Format(
    name="tflite",
    title="TensorFlow Lite",
    suffixes=(".tflite",),
    sniff=_sniff,
    read=_read,
    judge=_judge,
    judges_structure=True,
)

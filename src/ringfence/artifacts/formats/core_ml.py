"""Core ML models: one file of protocol buffers. Walks its nested models and programs; never reads a weight.

Source: apple/coremltools, mlmodel/format/*.proto, specification version 9 and 10.
"""

from collections.abc import Iterator

from ringfence.artifacts import payloads
from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.graphs.findings import custom_operator, escapes
from ringfence.artifacts.graphs.messages import leaves, text_of
from ringfence.artifacts.graphs.paths import leaves_folder
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact, FactName
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_TYPES = frozenset(
    (200, 201, 202, *range(300, 305), *range(400, 405), 500, 501, 502, 555, 556, 560, *range(600, 611), 900)
) | frozenset((*range(2000, 2007), 3000))
_OTHERS = frozenset((1, 2, 10))
_VERSIONS = range(1, 64)
_SNIFFED_FIELDS = 100
_MODEL_PATH = "@model_path/"
_CUSTOM = "custom_layer"

_NETWORK = {1: "Layer"}
_TABLE = {
    "Model": {
        2: "Description",
        **dict.fromkeys((200, 201), "PipelineOf"),
        202: "Pipeline",
        **dict.fromkeys((303, 403, 500), "Network"),
        502: "Program",
        555: "CustomModel",
        556: "Linked",
        3000: "Serialized",
    },
    "Description": {100: "Metadata"},
    "Metadata": {1: "words", 2: "words", 3: "words", 4: "words", 100: "UserDefined"},
    "UserDefined": {2: "words"},
    "PipelineOf": {1: "Pipeline"},
    "Pipeline": {1: "Model"},
    "Network": _NETWORK,
    "Layer": {500: "CustomLayer", 605: "Branch", 615: "Loop"},
    "Branch": {1: "Network", 2: "Network"},
    "Loop": {3: "Network", 4: "Network"},
    "CustomLayer": {10: "class"},
    "CustomModel": {10: "class"},
    "Linked": {1: "LinkedFile"},
    "LinkedFile": {1: "LinkedName", 2: "LinkedName"},
    "LinkedName": {1: "linked"},
    "Serialized": {1: "serialized"},
    "Program": {2: "Functions", 4: "Values"},
    "Functions": {2: "Function"},
    "Function": {3: "Blocks", 4: "Values"},
    "Blocks": {2: "Block"},
    "Block": {3: "Operation", 4: "Values"},
    "Operation": {1: "operation", 2: "Arguments", 4: "Block", 5: "Values"},
    "Arguments": {2: "Argument"},
    "Argument": {1: "Binding"},
    "Binding": {2: "Value"},
    "Values": {2: "Value"},
    "Value": {5: "Blob"},
    "Blob": {1: "blob"},
}


def _sniff(reader: Reader) -> bool:
    if not _sniff_named(reader):
        return False
    seen: set[int] = set()
    for each in Walker(reader, max_fields=_SNIFFED_FIELDS).fields(0, reader.size_bytes):
        if each.number not in _TYPES and each.number not in _OTHERS:
            return False
        if (each.wire is Wire.LENGTH) is (each.number in (1, 10)):
            return False
        seen.add(each.number)
    return bool(seen & _TYPES)


def _sniff_named(reader: Reader) -> bool:
    head = reader.head
    return len(head) > 2 and head[0] == 0x08 and head[1] in _VERSIONS and head[2] == 0x12


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    types = 0
    for each in Walker(reader, max_fields=LIMITS.header_items).fields(0, reader.size_bytes):
        if each.number == 1:
            yield Fact(name=FactName.VERSION, value=str(each.value))
        types += each.number in _TYPES
    if types != 1:
        yield Problem(kind=ProblemKind.BAD_HEADER, at=0, detail=f"{types} models where one should be")


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    walker = Walker(reader, max_fields=LIMITS.graph_fields)
    for name, each in leaves(walker, _TABLE, "Model"):
        if each.wire is Wire.LENGTH:
            yield from _leaf(reader, name, each)


def _leaf(reader: Reader, name: str, each: Field) -> Iterator[Spotted | Problem | Inside]:
    match name:
        case "words":
            yield from payloads.in_text(reader, each.at, each.value, name="metadata")
        case "class":
            yield custom_operator(text_of(reader, each), at=each.at)
        case "operation":
            if text_of(reader, each) == _CUSTOM:
                yield custom_operator(_CUSTOM, at=each.at)
        case "blob":
            path = text_of(reader, each)
            if not path.startswith(_MODEL_PATH) or leaves_folder(path.removeprefix(_MODEL_PATH)):
                yield escapes(path, at=each.at)
        case "linked" | "serialized":
            yield from _elsewhere(name, text_of(reader, each), each.at)


def _elsewhere(name: str, text: str, at: int) -> Iterator[Spotted]:
    if name == "linked" and leaves_folder(text):
        yield escapes(text, at=at)
    yield Spotted(
        check="graph-opaque-part",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=at,
        evidence=(text, "a compiled model beside this one" if name == "linked" else "a part of unknown form"),
        advice="have the part examined as well, or get the model without it",
    )


FORMAT = Format(
    name="core-ml",
    title="Core ML",
    suffixes=(".mlmodel",),
    sniff=_sniff,
    starts=(b"\x08",),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
)

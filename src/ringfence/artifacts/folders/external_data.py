"""Whether weights that lie in a file of their own are there and long enough: ONNX and OpenVINO.

Source: onnx/onnx.proto (external data); OpenVINO's documentation of the IR format.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from ringfence.artifacts import xml_walk
from ringfence.artifacts.folders.folder import Directory, Folder, directories, said
from ringfence.artifacts.graphs.messages import Table, leaves
from ringfence.artifacts.graphs.onnx_parts import tensor_of
from ringfence.artifacts.graphs.paths import leaves_folder
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.protobuf_wire import Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

__all__ = ["judge", "raw_weights"]

_ONNX: Final[Table] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_CORE_ML: Final = pattern(r"(?:.+/)?[^/]+\.mlpackage/Data/[^/]+/weights/[^/]+\.bin")
_AGAIN: Final = "get the folder from its publisher again, or find out where the rest is"
_DO_NOT: Final = "do not load it: a loader would read past the end of the file"
_Found = Iterator[tuple[str, Spotted]]
_Place = tuple[str, int, int]  # file, offset and size in bytes


def judge(directory: Directory) -> _Found:
    """Weights that are elsewhere, and are not there."""
    for file in directory.ending(".onnx"):
        yield from _check(directory, file, _places(directory, file, _in_onnx))
    for file in directory.ending(".xml"):
        weights = file[:-4] + ".bin"
        if weights in directory.files and _is_openvino(directory, file):
            found = ((weights, offset, size) for _, offset, size in _places(directory, file, _in_openvino))
            yield from _check(directory, file, found)


def raw_weights(folder: Folder) -> frozenset[str]:
    """Files that are nothing but numbers which a graph beside them names: no format, and none is needed.

    Source for Core ML: Core ML Tools, MIL's blob storage, Data/<author>/weights/weight.bin.
    """
    found = {name for name in folder.names if _CORE_ML.fullmatch(name)}
    for directory in directories(folder):
        for file in directory.ending(".onnx"):
            named = {where for where, _, _ in _places(directory, file, _in_onnx) if not leaves_folder(where)}
            found |= {directory.named(str(PurePosixPath(where))) for where in named}
        for file in directory.ending(".xml"):
            if _is_openvino(directory, file):
                found.add(directory.named(file[:-4] + ".bin"))
    return frozenset(found & folder.names.keys())


def _places(directory: Directory, file: str, look: Callable[[Reader], Iterator[_Place]]) -> Iterator[_Place]:
    """Up to the first thing that cannot be read on from, which the file's own judge tells."""
    try:
        with directory.folder.reader(directory.named(file)) as reader:
            yield from look(reader)
    except Malformed:
        return


def _check(directory: Directory, file: str, places: Iterable[_Place]) -> _Found:
    name = directory.named(file)
    missing: set[str] = set()
    for where, offset, size_bytes in places:
        if leaves_folder(where) or where in missing:
            continue  # the file's own judge tells
        lies = directory.size_bytes(where)
        if lies is None:
            missing.add(where)
            yield name, said("file-missing", Severity.LOW, f"no {where}", advice=_AGAIN)
        elif offset + size_bytes > lies:
            evidence = f"weights end at {offset + size_bytes} of {where}, which has {lies} bytes"
            yield name, said("external-data-range", Severity.HIGH, evidence, advice=_DO_NOT)


def _in_onnx(reader: Reader) -> Iterator[_Place]:
    walker = Walker(reader, max_fields=LIMITS.graph_fields)
    for _, tensor in leaves(walker, _ONNX, "model"):
        if tensor.wire is not Wire.LENGTH:
            continue
        external = dict(tensor_of(walker, tensor).external)
        if where := external.get("location"):
            yield where, _number(external.get("offset")), _number(external.get("length"))


def _in_openvino(reader: Reader) -> Iterator[_Place]:
    for each in xml_walk.elements(reader):
        if isinstance(each, xml_walk.Element) and {"offset", "size"} <= each.attributes.keys():
            yield "", _number(each.attributes["offset"]), _number(each.attributes["size"])


def _is_openvino(directory: Directory, file: str) -> bool:
    return xml_walk.root_name(directory.head(file, LIMITS.sniff_bytes)) == "net"


def _number(text: str | None) -> int:
    """The number; 0 for what is none, which the file's own judge tells."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0

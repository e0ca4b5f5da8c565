"""OpenVINO's graphs (IR, .xml). The weights lie in a .bin beside it, which nothing in here may leave.

Source: OpenVINO's documentation of the IR format, versions 10 and 11 (7 is read as well).
"""

import re
from collections.abc import Iterator

from ringfence.artifacts import xml_walk
from ringfence.artifacts.format import Format
from ringfence.artifacts.graphs.findings import custom_operator
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.xml_findings import doctype, include
from ringfence.core.facts import Fact, FactName

__all__ = ["FORMAT"]

_STANDARD = re.compile(r"opset[0-9]{1,3}|experimental|util", re.ASCII)


def _sniff(reader: Reader) -> bool:
    head = reader.head
    return b"<net" in head and xml_walk.root_name(head) == "net" and b"version=" in head


def _read(reader: Reader) -> Iterator[Fact | Problem]:
    for each in xml_walk.elements(reader):
        if isinstance(each, xml_walk.Element) and each.name == "net":
            yield Fact(name=FactName.VERSION, value=f"IR {each.attributes.get('version', '')}")
            if name := each.attributes.get("name"):
                yield Fact(name=FactName.NAME, value=name)
        return


def _judge(reader: Reader) -> Iterator[Spotted | Problem]:
    told: set[tuple[str, str]] = set()
    for each in xml_walk.elements(reader):
        if isinstance(each, xml_walk.Doctype):
            yield doctype(each)
            continue
        if each.name == "include":
            yield include(each)
        layer = each.attributes
        if each.name == "layer":
            name, version = layer.get("type", ""), layer.get("version", "opset1")
            if not _STANDARD.fullmatch(version) and (version, name) not in told:
                told.add((version, name))
                yield custom_operator(f"{version}::{name}", at=each.at)
        elif "offset" in layer and "size" in layer and not _fits(layer["offset"], layer["size"]):
            detail = "a constant whose place is no such number"
            yield Problem(kind=ProblemKind.DOES_NOT_FIT, at=each.at, detail=detail)


def _fits(*numbers: str) -> bool:
    return all(each.isascii() and each.isdigit() and len(each) < 19 for each in numbers)


FORMAT = Format(
    name="openvino",
    title="OpenVINO IR",
    suffixes=(),
    written_as=(".xml",),
    sniff=_sniff,
    starts=(b"<", b"\xef\xbb\xbf", b" ", b"\t", b"\n", b"\r"),
    read=_read,
    judge=_judge,
)

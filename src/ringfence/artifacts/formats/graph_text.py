"""A TensorFlow graph as text (.pbtxt), which loaders take as well. Only operations and texts are looked at.

Source: protobuf.dev's text format specification.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.tensorflow_graph import Graph, Node
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

# Texts side by side are one text.
_QUOTED = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
_FIELD = re.compile(rf"\b(op|s)\s*:\s*({_QUOTED}(?:\s*{_QUOTED})*)")
_TEXT = re.compile(_QUOTED)
_ESCAPE = re.compile(r"\\(?:[xX]([0-9A-Fa-f]{1,2})|([0-7]{1,3})|u([0-9A-Fa-f]{4}))")


def _sniff_named(reader: Reader) -> bool:
    return b"\0" not in reader.head and reader.size_bytes > 0


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts import tensorflow_acts

    data = reader.at(0, reader.size_bytes)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Malformed(ProblemKind.BAD_HEADER, at=error.start, detail="the text is not UTF-8") from error
    if text.count("{") != text.count("}"):
        yield Problem(kind=ProblemKind.TRUNCATED, at=reader.size_bytes, detail="braces that are never closed")
    graph = Graph()
    values: list[str] = []
    for found in _FIELD.finditer(text):
        value = _value(found[2])
        if found[1] == "op":
            if len(graph.nodes) >= LIMITS.header_items:
                raise Malformed(ProblemKind.OVER_LIMIT, at=None, detail="more operations than are read")
            graph.nodes[value] = Node(at=found.start(), op=value)
        else:
            values.append(value)
    # Which text belongs to which operation is not looked at: each might be any's.
    for node in graph.nodes.values():
        node.attributes = {"output_stream": values}
        if node.op.startswith("Debug"):
            node.attributes["debug_urls"] = values
    yield from tensorflow_acts.acts(graph, (), ())


FORMAT = Format(
    name="graph-text",
    title="TensorFlow graph as text",
    suffixes=(".pbtxt",),
    sniff=lambda _reader: False,
    starts=(),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
)


def _value(quoted: str) -> str:
    whole = "".join(part[1:-1] for part in _TEXT.findall(quoted))
    return _ESCAPE.sub(_character, whole)


def _character(found: re.Match[str]) -> str:
    if found[2]:
        return chr(int(found[2], 8))
    return chr(int(found[1] or found[3], 16))

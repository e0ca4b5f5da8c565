"""Jupyter notebooks. Their cells run when somebody asks for it, which whoever tries out a model does.

Source: the nbformat documentation, versions 3 and 4.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format, Inside
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.facts import Fact
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_BEGINS = re.compile(rb'(?:\xef\xbb\xbf)?[ \t\r\n]*\{[ \t\r\n]*"(?:cells|nbformat|metadata|worksheets)"')


def _sniff(reader: Reader) -> bool:
    head = reader.head
    return _BEGINS.match(head) is not None and b'"cell_type"' in head


def _sniff_named(_reader: Reader) -> bool:
    return True


def _read(_reader: Reader) -> Iterator[Fact | Problem]:
    yield from ()


def _judge(reader: Reader) -> Iterator[Spotted | Problem | Inside]:
    from ringfence.artifacts.code.notebooks import judge_cells, judge_outputs
    from ringfence.artifacts.configurations.documents import json_documents

    if reader.size_bytes > LIMITS.configuration_json_bytes:
        raise Malformed(ProblemKind.OVER_LIMIT, at=0, detail=f"{reader.size_bytes} bytes of notebook")
    for document in json_documents(reader.at(0, reader.size_bytes)):
        yield from judge_cells(document.value)
        yield from judge_outputs(document.value, budget=reader.budget)


FORMAT = Format(
    name="notebook",
    title="Jupyter notebook",
    suffixes=(".ipynb",),
    sniff=_sniff,
    starts=(b"{", b"\xef\xbb\xbf", b" ", b"\t", b"\n", b"\r"),
    sniff_named=_sniff_named,
    read=_read,
    judge=_judge,
    leaves_out=(),
)

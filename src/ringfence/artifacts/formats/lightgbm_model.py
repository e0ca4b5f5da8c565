"""LightGBM's models: lines of text, trees between a head and the parameters of the training; or JSON.

Pure data.

Source: LightGBM's src/boosting/gbdt_model_text.cpp, versions v2 to v4.
"""

import re
from collections.abc import Iterator

from ringfence.artifacts.format import Format
from ringfence.artifacts.json_table import table_of
from ringfence.artifacts.problems import Malformed, Problem, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.facts import Fact, FactName
from ringfence.core.limits import LIMITS

__all__ = ["FORMAT"]

_START = b"tree\nversion=v"
_JSON = re.compile(rb'\s*\{\s*"name":\s*"tree",\s*"version":\s*"v')
_TREES = "tree_info"
_END_OF_TREES, _END = "end of trees", "end of parameters"
_SINGLE = frozenset(
    (
        *("tree", "", _END_OF_TREES, "feature_importances:", "parameters:", _END),
        *("average_output", "linear_tree"),
    )
)
_LINE = re.compile(r"[A-Za-z_]\w*=.*|\[\w+: .*\]|\[\w+:\]|\w+: .*|pandas_categorical:.*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _sniff(reader: Reader) -> bool:
    return reader.head.replace(b"\r\n", b"\n").startswith(_START) or _is_json(reader)


def _is_json(reader: Reader) -> bool:
    return _JSON.match(reader.head) is not None


def _read(reader: Reader) -> Iterator[Fact]:
    if _is_json(reader):
        return
    version = reader.head.replace(b"\r\n", b"\n")[len(_START) - 1 :].split(b"\n", 1)[0]
    yield Fact(name=FactName.VERSION, value=version[:16].decode("ascii", "replace"))


def _judge(reader: Reader) -> Iterator[Problem]:
    if _is_json(reader):
        if _TREES not in table_of(reader):
            raise Malformed(ProblemKind.BAD_HEADER, at=0, detail="a model without trees")
        return
    trees, at = 0, 0
    ended, complete = False, False
    stated: int | None = None
    for count, line in enumerate(_lines(reader)):
        if count > LIMITS.serialized_items:
            raise Malformed(ProblemKind.OVER_LIMIT, at=at, detail="more lines than are read")
        if line.startswith("tree_sizes="):
            stated = len(line.partition("=")[2].split())
        trees += line.startswith("Tree=")
        ended = ended or line == _END_OF_TREES
        complete = complete or line == _END
        # Behind the trees stand names that users gave, with whatever they put into them.
        if _CONTROL.search(line) or (line not in _SINGLE and not ended and not _LINE.fullmatch(line)):
            raise Malformed(ProblemKind.BAD_HEADER, at=at, detail="a line that no model has")
        at += len(line) + 1
    if not complete:
        raise Malformed(ProblemKind.TRUNCATED, at=at, detail=f"there is no {_END}")
    if stated is not None and trees != stated:
        yield Problem(kind=ProblemKind.BAD_HEADER, at=None, detail=f"{trees} trees of {stated}")


def _lines(reader: Reader) -> Iterator[str]:
    """The file's lines, without their ends.

    Raises:
        Malformed: one is longer than a header's string may be, or no UTF-8.
    """
    rest = b""
    while reader.remaining_bytes:
        rest += reader.take(min(LIMITS.prefix_bytes, reader.remaining_bytes))
        *lines, rest = rest.split(b"\n")
        if len(rest) > LIMITS.header_string_bytes:
            raise Malformed(ProblemKind.OVER_LIMIT, at=reader.offset, detail="a line without an end")
        for line in lines if reader.remaining_bytes else (*lines, rest):
            try:
                yield line.decode().removesuffix("\r")
            except UnicodeDecodeError as error:
                raise Malformed(ProblemKind.BAD_HEADER, at=None, detail="no text in UTF-8") from error


FORMAT = Format(
    name="lightgbm",
    title="LightGBM model",
    suffixes=(),
    written_as=(".txt", ".log", ".json"),
    sniff=_sniff,
    starts=(b"tree", b"{", b" ", b"\t", b"\n", b"\r", b"\v", b"\f"),
    read=_read,
    judge=_judge,
)

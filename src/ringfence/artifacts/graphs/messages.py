"""Messages of protocol buffers, gone through by a table of what matters in them.

Whatever the table does not name is stepped over. Fields of one number that come twice are both visited, as
parsers merge them.
"""

from collections.abc import Iterator, Mapping

from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS

__all__ = ["Table", "leaves", "text_of"]

Table = Mapping[str, Mapping[int, str]]
"""Message → number of a field → the message in it, or, when the table has no such message, a leaf's name."""


def leaves(walker: Walker, table: Table, root: str) -> Iterator[tuple[str, Field]]:
    """The fields that `table` names within the file, which is one `root` message, in the file's order.

    Raises:
        Malformed: what `Walker.fields` raises, or messages nested deeper than `limits.graph_depth`.
    """
    stack = [(table[root], walker.fields(0, walker.reader.size_bytes))]
    while stack:
        message, fields = stack[-1]
        each = next(fields, None)
        if each is None:
            stack.pop()
            continue
        name = message.get(each.number)
        if name is None:
            continue
        inner = table.get(name)
        if inner is None:
            yield name, each
        elif each.wire is Wire.LENGTH:
            if len(stack) >= LIMITS.graph_depth:
                raise Malformed(
                    ProblemKind.OVER_LIMIT, at=each.at, detail=f"messages nested {len(stack)} deep"
                )
            stack.append((inner, walker.inside(each)))


def text_of(reader: Reader, each: Field) -> str:
    """The text in a field, its first `limits.metadata_value_chars` bytes; empty when it holds no text.

    Moves the reader.
    """
    if each.wire is not Wire.LENGTH:
        return ""
    reader.offset = each.at
    return reader.take(min(each.value, LIMITS.metadata_value_chars)).decode("utf-8", "replace")

import struct

import pytest

from ringfence.artifacts.flatbuffer_tables import root
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader

# The root, its fields (8 bytes, a table of 12, fields at 4 and 8), the table, a list of two numbers.
_FILE = (
    struct.pack("<I", 12)
    + struct.pack("<4H", 8, 12, 4, 8)
    + struct.pack("<iiI", 8, -7, 4)
    + struct.pack("<Iii", 2, 5, -1)
)


def test_fields_come_out_and_missing_ones_are_nothing() -> None:
    table = root(Reader.of_bytes(_FILE))
    assert table.number(0, 4, signed=True) == -7
    assert table.numbers(1) == [5, -1]
    assert (table.number(2, 8), table.numbers(2), table.text(2), list(table.tables(2))) == (0, [], "", [])


def test_a_list_past_the_end_was_cut_short() -> None:
    with pytest.raises(Malformed) as stop:
        root(Reader.of_bytes(_FILE[:-4])).numbers(1)
    assert stop.value.problem.kind is ProblemKind.TRUNCATED


def test_a_table_of_fields_outside_is_said() -> None:
    with pytest.raises(Malformed) as stop:
        root(Reader.of_bytes(struct.pack("<Ii", 4, 1000)))
    assert stop.value.problem.kind is ProblemKind.TRUNCATED

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raw_headers import varint as written
from raw_headers import wire
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.protobuf_wire import Field, Walker, Wire, varint
from ringfence.artifacts.reader import Reader


def _fields(data: bytes, *, max_fields: int = 1000) -> list[Field]:
    return list(Walker(Reader.of_bytes(data), max_fields=max_fields).fields(0, len(data)))


@given(st.integers(0, 2**64 - 1))
def test_a_number_is_read_as_it_was_written(number: int) -> None:
    assert varint(Reader.of_bytes(written(number))) == number


@given(st.lists(st.tuples(st.integers(1, 2**29 - 1), st.integers(0, 2**64 - 1) | st.binary(max_size=300))))
def test_fields_are_read_as_they_were_written(message: list[tuple[int, int | bytes]]) -> None:
    data = b"".join(wire(number, value) for number, value in message)
    read = [
        (each.number, each.value if each.wire is Wire.VARINT else data[each.at : each.at + each.value])
        for each in _fields(data)
    ]
    assert read == message


def test_fields_of_fixed_width_are_stepped_over() -> None:
    assert _fields(b"\x09" + bytes(8) + b"\x15" + bytes(4)) == [
        Field(1, Wire.I64, 8, 1),
        Field(2, Wire.I32, 4, 10),
    ]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x00", ProblemKind.BAD_HEADER),
        (b"\x0b", ProblemKind.BAD_HEADER),
        (b"\x0e", ProblemKind.BAD_HEADER),
        (b"\xff" * 11, ProblemKind.BAD_HEADER),
        (b"\x08" + b"\xff" * 10, ProblemKind.BAD_HEADER),
        (b"\x0a\x05abc", ProblemKind.TRUNCATED),
        (b"\x0a" + written(2**63), ProblemKind.DOES_NOT_FIT),
        (b"\x09abc", ProblemKind.TRUNCATED),
        (b"\x08", ProblemKind.TRUNCATED),
    ],
)
def test_what_is_no_field_is_malformed(data: bytes, kind: ProblemKind) -> None:
    with pytest.raises(Malformed) as stop:
        _fields(data)
    assert stop.value.problem.kind is kind


def test_fields_are_counted_over_the_whole_walk() -> None:
    with pytest.raises(Malformed) as stop:
        _fields(b"\x08\x01" * 11, max_fields=10)
    assert stop.value.problem.kind is ProblemKind.OVER_LIMIT


@given(st.binary(max_size=200))
def test_a_walk_over_anything_ends(data: bytes) -> None:
    with suppress(Malformed):
        assert len(_fields(data)) <= len(data)

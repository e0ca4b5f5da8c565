import io
import pickle
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts import pickle_walk
from ringfence.artifacts.pickle_walk import Pickle, is_text_pickle, looks_like_pickle, walk, walk_tolerantly
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.core.limits import LIMITS

_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | st.binary(max_size=300),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


def _walked(data: bytes) -> Pickle:
    found = Pickle()
    walk(Reader.of_bytes(data), found)
    return found


@given(_DATA, st.integers(0, 5))
def test_a_walk_over_plain_data_ends_at_its_end_and_names_nothing(data: object, protocol: int) -> None:
    text = pickle.dumps(data, protocol)
    reader, found = Reader.of_bytes(text), Pickle()
    walk(reader, found)
    assert (found.complete, reader.remaining_bytes) == (True, 0)
    # Protocols 0 to 2 have no opcode for bytes: they are encoded text.
    assert found.imports.keys() <= {"_codecs.encode", "__builtin__.bytes"}


@given(_DATA, st.integers(0, 5), st.binary(max_size=3))
def test_a_pickle_passed_over_in_one_go_is_told_of_as_one_walked_over(
    data: object, protocol: int, behind: bytes
) -> None:
    text = pickle.dumps(data, protocol) + behind
    told = []
    for size in (1 << 20, 0):  # of what may be passed over in one go
        reader, found = Reader.of_bytes(text), Pickle()
        with patch.object(pickle_walk, "_SMALL_BYTES", size):
            walk(reader, found)
        told.append((found.protocol, found.complete, list(found.imports), found.numbers, reader.offset))
    assert told[0] == told[1]


@given(_DATA, st.integers(2, 5))
def test_every_real_pickle_looks_like_one(data: object, protocol: int) -> None:
    assert looks_like_pickle(pickle.dumps(data, protocol)[: LIMITS.sniff_bytes])


@pytest.mark.parametrize("protocol", range(6))
def test_globals_are_named_at_every_protocol(protocol: int) -> None:
    imports = _walked(pickle.dumps([io.BytesIO, Pickle, io.BytesIO], protocol)).imports
    assert list(imports) == ["_io.BytesIO", "ringfence.artifacts.pickle_walk.Pickle"]


def test_names_taken_from_the_memo_are_known() -> None:
    data = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x01x\x94h\x00h\x01\x93."
    assert list(_walked(data).imports) == ["os.system"]


def test_an_old_style_instance_names_its_class() -> None:
    assert list(_walked(b"(ios\nsystem\n.").imports) == ["os.system"]


def test_storages_are_counted_by_their_key() -> None:
    class Stored(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return obj if isinstance(obj, tuple) else None

    out = io.BytesIO()
    first, second = ("storage", io.BytesIO, "0", "cpu", 1000), ("storage", io.BytesIO, "1", "cpu", 2**40)
    Stored(out, 2).dump([first, second, first])
    assert _walked(out.getvalue()).storages == {"0": ("_io.BytesIO", 1000), "1": ("_io.BytesIO", 2**40)}


def test_a_walk_stops_at_its_limit_with_what_it_has() -> None:
    found = Pickle()
    problem = walk_tolerantly(Reader.of_bytes(b"cos\nsystem\n" + b"0" * 1_000_000 + b"."), found)
    assert problem is not None
    assert (problem.kind, found.ops, list(found.imports)) == (
        ProblemKind.OVER_LIMIT,
        LIMITS.pickle_ops,
        ["os.system"],
    )


def test_names_are_listed_up_to_their_limit() -> None:
    data = b"".join(b"cm\nn%d\n" % i for i in range(1000)) + b"."
    assert len(_walked(data).imports) == LIMITS.fact_items


@given(st.binary(max_size=500))
def test_a_walk_over_anything_ends_or_is_malformed(data: bytes) -> None:
    found = Pickle()
    walk_tolerantly(Reader.of_bytes(data), found)
    assert found.ops <= len(data) + 1


@pytest.mark.parametrize("text", [b"", b"hello world\n", b"<html>", b"\x80\x04", b"]", b"]\xff"])
def test_what_could_hardly_be_a_pickle_is_no_text_pickle(text: bytes) -> None:
    assert not is_text_pickle(text)


def test_a_line_that_does_not_end_is_malformed() -> None:
    with pytest.raises(Malformed):
        _walked(b"c" + b"x" * 100)
    with pytest.raises(Malformed) as stop:
        _walked(b"c" + b"x" * 1_000_000 + b"\n")
    assert stop.value.problem.kind is ProblemKind.OVER_LIMIT


_PIECES = [
    *(b"\x94", b"\x8c\x03abc", b"K\x07", b"M\x07\x01", b"J\xff\xff\xff\xff", b"h\x00", b"j\x00\x00\x00\x00"),
    *(
        b"q\x00",
        b"r\x01\x00\x00\x00",
        b"X\x02\x00\x00\x00os",
        b"X\x00\x02\x00\x00" + b"x" * 512,
        b"\x93",
        b"Q",
    ),
    *(b"cos\nsystem\n", b"\x8a\x01\x05", b"G" + bytes(8), b"}", b"(", b"b", b"\x80\x04", b"\xff", b"."),
]


@given(st.lists(st.sampled_from(_PIECES), max_size=60), st.integers(0, 20), st.integers(1, 80))
def test_the_quick_way_finds_what_the_slow_way_finds(pieces: list[bytes], cut: int, max_ops: int) -> None:
    data = b"".join(pieces)
    data = data[: max(0, len(data) - cut)]

    def found() -> tuple[Pickle, str, int]:
        reader, what = Reader.of_bytes(data), Pickle()
        try:
            walk(reader, what, max_ops=max_ops)
        except Malformed as wrong:
            return what, str(wrong.problem), 0
        return what, "", reader.offset

    quick = found()
    with patch.object(pickle_walk._Walk, "_quickly", lambda _self, _max_ops: None):
        assert found() == quick

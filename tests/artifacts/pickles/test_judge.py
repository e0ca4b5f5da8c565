"""What is spotted in pickles. Everything hostile is written by hand, as bytes, and never loaded."""

import collections
import datetime
import decimal
import io
import pickle

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.format import Inside
from ringfence.artifacts.judging import judging_budget
from ringfence.artifacts.pickles.judge import judge
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.core.findings import Severity


def spotted(data: bytes) -> list[tuple[str, str]]:
    return [
        (each.check, each.evidence[0]) for each in judge(Reader.of_bytes(data)) if isinstance(each, Spotted)
    ]


PLAIN = [
    {"weights": [1.5, 2**70, -1], "name": "tïny", b"raw": bytearray(b"x")},
    [datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), decimal.Decimal("1.5"), {1, 2}],
    collections.OrderedDict(a=1),
    {"array": np.arange(3), "scalar": np.float32(1)},
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", PLAIN)
def test_plain_data_of_every_protocol_has_nothing_to_spot(value: object, protocol: int) -> None:
    assert spotted(pickle.dumps(value, protocol=protocol)) == []


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_behind_each_other_are_as_one(protocol: int) -> None:
    assert spotted(b"".join(pickle.dumps(value, protocol=protocol) for value in ([1], {"a": 2}, "x"))) == []


CALLS_SYSTEM = [
    b"cos\nsystem\n(S'id'\ntR.",
    b"(S'id'\nios\nsystem\n.",
    b"(cos\nsystem\nS'id'\no.",
    b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93\x8c\x02id\x85R.",
    b"\x80\x04N.\x80\x04cos\nsystem\n\x8c\x02id\x85R.",
    b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.",
    b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85}\x92.",
]


@pytest.mark.parametrize("data", CALLS_SYSTEM)
def test_a_call_of_the_shell_is_critical_in_every_disguise(data: bytes) -> None:
    worst = max(judge(Reader.of_bytes(data)), key=lambda each: each.severity)
    assert (worst.check, worst.severity) == ("pickle-dangerous-call", Severity.CRITICAL)
    assert "system('id')" in worst.evidence[0]


def test_a_class_of_nobody_knows_where_is_unknown_and_no_more() -> None:
    assert spotted(b"\x80\x02cmyapp.models\nThing\n)\x81.") == [
        ("pickle-unknown-class", "myapp.models.Thing()")
    ]


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (b"\x80\x02\x82\x05)R.", "pickle-extension"),
        (b"\x80\x04N.junkjunk", "pickle-anomaly"),
        (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00cos", "pickle-anomaly"),
        (b"\x80\x04.", "pickle-anomaly"),
        (b"\x80\x04h\x07.", "pickle-anomaly"),
        (b"\x80\x04\x8c\xff", "pickle-anomaly"),
    ],
)
def test_what_cannot_be_followed_is_never_nothing(data: bytes, check: str) -> None:
    assert check in {name for name, _ in spotted(data)}


@pytest.mark.parametrize("data", [data for data in CALLS_SYSTEM if data.count(b".") == 1])
def test_cut_anywhere_it_is_never_nothing(data: bytes) -> None:
    assert all(spotted(data[:end]) for end in range(1, len(data)))


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_an_exception(data: bytes) -> None:
    list(judge(Reader.of_bytes(b"\x80\x04" + data)))


@given(
    st.recursive(st.none() | st.integers() | st.text() | st.floats() | st.binary(), st.lists),
    st.integers(0, 5),
)
def test_whatever_plain_data_is_made_of_nothing_is_spotted(value: object, protocol: int) -> None:
    assert spotted(pickle.dumps(value, protocol=protocol)) == []


def dumped(value: object) -> bytes:
    out = io.BytesIO()
    joblib.dump(value, out)
    return out.getvalue()


ARRAYS = [
    np.arange(6.0),
    np.arange(6).reshape(2, 3).T,
    np.zeros(0, np.int8),
    np.zeros((3, 2), [("x", "<f4"), ("y", "<i8", (2,))]),
    np.array([{1: 2}, "x"], object),
    np.array(["a", "bc"]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda each: str(each.dtype))
def test_what_joblib_writes_has_nothing_to_spot(array: np.ndarray) -> None:
    assert spotted(dumped([array, {"after": array}, "end"])) == []


def test_what_stands_behind_an_array_of_joblib_is_seen() -> None:
    whole = dumped(np.arange(6.0))
    assert whole.endswith(b".")
    data = whole[:-1] + b"0cos\nsystem\nS'id'\n\x85R."
    assert ("pickle-dangerous-call", "os.system('id')") in spotted(data)


def loading(content: bytes) -> bytes:
    return b"\x80\x03ctorch.storage\n_load_from_bytes\nC" + bytes([len(content)]) + content + b"\x85R."


def within(data: bytes) -> list[tuple[str, bytes]]:
    reader = Reader.of_bytes(data, budget=judging_budget())
    found = [each for each in judge(reader) if isinstance(each, Inside)]
    return [(each.name, each.reader.at(0, each.reader.size_bytes)) for each in found]


def test_what_a_loader_within_a_pickle_gets_is_a_file_of_its_own() -> None:
    assert within(loading(b"\x80\x02\x8a\n")) == [("bytes.pt", b"\x80\x02\x8a\n")]
    encoded = (
        b"\x80\x02ctorch.storage\n_load_from_bytes\nc_codecs\nencode\n"
        b"X\x03\x00\x00\x00\xc2\x80\x02X\x06\x00\x00\x00latin1\x86R\x85R."
    )
    assert within(encoded) == [("bytes.pt", b"\x80\x02")]


def test_a_loader_within_a_pickle_that_gets_what_is_not_in_the_file_is_severe() -> None:
    data = loading(b"abcd")[:-1] + b"0ctorch.storage\n_load_from_bytes\n(K\x01\x91\x85R."
    found = [each for each in judge(Reader.of_bytes(data)) if isinstance(each, Spotted)]
    assert [(each.check, each.severity) for each in found] == [("pickle-nested-loader", Severity.HIGH)]


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c"])
def test_bytes_that_begin_as_an_archive_are_a_file_of_their_own(magic: bytes) -> None:
    content = magic + bytes(100)
    assert within(pickle.dumps({"x": content})) == [("bytes", content)]
    assert within(pickle.dumps({"x": magic + b"short"})) == []


def test_bytes_that_begin_as_a_pickle_by_chance_are_nothing() -> None:
    chance = [b"\x80\x02\x82\x47", b"\x80\x04X\xff\xff\xff\xff", b"\x80\x03\xff" + bytes(50)]
    assert spotted(pickle.dumps(chance)) == []


def test_bytes_that_are_a_program_are_told() -> None:
    data = pickle.dumps({"x": b"\x7fELF\x02\x01" + bytes(100)})
    assert spotted(data) == [("pickle-holds-program", "a program within 106 bytes")]

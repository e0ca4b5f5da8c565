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

from ringfence.artifacts.pickles.judge import judge
from ringfence.artifacts.reader import Reader
from ringfence.core.findings import Severity


def spotted(data: bytes) -> list[tuple[str, str]]:
    return [(each.check, each.evidence[0]) for each in judge(Reader.of_bytes(data))]


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


@pytest.mark.parametrize(
    ("content", "severity"),
    [(b"PK\x03\x04", Severity.HIGH), (b"\xff\x02ab", Severity.HIGH), (b"\x80\x02\x8a\n", Severity.MEDIUM)],
)
def test_a_loader_within_a_pickle_is_never_nothing(content: bytes, severity: Severity) -> None:
    data = b"\x80\x03ctorch.storage\n_load_from_bytes\nC\x04" + content + b"\x85R."
    found = {each.check: each.severity for each in judge(Reader.of_bytes(data))}
    assert found["pickle-nested-loader"] == severity

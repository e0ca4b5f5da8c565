"""What a chain shows of every touch, and what it keeps to itself once a body is pruned."""

import hashlib
from collections.abc import Callable

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ringfence.ledger.chain import START, Head, Row, fault_of, header_of, link

_SALT = bytes(range(16))


def _chain(count: int) -> list[Row]:
    rows, head = [], START
    for number in range(count):
        row = link(
            head,
            stream="one",
            at=1000 - number,
            type_="scan.started/1",
            salt=_SALT,
            body=b'{"n":%d}' % number,
        )
        rows.append(row)
        head = Head(row.seq, row.hash)
    return rows


def _first_fault(rows: list[Row]) -> tuple[int, str] | None:
    head = START
    for place, row in enumerate(rows):
        fault = fault_of(row, head)
        if fault:
            return place, fault
        head = Head(row.seq, row.hash)
    return None


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,50}", fullmatch=True),
    st.integers(1, 2**53 - 1),
    st.integers(-(2**50), 2**53 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_headers_are_canonical_json(stream: str, seq: int, at: int, digest: bytes) -> None:
    made = header_of(stream=stream, seq=seq, at=at, type_="a_b.c/12", commitment=digest, prev=digest[::-1])
    assert made == rfc8785.dumps(
        {
            "v": 1,
            "stream": stream,
            "seq": seq,
            "at": at,
            "type": "a_b.c/12",
            "prev": digest[::-1].hex(),
            "commitment": digest.hex(),
        }
    )


def test_an_event_commits_to_its_salt_body_header_and_predecessor() -> None:
    first, second = _chain(2)
    assert first.commitment == hashlib.sha256(_SALT + b'{"n":0}').digest()
    header = header_of(
        stream="one", seq=2, at=999, type_="scan.started/1", commitment=second.commitment, prev=first.hash
    )
    assert second.hash == hashlib.sha256(header).digest()
    assert _first_fault(_chain(5)) is None


@pytest.mark.parametrize(
    ("touch", "place", "fault"),
    [
        (lambda rows: rows.pop(2), 2, "3 is missing before it"),
        (lambda rows: rows.pop(0), 0, "1 is missing before it"),
        (lambda rows: rows.insert(2, rows[1]), 2, "comes after 2"),
        (lambda rows: rows.reverse(), 0, "1 is missing before it"),
        (lambda rows: _change(rows, 2, body=b'{"n":9}'), 2, "its body was changed"),
        (lambda rows: _change(rows, 2, salt=bytes(16)), 2, "its body was changed"),
        (lambda rows: _change(rows, 2, salt=None), 2, "it is no event"),
        (lambda rows: _change(rows, 2, body=None), 2, "it is no event"),
        (lambda rows: _change(rows, 2, at=5), 2, "its header was changed, or what came before it"),
        (lambda rows: _change(rows, 2, type="a.b/1"), 2, "its header was changed, or what came before it"),
        (lambda rows: _change(rows, 2, stream="two"), 2, "its header was changed, or what came before it"),
        (lambda rows: _change(rows, 2, hash=bytes(32)), 2, "its header was changed, or what came before it"),
        (lambda rows: _change(rows, 2, type='a.b/1","v":2'), 2, "its stream or type is no name"),
        (lambda rows: _change(rows, 2, seq=4), 2, "3 is missing before it"),
    ],
)  # fmt: skip
def test_every_touch_is_named_at_its_place(
    touch: Callable[[list[Row]], object], place: int, fault: str
) -> None:
    rows = _chain(5)
    touch(rows)
    assert _first_fault(rows) == (place, fault)


def test_an_event_that_is_made_anew_does_not_fit_what_follows() -> None:
    rows = _chain(5)
    head = Head(rows[1].seq, rows[1].hash)
    rows[2] = link(head, stream="one", at=7, type_="scan.started/1", salt=_SALT, body=b"{}")
    assert _first_fault(rows) == (3, "its header was changed, or what came before it")


def test_a_pruned_event_still_holds_its_place_and_a_guess_cannot_be_tried() -> None:
    rows = _chain(5)
    _change(rows, 2, salt=None, body=None)
    assert _first_fault(rows) is None
    kept = rows[2]
    assert hashlib.sha256(b'{"n":2}').digest() not in kept
    assert all(hashlib.sha256(bytes([n]) * 16 + b'{"n":2}').digest() != kept.commitment for n in range(256))


def _change(rows: list[Row], place: int, **columns: object) -> None:
    rows[place] = rows[place]._replace(**columns)

"""What is done to a ledger by hand, and what verifying it says: on both stores."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledgers import opened, scan
from ringfence.core.action_types import Durability
from ringfence.ledger.chain import START, Head, link
from ringfence.ledger.checkpoints import STREAM, sign_all
from ringfence.ledger.notes import Note, PublicKey, SigningKey
from ringfence.ledger.vouching import Fault, FaultKind, Vouched, vouch

_KEY, _OTHER = SigningKey(b"k" * 32), SigningKey(b"o" * 32)


class Record:
    """A ledger with two streams and two checkpoints, and a hand in its store."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.ledger = opened(where)
        self.add("one", 3)
        self.add("two", 3)
        self.first = sign_all(self.ledger, _KEY)
        self.add("one", 2)
        self.add("two", 2)
        self.second = sign_all(self.ledger, _KEY)
        self.add("one", 1)

    def add(self, stream: str, count: int) -> None:
        for number in range(count):
            self.ledger.append(scan(f"{stream}-{number}"), stream=stream, durability=Durability.FSYNC)

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        return (_KEY.public(self.first.note.checkpoint.origin),)

    def vouched(self, *anchors: Note, keys: tuple[PublicKey, ...] | None = None) -> Vouched:
        return vouch(self.ledger, anchors=anchors, keys=self.keys if keys is None else keys)

    def fault(self, *anchors: Note) -> Fault:
        """The only one."""
        found = self.vouched(*anchors).faults
        assert len(found) == 1, found
        return found[0]

    def do(self, statement: str, *values: object) -> None:
        """By hand, behind the ledger's back."""
        if self.where.startswith("postgresql"):
            with psycopg.connect(self.where, autocommit=True) as server:
                server.execute(statement.replace("events", "ringfence_events").replace("?", "%s"), values)
            return
        with contextlib.closing(sqlite3.connect(self.where, isolation_level=None)) as database:
            database.execute(statement, values)

    def remake(self, stream: str, first: int, **columns: Any) -> None:
        """Makes an event and all that follow in its stream anew, so that the chain holds."""
        head = START
        for row in list(self.ledger.rows(stream=stream)):
            if row.seq >= first:
                body = columns.get("body", row.body) if row.seq == first else row.body
                made = link(head, stream=stream, at=row.at, type_=row.type, salt=row.salt, body=body)
                self.do(
                    "UPDATE events SET body = ?, commitment = ?, hash = ? WHERE stream = ? AND seq = ?",
                    *(made.body, made.commitment, made.hash, stream, row.seq),
                )
                head = Head(made.seq, made.hash)
            else:
                head = Head(row.seq, row.hash)


@pytest.fixture
def record(where: str) -> Iterator[Record]:
    made = Record(where)
    yield made
    made.ledger.close()


def test_a_ledger_that_nobody_touched_is_whole(record: Record) -> None:
    assert record.vouched(record.first.note, record.second.note) == Vouched(
        events=13,
        told=13,
        streams=3,
        origin=record.first.note.checkpoint.origin,
        faults=(),
        checkpoints=2,
        signed_size=11,
        anchored_size=11,
        unreadable=None,
    )


def test_an_edited_body_is_named(record: Record) -> None:
    record.do("UPDATE events SET body = ? WHERE stream = 'two' AND seq = 2", b'{"scan":"no"}')
    assert record.fault() == Fault(kind=FaultKind.EVENT, stream="two", seq=2, what="its body was changed")


def test_an_edited_header_is_named(record: Record) -> None:
    record.do("UPDATE events SET at = at + 1 WHERE stream = 'one' AND seq = 4")
    assert record.fault() == Fault(
        kind=FaultKind.EVENT,
        stream="one",
        seq=4,
        what="its header was changed, or what came before it",
    )


def test_a_deleted_event_is_missed(record: Record) -> None:
    record.do("DELETE FROM events WHERE stream = 'one' AND seq = 2")
    assert record.fault() == Fault(kind=FaultKind.EVENT, stream="one", seq=3, what="2 is missing before it")


def test_an_inserted_event_is_named(record: Record) -> None:
    record.do("UPDATE events SET seq = seq + 100 WHERE stream = 'two' AND seq >= 3")
    record.do("UPDATE events SET seq = seq - 99 WHERE stream = 'two' AND seq >= 100")
    row = next(iter(record.ledger.rows(stream="two")))
    record.do(
        "INSERT INTO events (stream, seq, at, type, commitment, hash, salt, body) VALUES (?,?,?,?,?,?,?,?)",
        *("two", 3, row.at, row.type, row.commitment, row.hash, row.salt, row.body),
    )
    found = record.vouched().faults[0]
    assert (found.kind, found.stream) == (FaultKind.EVENT, "two")
    assert found.seq in (3, 4)


def test_two_events_that_changed_places_are_named(record: Record) -> None:
    for before, after in ((2, 99), (3, 2), (99, 3)):
        record.do("UPDATE events SET seq = ? WHERE stream = 'one' AND seq = ?", after, before)
    assert record.fault() == Fault(kind=FaultKind.EVENT, stream="one", seq=3, what="2 is missing before it")


def test_a_chain_that_was_made_anew_does_not_fit_its_checkpoints(record: Record) -> None:
    record.remake("one", 4, body=b'{"scan":"no"}')
    found = record.fault()
    assert (found.kind, found.stream, found.seq) == (FaultKind.CHECKPOINT, STREAM, 1)
    assert found.what.startswith("the record does not fit checkpoint checkpoints:2 over the first 11 events")
    assert record.vouched().signed_size == 6


def test_a_whole_stream_that_was_taken_out_is_missed(record: Record) -> None:
    record.do("DELETE FROM events WHERE stream = 'two'")
    assert {each.kind for each in record.vouched().faults} == {FaultKind.CHECKPOINT}


def test_the_end_of_a_stream_that_was_cut_off_before_a_checkpoint_is_missed(record: Record) -> None:
    record.do("DELETE FROM events WHERE stream = 'two' AND seq > 3")
    found = record.fault()
    assert (found.kind, found.stream, found.seq) == (FaultKind.CHECKPOINT, STREAM, 1)


def _cut(record: Record) -> None:
    ordinal = [each.ordinal for each in record.ledger.rows()][8]
    record.do("DELETE FROM events WHERE ordinal > ?", ordinal)


def test_a_ledger_that_was_cut_off_at_its_end_is_found_by_an_anchor_alone(record: Record) -> None:
    _cut(record)
    assert record.vouched().faults == ()
    assert record.vouched(record.first.note).faults == ()
    assert record.fault(record.second.note) == Fault(
        kind=FaultKind.ANCHOR,
        stream=None,
        seq=None,
        what="the anchor saw 11 events, of which 9 are there: the record was cut off at its end",
    )


def test_a_fork_is_found_by_an_anchor_alone(record: Record) -> None:
    _cut(record)
    record.ledger.close()
    record.add("two", 6)
    sign_all(record.ledger, _KEY)
    assert record.vouched().faults == ()
    found = record.fault(record.first.note, record.second.note)
    assert found.kind is FaultKind.ANCHOR
    assert (found.stream, found.seq) == (STREAM, 1)  # the first after what the first anchor saw
    assert "the first 11 events are not those that the anchor saw" in found.what


def _signed_anew(record: Record, key: SigningKey) -> None:
    """All that somebody can do who can write the file and has a key."""
    record.remake("one", 1, body=b'{"scan":"no"}')
    record.do("DELETE FROM events WHERE stream = ?", STREAM)
    record.ledger.close()
    sign_all(record.ledger, key)


def test_a_record_that_was_made_and_signed_anew_is_found_by_an_anchor_alone(record: Record) -> None:
    _signed_anew(record, _KEY)
    origin = next(record.ledger.rows()).hash[:16].hex()
    own = (_KEY.public(f"ringfence/ledger/{origin}"),)
    assert record.vouched(keys=own).faults == ()
    found = record.vouched(record.first.note, keys=(*own, *record.keys)).faults
    assert [each.kind for each in found] == [FaultKind.ANCHOR]


def test_another_key_than_the_trusted_one_is_found(record: Record) -> None:
    record.add("one", 1)
    made = sign_all(record.ledger, _OTHER)
    id_ = made.note.signatures[0].key_id.hex()
    assert record.fault() == Fault(
        kind=FaultKind.KEY,
        stream=STREAM,
        seq=3,
        what=f"this checkpoint is not signed with a key that is trusted here, but with {id_}",
    )
    both = (*record.keys, _OTHER.public(made.note.checkpoint.origin))
    assert record.vouched(keys=both).faults == ()
    assert record.vouched(keys=()).faults == ()
    assert record.vouched(made.note).faults[-1].what == (
        f"the anchor over {made.size} events is not signed with a key that is trusted here"
    )


def test_an_anchor_of_another_ledger_is_refused(record: Record, tmp_path: Path) -> None:
    other = Record(str(tmp_path / "other" / "ledger.sqlite"))
    keys = (*record.keys, *other.keys)
    (found,) = record.vouched(other.first.note, keys=keys).faults
    assert (found.kind, found.what.partition(",")[0]) == (FaultKind.ANCHOR, "the anchor is of another ledger")
    other.ledger.close()


def test_a_signature_that_was_changed_is_no_signature(record: Record) -> None:
    row = list(record.ledger.rows(stream=STREAM))[1]
    note = str(record.second.note)
    forged = note[:-10] + ("A" if note[-10] != "A" else "B") + note[-9:]
    body = row.body.decode().replace(note.replace("\n", "\\n"), forged.replace("\n", "\\n")).encode()
    assert body != row.body
    record.remake(STREAM, 2, body=body)
    assert record.fault().kind is FaultKind.KEY


def test_pruned_events_keep_the_record_whole(record: Record) -> None:
    rows = [each.ordinal for each in record.ledger.rows(stream="one")]
    record.ledger.forget(rows)
    assert record.vouched(record.second.note).faults == ()
    assert [each.event for each in record.ledger.read(stream="one")] == [None] * len(rows)


def test_a_checkpoint_whose_body_is_gone_is_a_fault(record: Record) -> None:
    record.ledger.forget([next(record.ledger.rows(stream=STREAM)).ordinal])
    found = record.fault()
    assert (found.kind, found.stream, found.seq) == (FaultKind.CHECKPOINT, STREAM, 1)


def test_a_page_that_cannot_be_read_ends_what_can_be_vouched_for(tmp_path: Path) -> None:
    path = tmp_path / "l" / "ledger.sqlite"
    record = Record(str(path))
    record.add("one", 400)
    record.ledger.close()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = database.execute("PRAGMA page_size").fetchone()
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        try:
            leaves = database.execute("SELECT pageno FROM dbstat WHERE name='events' AND pagetype='leaf'")
            damaged = [number for (number,) in leaves][-3]
        except sqlite3.OperationalError:
            damaged = pages - 4
    data = bytearray(path.read_bytes())
    data[(damaged - 1) * page : damaged * page] = b"\xff" * page
    path.write_bytes(data)
    found = record.vouched()
    assert found.unreadable is not None
    assert found.faults == ()
    assert 13 < found.events < 413
    assert found.signed_size == 11

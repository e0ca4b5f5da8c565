"""Checkpoints: what is signed, by whom it goes on, when one is due; notes as the field writes them."""

import base64
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledgers import opened, scan, writers
from ringfence.core.action_types import Durability
from ringfence.core.errors import RingfenceError, UsageError
from ringfence.ledger.checkpoints import AGE, EVENTS, STREAM, is_due, newest, sign_all
from ringfence.ledger.errors import LedgerUnavailable
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.merkle import leaf_hash, root_of
from ringfence.ledger.notes import BadNote, Checkpoint, PublicKey, SigningKey, notes_and_keys, read_note
from ringfence.ledger.open import open_ledger
from ringfence.ledger.signing import SignedLedger
from ringfence.ledger.vouching import vouch

_KEY, _OTHER = SigningKey(b"k" * 32), SigningKey(b"o" * 32)
_WRITTEN = Durability.WRITTEN

# The example of golang.org/x/mod/sumdb/note, which others test against as well.
_EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_EXAMPLE_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


@pytest.fixture
def ledger(where: str) -> Iterator[Ledger]:
    made = opened(where)
    yield made
    made.close()


def _add(ledger: Ledger, count: int, stream: str = "one") -> None:
    for number in range(count):
        ledger.append(scan(str(number)), stream=stream, durability=_WRITTEN)


def test_a_checkpoint_signs_the_tree_over_all_events_in_their_order(ledger: Ledger) -> None:
    _add(ledger, 3, "two")
    _add(ledger, 2, "one")
    rows = list(ledger.rows())
    signed = sign_all(ledger, _KEY)
    checkpoint = signed.note.checkpoint
    assert checkpoint == Checkpoint(
        origin=f"ringfence/ledger/{rows[0].hash[:16].hex()}",
        size=5,
        root=root_of([leaf_hash(each.hash) for each in rows]),
    )
    assert _KEY.public(checkpoint.origin).has_signed(signed.note)
    assert not _OTHER.public(checkpoint.origin).has_signed(signed.note)
    assert (signed.position.stream, signed.position.seq) == (STREAM, 1)
    assert newest(ledger) == signed


def test_a_second_one_is_made_only_when_something_is_new(ledger: Ledger) -> None:
    _add(ledger, 2)
    first = sign_all(ledger, _KEY)
    assert sign_all(ledger, _KEY) == first
    _add(ledger, 1)
    second = sign_all(ledger, _KEY)
    assert (second.size, second.position.seq) == (4, 2)  # the first checkpoint is an event too
    assert second.note.checkpoint.root == root_of([leaf_hash(row.hash) for row in list(ledger.rows())[:4]])


def test_each_key_signs_for_itself(ledger: Ledger) -> None:
    _add(ledger, 2)
    own, other = sign_all(ledger, _KEY), sign_all(ledger, _OTHER)
    assert (own.size, other.size) == (2, 3)
    origin = other.note.checkpoint.origin
    assert vouch(ledger, keys=(_KEY.public(origin), _OTHER.public(origin))).faults == ()


def test_nothing_cannot_be_signed(ledger: Ledger) -> None:
    assert newest(ledger) is None
    with pytest.raises(LedgerUnavailable, match="nothing is recorded yet"):
        sign_all(ledger, _KEY)


def test_many_signers_and_writers_at_once_leave_a_whole_record(where: str) -> None:
    ledgers = [opened(where) for _ in range(4)]
    _add(ledgers[0], 1)

    def work(own: Ledger) -> None:
        for _ in range(5):
            _add(own, 2)
            sign_all(own, _KEY)

    threads = [threading.Thread(target=work, args=(each,)) for each in ledgers]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    origin = sign_all(ledgers[0], _KEY).note.checkpoint.origin
    found = vouch(ledgers[0], keys=(_KEY.public(origin),))
    assert (found.faults, found.signed_size >= 41) == ((), True)
    assert found.checkpoints == found.events - 41
    for each in ledgers:
        each.close()


class _Time:
    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 12, tzinfo=UTC) + self.passed

    def monotonic(self) -> float:
        return self.passed.total_seconds()


def _signed(
    where: str, time: _Time, key: SigningKey | RingfenceError = _KEY
) -> tuple[SignedLedger, list[str]]:
    told: list[str] = []

    def give() -> SigningKey:
        if isinstance(key, RingfenceError):
            raise key
        return key

    inner = opened(where, clock=time.now)
    made = SignedLedger(lambda: inner, give, now=time.now, tell=told.append, monotonic=time.monotonic)
    return made, told


def test_a_ledger_is_signed_after_so_many_events_while_it_is_written(where: str) -> None:
    ledger, told = _signed(where, _Time())
    _add(ledger, EVENTS - 1)
    assert newest(ledger) is None
    _add(ledger, 1)
    assert (signed := newest(ledger)) is not None
    assert (signed.size, told) == (EVENTS, [])
    ledger.close()
    assert newest(ledger) == signed


def test_who_does_not_wait_leaves_the_checkpoint_that_is_due_to_others(ledger_file: Path) -> None:
    time = _Time()
    ledger, _ = _signed(str(ledger_file), time)
    _add(ledger, 1)
    assert ledger.append_at_once(scan("at once"), stream="one") is not None
    time.passed = AGE
    assert ledger.append_at_once(scan("one is due"), stream="one") is None
    _add(ledger, 1)
    assert (signed := newest(ledger)) is not None
    assert signed.size == 3
    assert ledger.append_at_once(scan("at once"), stream="one") is not None
    ledger.close()


def test_a_ledger_is_signed_after_so_long_a_time(where: str) -> None:
    time = _Time()
    ledger, _ = _signed(where, time)
    _add(ledger, 1)
    time.passed = AGE
    _add(ledger, 1)
    assert (signed := newest(ledger)) is not None
    assert signed.size == 2
    ledger.close()


def test_a_command_that_ends_signs_what_others_left_unsigned_too_long(where: str) -> None:
    time = _Time()
    first, _ = _signed(where, time)
    _add(first, 1)
    first.close()
    assert newest(first) is None
    time.passed = AGE
    assert is_due(first, now=time.now())
    second, _ = _signed(where, time)
    list(second.read())
    second.close()
    assert newest(second) is None  # it recorded nothing
    _add(second, 1)
    second.close()
    assert (signed := newest(second)) is not None
    assert signed.size == 2


def test_a_key_that_is_refused_stops_nothing_and_is_told(where: str) -> None:
    time = _Time()
    ledger, told = _signed(where, time, UsageError("others can read it", hint="chmod"))
    _add(ledger, 1)
    time.passed = AGE
    _add(ledger, 1)
    assert told == ["no checkpoint was made: others can read it; chmod"]
    ledger.close()
    assert len(list(opened(where).read())) == 2


def test_keys_are_written_as_the_field_writes_them() -> None:
    key = SigningKey(base64.b64decode(_EXAMPLE_SEED)[1:]).public("PeterNeumann")
    assert str(key) == _EXAMPLE_KEY
    assert PublicKey.read(_EXAMPLE_KEY) == key


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a",
        "a+b",
        "a+00000000+AAAA",
        _EXAMPLE_KEY[:-1],
        _EXAMPLE_KEY.replace("c7", "c8"),
        f"{_EXAMPLE_KEY} ",
    ],
)
def test_what_is_nearly_a_key_is_none(line: str) -> None:
    with pytest.raises(BadNote):
        PublicKey.read(line)


def test_notes_and_keys_come_out_of_a_file_as_they_went_in() -> None:
    notes = [_KEY.sign(Checkpoint(origin=f"a/{n}", size=n, root=bytes([n]) * 32)) for n in range(3)]
    key = _KEY.public("a/1")
    assert read_note(str(notes[1])) == notes[1]
    for between in ("", "\n", "\n\n"):
        text = between.join((f"{key}\n", *map(str, notes), f"{key}\n"))
        assert notes_and_keys(text) == (notes, [key, key])
    with pytest.raises(BadNote):
        notes_and_keys(str(notes[0])[:-30])


def test_bodies_are_forgotten_while_other_processes_write(ledger_file: Path) -> None:
    with writers(ledger_file, "p", threads=2, durability=_WRITTEN) as process:
        ledger = opened(ledger_file)
        for _ in range(20):
            process.stdout.readline()
            ledger.forget([each.ordinal for each in ledger.rows() if each.body and each.stream != STREAM])
            sign_all(ledger, _KEY)
        process.stdin.close()
        process.stdout.read()
    assert process.returncode == 0
    assert vouch(ledger).faults == ()
    forgotten = [row for row in ledger.rows() if row.body is None and row.stream != STREAM]
    assert len(forgotten) >= 20
    ledger.close()


def test_a_ledger_that_nobody_needed_is_not_opened_to_be_closed() -> None:
    def opens() -> Ledger:
        pytest.fail("it was opened")

    SignedLedger(opens, lambda: _KEY, now=_Time().now, tell=pytest.fail).close()


def test_two_threads_that_need_a_ledger_first_have_the_same_one(ledger_file: Path) -> None:
    both, used = threading.Barrier(2), set[int]()
    made: list[Ledger] = []

    def opens() -> Ledger:
        mine = open_ledger(ledger_file, clock=_Time().now)
        made.append(mine)
        both.wait(20)
        return mine

    signed = SignedLedger(opens, lambda: _KEY, now=_Time().now, tell=pytest.fail)
    threads = [threading.Thread(target=lambda: used.add(id(signed._ledger))) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert (len(made), len(used)) == (2, 1)
    signed.close()

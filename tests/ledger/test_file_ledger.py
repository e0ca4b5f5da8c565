"""One file and many processes: who writes, who takes over, and what a bad disk does."""

import contextlib
import fcntl
import gc
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from ledgers import assert_whole, now, opened, scan, scans, writers
from ringfence.core.action_types import Durability
from ringfence.ledger.calling import Caller
from ringfence.ledger.entry import Entry
from ringfence.ledger.errors import LedgerDamaged, LedgerUnavailable, WriterGone
from ringfence.ledger.places import reachable, socket_path
from ringfence.ledger.recorded import entry_of
from ringfence.ledger.sqlite import SqliteStore
from ringfence.ledger.wire import Frames, answer_of, question_bytes

_FSYNC, _WRITTEN = Durability.FSYNC, Durability.WRITTEN


def test_a_second_ledger_appends_through_the_first_and_takes_over_when_it_is_closed(
    ledger_file: Path,
) -> None:
    first, second = opened(ledger_file), opened(ledger_file)
    first.append(scan("a"), stream="one", durability=_FSYNC)
    second.append(scan("b"), stream="one", durability=_FSYNC)
    assert not _is_locked_by_nobody(ledger_file)
    first.close()
    second.append(scan("c"), stream="one", durability=_FSYNC)
    first.append(scan("d"), stream="one", durability=_FSYNC)
    second.close()
    first.close()
    assert _is_locked_by_nobody(ledger_file)
    assert scans(first) == ["a", "b", "c", "d"]
    assert_whole(first.rows())


def test_the_process_that_writes_records_at_once_and_no_other(ledger_file: Path) -> None:
    first, second = opened(ledger_file), opened(ledger_file)
    assert first.append_at_once(scan("nobody writes yet"), stream="one") is None
    first.append(scan("a"), stream="one", durability=_WRITTEN)
    second.append(scan("b"), stream="one", durability=_WRITTEN)
    position = first.append_at_once(scan("c"), stream="one")
    assert position is not None and position.seq == 3
    assert second.append_at_once(scan("another process writes"), stream="one") is None
    first.close()
    assert first.append_at_once(scan("nobody writes any more"), stream="one") is None
    second.close()
    assert scans(first) == ["a", "b", "c"]
    assert_whole(first.rows())


def test_a_ledger_that_was_closed_keeps_nothing_open(ledger_file: Path) -> None:
    gc.disable()  # which would come to it some time
    try:
        before = os.listdir("/proc/self/fd")
        first, second = opened(ledger_file), opened(ledger_file)
        for ledger in (first, second):
            ledger.append(scan("a"), stream="one", durability=_FSYNC)
        second.close()
        first.close()
        assert os.listdir("/proc/self/fd") == before
    finally:
        gc.enable()


def test_a_reader_takes_no_lock_and_makes_nothing(ledger_file: Path) -> None:
    ledger = opened(ledger_file)
    assert (list(ledger.read()), ledger.heads(), ledger.event("one", 1)) == ([], (), None)
    ledger.close()
    assert not ledger_file.parent.exists()


def test_files_are_for_their_owner_only(ledger_file: Path) -> None:
    before = os.umask(0)
    try:
        ledger = opened(ledger_file)
        ledger.append(scan("a"), stream="one", durability=_FSYNC)
        modes = {each.name: each.stat().st_mode & 0o777 for each in ledger_file.parent.iterdir()}
    finally:
        os.umask(before)
    assert ledger_file.parent.stat().st_mode & 0o777 == 0o700
    name = ledger_file.name
    assert {key: mode for key, mode in modes.items() if key != f"{name}.socket"} == {
        name: 0o600,
        f"{name}-wal": 0o600,
        f"{name}-shm": 0o600,
        f"{name}.lock": 0o600,
    }
    ledger.close()


def test_a_socket_that_nobody_listens_on_any_more_is_replaced(ledger_file: Path) -> None:
    with writers(ledger_file, "p", threads=1, durability=_FSYNC) as process:
        process.stdout.readline()
        process.kill()
    assert socket_path(ledger_file).is_socket()
    first, second = opened(ledger_file), opened(ledger_file)
    first.append(scan("a"), stream="one", durability=_FSYNC)
    second.append(scan("b"), stream="one", durability=_FSYNC)
    assert scans(second, stream="one") == ["a", "b"]
    for each in (first, second):
        each.close()


def test_what_is_asked_twice_with_one_key_is_recorded_once(ledger_file: Path) -> None:
    ledger = opened(ledger_file)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    entry = _entry("b")
    entry.key = b"k" * 16
    again = _entry("b")
    again.key, again.retried = entry.key, True
    answers = _asked(ledger_file, question_bytes(entry) + question_bytes(again) + question_bytes(again), 3)
    assert answers[0] == answers[1] == answers[2]
    assert scans(ledger) == ["a", "b"]
    ledger.close()


def test_an_event_whose_answer_was_lost_is_recorded_once_by_the_next_writer(ledger_file: Path) -> None:
    """The writer is killed after it recorded and before its answer is read."""
    with writers(ledger_file, "p", threads=1, durability=_FSYNC) as process:
        process.stdout.readline()
        caller = Caller(socket_path(ledger_file), random=lambda count: b"k" * count)
        entry = _entry("once")
        (connection,) = caller._idle
        entry.key = b"k" * 16
        connection.sendall(question_bytes(entry))
        while "once" not in scans(opened(ledger_file)):
            pass
        process.kill()
        process.wait()
        with pytest.raises(WriterGone):
            caller.append(entry)
    ledger = opened(ledger_file)
    ledger.append(scan("next"), stream="other", durability=_FSYNC)
    caller = Caller(socket_path(ledger_file), random=lambda count: b"k" * count)
    position = caller.append(entry)
    assert ledger.event("one", position.seq).event == scan("once")
    assert scans(ledger, stream="one") == ["once"]
    caller.close()
    ledger.close()


def test_a_child_that_was_forked_appends_through_its_parent_and_leaves_it_the_lock(ledger_file: Path) -> None:
    ledger = opened(ledger_file)
    ledger.append(scan("parent"), stream="one", durability=_FSYNC)
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            ledger.append(scan("child"), stream="one", durability=_FSYNC)
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    ledger.append(scan("parent again"), stream="one", durability=_FSYNC)
    ledger.close()
    assert _is_locked_by_nobody(ledger_file)
    assert scans(ledger) == ["parent", "child", "parent again"]
    assert_whole(ledger.rows())


def test_a_child_that_outlives_its_parent_does_not_keep_the_lock(ledger_file: Path) -> None:
    program = f"""
        import os, sys
        sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
        from ledgers import opened, scan
        from ringfence.core.action_types import Durability
        ledger = opened({str(ledger_file)!r})
        ledger.append(scan("parent"), stream="one", durability=Durability.FSYNC)
        if os.fork():
            os._exit(0)
        os.write(1, b"alive")
        sys.stdin.read()
        os._exit(0)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdout.read(5) == b"alive"
        ledger = opened(ledger_file)
        ledger.append(scan("next"), stream="one", durability=_FSYNC)
        assert scans(ledger) == ["parent", "next"]
        ledger.close()


def test_sqlite_waits_for_the_disk_where_one_event_of_a_group_must(ledger_file: Path) -> None:
    ledger_file.parent.mkdir(mode=0o700)
    ledger_file.touch()
    store, levels = SqliteStore(ledger_file, clock=now, random=os.urandom), []
    for durabilities in ((_WRITTEN, _WRITTEN), (_WRITTEN, _FSYNC), (_WRITTEN,), (_FSYNC,)):
        store.commit(
            [entry_of(scan("a"), stream="one", durability=each, expect_seq=None) for each in durabilities]
        )
        levels += store._database.execute("PRAGMA synchronous").fetchone()
    assert levels == [1, 2, 1, 2]  # NORMAL and FULL
    store.close()


def test_a_writer_whose_file_is_written_past_its_lock_goes_on_from_what_is_there(ledger_file: Path) -> None:
    ledger = opened(ledger_file)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    intruder = SqliteStore(ledger_file, clock=now, random=os.urandom)
    intruder.commit([_entry("b")])
    ledger.append(scan("c"), stream="one", durability=_FSYNC)
    assert scans(ledger) == ["a", "b", "c"]
    assert_whole(ledger.rows())
    intruder.close()
    ledger.close()


def test_what_is_only_written_is_on_the_disk_soon_after(
    ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, sync = threading.Event(), os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (sync(file), synced.set()))
    ledger = opened(ledger_file)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    assert not synced.is_set()
    ledger.append(scan("b"), stream="one", durability=_WRITTEN)
    assert synced.wait(20)
    ledger.close()


def test_a_full_disk_refuses_loses_nothing_and_goes_on_when_there_is_room(ledger_file: Path) -> None:
    ledger = opened(ledger_file)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    free = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, free[1]))
    try:
        for _ in range(2):
            with pytest.raises(LedgerUnavailable):
                ledger.append(scan("b"), stream="one", durability=_FSYNC)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, free)
    ledger.append(scan("c"), stream="one", durability=_FSYNC)
    assert scans(ledger) == ["a", "c"]
    assert_whole(ledger.rows())
    ledger.close()


def test_a_disk_without_room_is_called_full(tmp_path: Path) -> None:
    """On a file system of its own, which an ordinary user can mount where user namespaces are allowed."""
    program = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
        from ledgers import opened, scan, scans, assert_whole
        from ringfence.core.action_types import Durability
        from ringfence.core.errors import RingfenceError
        ledger, count = opened({str(tmp_path / "disk/ledger/ledger.sqlite")!r}), 0
        try:
            while True:
                ledger.append(scan("x" * 20000), stream="one", durability=Durability.WRITTEN)
                count += 1
        except RingfenceError as error:
            print(error.what)
        assert len(scans(ledger)) == count > 5
        assert_whole(ledger.rows())
    """
    (tmp_path / "disk").mkdir()
    mount = f"mount -t tmpfs -o size=1m,mode=700 none {tmp_path}/disk && exec {sys.executable} -c '$0'"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount.replace("'$0'", '"$0"')]
    if subprocess.run([*command[:4], "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    ran = subprocess.run([*command, textwrap.dedent(program)], check=False, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("the disk is full, nothing was recorded\n", "")


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    ledger = opened("/proc/ledger/ledger.sqlite")
    with pytest.raises(LedgerUnavailable, match="cannot be made"):
        ledger.append(scan("a"), stream="one", durability=_FSYNC)


def test_a_copy_without_its_log_can_be_read(ledger_file: Path, tmp_path: Path) -> None:
    ledger = opened(ledger_file)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    ledger.close()
    copy = tmp_path / "copy" / "ledger.sqlite"
    copy.parent.mkdir()
    copy.write_bytes(ledger_file.read_bytes())
    copy.parent.chmod(0o500)
    assert scans(opened(copy)) == ["a"]
    copy.parent.chmod(0o700)


def test_a_damaged_page_is_named_and_what_comes_before_it_is_read(ledger_file: Path) -> None:
    ledger = opened(ledger_file)
    for number in range(2000):
        ledger.append(scan(str(number)), stream="one", durability=_WRITTEN)
    ledger.close()
    size = ledger_file.stat().st_size
    with ledger_file.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096 * 20)
    found = []
    with pytest.raises(LedgerDamaged, match="damaged") as refused:
        found.extend(each.event.scan for each in ledger.read())
    assert "ledger verify" in refused.value.hint
    assert found == [str(number) for number in range(len(found))]


def test_another_program_s_file_is_not_taken_for_a_ledger(ledger_file: Path) -> None:
    ledger_file.parent.mkdir(mode=0o700)
    database = sqlite3.connect(ledger_file)
    database.execute("CREATE TABLE bookmarks (name)")
    database.close()
    ledger_file.chmod(0o600)
    ledger, before = opened(ledger_file), ledger_file.read_bytes()
    with pytest.raises(LedgerDamaged, match="another program"):
        ledger.append(scan("a"), stream="one", durability=_FSYNC)
    with pytest.raises(LedgerDamaged, match="another program"):
        list(ledger.read())
    assert ledger_file.read_bytes() == before
    ledger_file.write_bytes(b"no database at all" * 1000)
    with pytest.raises(LedgerDamaged, match="damaged"):
        ledger.append(scan("a"), stream="one", durability=_FSYNC)


def test_a_file_that_was_put_in_the_place_of_the_ledger_is_not_written_past(ledger_file: Path) -> None:
    ledger = opened(ledger_file)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    for each in ledger_file.parent.glob("ledger.sqlite*"):
        if not each.name.endswith((".lock", ".socket")):
            each.rename(each.with_name(f"old-{each.name}"))
    with pytest.raises(LedgerUnavailable):
        ledger.append(scan("b"), stream="one", durability=_FSYNC)
    ledger.append(scan("c"), stream="one", durability=_FSYNC)
    assert scans(ledger) == ["c"]
    assert scans(opened(ledger_file.with_name("old-ledger.sqlite"))) == ["a"]
    ledger.close()


def test_a_path_that_is_too_long_for_a_socket_serves_others_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / ("f" * 120) / "ledger.sqlite"
    first, second = opened(path), opened(path)
    first.append(scan("a"), stream="one", durability=_FSYNC)
    second.append(scan("b"), stream="one", durability=_FSYNC)
    assert scans(first) == ["a", "b"]
    for each in (second, first):
        each.close()


def _entry(name: str) -> Entry:
    return entry_of(scan(name), stream="one", durability=_FSYNC, expect_seq=None)


def _asked(path: Path, questions: bytes, count: int) -> list[object]:
    frames, answers = Frames(), []
    with socket.socket(socket.AF_UNIX) as connection, reachable(socket_path(path)) as name:
        connection.settimeout(20)
        connection.connect(name)
        connection.sendall(questions)
        while len(answers) < count:
            answers += map(answer_of, frames.take(connection.recv(1 << 16)))
    return answers


def _is_locked_by_nobody(path: Path) -> bool:
    with open(f"{path}.lock", "rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True

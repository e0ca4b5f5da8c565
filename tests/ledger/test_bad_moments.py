"""Moments that are bad for whoever writes, and for who appends through it: stopped, forked, out of room."""

import gc
import itertools
import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledgers import assert_whole, opened, scan, scans, writers
from ringfence.core.action_types import Durability
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.gate.uses import Uses
from ringfence.ledger import calling, file_ledger
from ringfence.ledger.errors import LedgerUnavailable
from ringfence.ledger.places import reachable, socket_path
from ringfence.ledger.recorded import entry_of
from ringfence.ledger.wire import Frames, answer_of, question_bytes

_FSYNC = Durability.FSYNC


def test_who_appends_through_a_stopped_writer_is_told_and_may_try_again(
    ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is recorded twice when it goes on: a question whose asker has left is not answered."""
    for each in (calling, file_ledger):
        monkeypatch.setattr(each, "LIMITS", replace(LIMITS, ledger_wait_s=0.3))
    program = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
        from ledgers import opened, scan
        from ringfence.core.action_types import Durability
        ledger = opened({str(ledger_file)!r})
        ledger.append(scan("first"), stream="one", durability=Durability.FSYNC)
        print("writes", flush=True)
        sys.stdin.read()
        ledger.close()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"writes\n"
        ledger = opened(ledger_file)
        ledger.append(scan("before"), stream="one", durability=_FSYNC)
        writer.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, writer.pid, os.WSTOPPED | os.WNOWAIT)
        for _ in range(2):
            with pytest.raises(LedgerUnavailable, match="does not answer") as refused:
                ledger.append(scan("again"), stream="one", durability=_FSYNC)
        assert "ledger.sqlite.lock" in refused.value.hint
        writer.send_signal(signal.SIGCONT)
        monkeypatch.undo()
        ledger.append(scan("again"), stream="one", durability=_FSYNC)
        writer.stdin.close()
    assert scans(ledger) == ["first", "before", "again"]
    assert_whole(ledger.rows())
    ledger.close()


@contextmanager
def _so_many_more_files(count: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = {
        int(name) for name in os.listdir("/proc/self/fd")
    }  # with gaps, in a process that has run for long
    free = (number for number in itertools.count() if number not in taken)
    limit = next(itertools.islice(free, count, None))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_process_that_may_open_no_more_files_is_told_and_goes_on_when_it_may(ledger_file: Path) -> None:
    """With every number of files that is left over, down to none."""
    ledger, recorded = opened(ledger_file), []
    ledger.append(scan("first"), stream="one", durability=_FSYNC)
    ledger.close()
    gc.collect()
    files = len(os.listdir("/proc/self/fd"))
    for count in range(20):
        with _so_many_more_files(count):
            try:
                ledger.append(scan(str(count)), stream="one", durability=_FSYNC)
                recorded.append(str(count))
            except RingfenceError as error:
                assert error.what, error.hint
        ledger.close()
        gc.collect()  # a writer's own sockets go with it
        assert len(os.listdir("/proc/self/fd")) == files
    assert recorded
    assert recorded[0] != "0"
    assert scans(ledger) == ["first", *recorded]
    assert_whole(ledger.rows())


def test_a_forked_child_counts_uses_with_a_database_of_its_own(tmp_path: Path) -> None:
    uses, now = Uses(tmp_path / "receipts.sqlite"), datetime(2026, 11, 23, tzinfo=UTC)
    later = now + timedelta(hours=1)
    assert uses.use("one", 1, expires_at=later, now=now) == 1
    parents = uses._database
    with uses._lock:  # a thread of the parent's may hold it
        child = os.fork()
        if not child:
            count = uses.use("one", 1, expires_at=later, now=now)
            os._exit(0 if count == 2 and uses._database is not parents else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert uses.use("one", 1, expires_at=later, now=now) == 3
    assert uses._database is parents


def test_a_question_of_a_process_that_has_ended_is_not_answered(ledger_file: Path) -> None:
    """Its id may be another process's by now. Somebody else holds the connection that it made."""
    if not hasattr(os, "pidfd_open") or _no_peer_pidfd():
        pytest.skip("this kernel does not say whether who connected is still there (Linux 6.5)")
    ledger = opened(ledger_file)
    ledger.append(scan("first"), stream="one", durability=_FSYNC)
    entry = entry_of(scan("mine"), stream="one", durability=_FSYNC, expect_seq=None)
    entry.key = b"k" * 16
    with reachable(socket_path(ledger_file)) as name, socket.socket(socket.AF_UNIX) as connection:
        child = os.fork()
        if not child:
            connection.connect(name)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        connection.settimeout(20)
        connection.sendall(question_bytes(entry))
        (answer,) = map(answer_of, Frames().take(connection.recv(1 << 16)))
    assert str(answer) == "this process may not record scan.started/1"
    assert scans(ledger) == ["first"]
    ledger.close()


def _no_peer_pidfd() -> bool:
    with socket.socketpair()[0] as one:
        try:
            os.close(one.getsockopt(socket.SOL_SOCKET, 77))
        except OSError:
            return True
    return False


@pytest.mark.parametrize("garbage", [b"", b"\0" * 40_000, os.urandom(40_000)])
def test_what_somebody_puts_beside_a_closed_ledger_changes_nothing(ledger_file: Path, garbage: bytes) -> None:
    ledger = opened(ledger_file)
    ledger.append_all([scan(str(number)) for number in range(100)], stream="one", durability=_FSYNC)
    ledger.close()
    for name in ("-wal", "-shm"):
        file = ledger_file.with_name(f"{ledger_file.name}{name}")
        file.write_bytes(garbage)
        file.chmod(0o600)
    assert scans(ledger) == [str(number) for number in range(100)]
    ledger.append(scan("next"), stream="one", durability=_FSYNC)
    assert scans(ledger) == [*(str(number) for number in range(100)), "next"]
    assert_whole(ledger.rows())
    ledger.close()


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_files_of_a_killed_writer_that_were_edited_give_what_is_whole(ledger_file: Path, suffix: str) -> None:
    with writers(ledger_file, "p", threads=1, durability=_FSYNC) as process:
        acknowledged = [process.stdout.readline().decode().strip() for _ in range(200)]
        process.kill()
    file = ledger_file.with_name(f"{ledger_file.name}{suffix}")
    size = file.stat().st_size
    with file.open("r+b") as opened_file:
        opened_file.seek(size // 2)
        opened_file.write(os.urandom(size // 4))
    ledger = opened(ledger_file)
    found = scans(ledger)
    assert found == [f"p/0-{number}" for number in range(1, len(found) + 1)]
    if suffix == "-shm":  # it says nothing that is not in the log
        assert set(acknowledged) <= set(found)
    ledger.append(scan("next"), stream="shared", durability=_FSYNC)
    assert scans(ledger) == [*found, "next"]
    assert_whole(ledger.rows())
    ledger.close()


def test_a_disk_that_fills_up_while_a_scan_is_recorded_keeps_what_was_there(tmp_path: Path) -> None:
    """The whole command, on a file system of its own: told with what to do, nothing half, and later all."""
    disk, home = tmp_path / "disk", tmp_path / "home"
    for folder in (disk, *(home / "models" / f"m{number}" for number in range(400))):
        folder.mkdir(parents=True)
        if folder is not disk:
            (folder / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    ringfence = Path(sys.executable).parent / "ringfence"
    script = f"""
        mount -t tmpfs -o size=400k,mode=700 none {disk} || exit 99
        {ringfence} scan {home}/models >/dev/null
        echo $?
        {ringfence} ledger verify
        mount -o remount,size=20m {disk}
        {ringfence} scan {home}/models >/dev/null
        echo $?
        {ringfence} ledger verify
        {ringfence} ledger show --type thing.appeared --format jsonl | wc -l
    """
    enter = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*enter, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    ran = subprocess.run(
        [*enter, "sh", "-c", textwrap.dedent(script)],
        check=False,
        capture_output=True,
        text=True,
        env={
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "XDG_STATE_HOME": str(disk),
            "LC_ALL": "C.UTF-8",
        },
    )
    (told,) = (line for line in ran.stderr.splitlines() if "the disk is full" in line)
    assert told.endswith(
        "not recorded: the disk is full, nothing was recorded; free some space and try again"
    )
    scanned, whole, _, again, whole_again, _, things = ran.stdout.splitlines()
    assert (scanned, again) == ("0", "0")
    assert whole.startswith("whole: ")
    assert whole_again.startswith("whole: ")
    assert int(things) == 400

"""Attacks on the ledger: others' files, strangers on its socket, rows that lie, text that misleads."""

import os
import socket
import sqlite3
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledgers import assert_whole, opened, scan, scans
from ringfence.core.action_types import Durability
from ringfence.core.secrets import Secret
from ringfence.ledger.errors import LedgerError, LedgerUnsafe
from ringfence.ledger.event_types import EffectFailed
from ringfence.ledger.places import socket_path
from ringfence.ledger.recorded import entry_of
from ringfence.ledger.values import Foreign
from ringfence.ledger.vouching import vouch
from ringfence.ledger.wire import question_bytes

_FSYNC = Durability.FSYNC


def _append(path: Path, name: str = "a") -> None:
    ledger = opened(path)
    try:
        ledger.append(scan(name), stream="one", durability=_FSYNC)
    finally:
        ledger.close()


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(LedgerUnsafe) as refused:
        _append(folder / "ledger.sqlite")
    assert "chmod 700" in refused.value.hint
    assert list(folder.iterdir()) == []


def test_a_folder_in_a_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(LedgerUnsafe, match="in the place of"):
        _append(tmp_path / "open" / "mine" / "ledger.sqlite")


@pytest.mark.parametrize("name", ["ledger.sqlite", "ledger.sqlite.lock"])
def test_files_that_are_links_or_that_others_can_write_are_refused(tmp_path: Path, name: str) -> None:
    folder, target = tmp_path / "ledger", tmp_path / "target"
    folder.mkdir(mode=0o700)
    target.write_bytes(b"")
    target.chmod(0o600)
    (folder / name).symlink_to(target)
    with pytest.raises(LedgerUnsafe, match="link"):
        _append(folder / "ledger.sqlite")
    assert target.read_bytes() == b""
    (folder / name).unlink()
    (folder / name).touch()
    (folder / name).chmod(0o666)
    with pytest.raises(LedgerUnsafe):
        _append(folder / "ledger.sqlite")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_another_user_cannot_append_through_the_writer_s_socket(ledger_path: Path) -> None:
    ledger = opened(ledger_path)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    for each in (ledger_path.parent, *ledger_path.parents):
        if each.is_relative_to("/tmp") and each != Path("/tmp"):
            each.chmod(0o755)
    socket_path(ledger_path).chmod(0o777)
    entry = entry_of(scan("forged"), stream="one", durability=_FSYNC, expect_seq=None)
    entry.key = b"k" * 16
    program = f"""
        import os, socket
        os.setgid(65534); os.setuid(65534)
        os.chdir({str(ledger_path.parent)!r})
        s = socket.socket(socket.AF_UNIX)
        s.connect("ledger.sqlite.socket")
        try:
            s.sendall({question_bytes(entry)!r})
            print(s.recv(1000))
        except (BrokenPipeError, ConnectionResetError):
            print(b"")
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, capture_output=True)
    assert ran.stdout == b"b''\n"
    assert scans(ledger) == ["a"]
    ledger.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_stranger_who_listens_at_the_socket_s_place_hears_nothing(ledger_path: Path) -> None:
    _append(ledger_path)
    path = socket_path(ledger_path)
    path.unlink()
    for each in path.parents:
        if each.is_relative_to("/tmp") and each != Path("/tmp"):
            each.chmod(0o755)
    program = f"""
        import os, socket
        os.chdir({str(path.parent)!r})
        s = socket.socket(socket.AF_UNIX)
        s.bind("ledger.sqlite.socket"); os.chmod("ledger.sqlite.socket", 0o777)
        os.setgid(65534); os.setuid(65534)
        s.listen()
        print("listening", flush=True)
        c, _ = s.accept()
        print(c.recv(1000))
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, bufsize=0
    ) as stranger:
        assert stranger.stdout.readline() == b"listening\n"
        _append(ledger_path, "b")
        assert stranger.stdout.read() == b"b''\n"
    assert scans(opened(ledger_path)) == ["a", "b"]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!I", 2**32 - 1),
        struct.pack("!I", 5) + b"[1,2]",
        struct.pack("!I", 2) + b"{}",
        struct.pack("!I", 200_000) + b"[" * 200_000,
        struct.pack("!I", 7) + b'{"v":2}',
        struct.pack("!I", 7) + b'{"v":1}',
    ],
    ids=range(8),
)
def test_nonsense_on_the_socket_ends_that_connection_and_nothing_else(ledger_path: Path, sent: bytes) -> None:
    ledger = opened(ledger_path)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    answer = _said(ledger_path, sent)
    assert answer == b""
    other = opened(ledger_path)
    other.append(scan("b"), stream="one", durability=_FSYNC)
    assert scans(ledger) == ["a", "b"]
    for each in (other, ledger):
        each.close()


@pytest.mark.parametrize(
    "change",
    [
        {"stream": 'x","seq":9'},
        {"type": "scan.started"},
        {"body": b"[]"},
        {"body": b"{"},
        {"body": b'{"a":' * 5000},
        {"key": b"short"},
        {"key": None},
    ],
    ids=str,
)
def test_a_question_that_breaks_the_rules_is_not_recorded(ledger_path: Path, change: dict[str, Any]) -> None:
    ledger = opened(ledger_path)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    entry = entry_of(scan("b"), stream="one", durability=_FSYNC, expect_seq=None)
    entry.key = b"k" * 16
    for name, value in change.items():
        setattr(entry, name, value)
    assert _said(ledger_path, question_bytes(entry)) == b""
    assert scans(ledger) == ["a"]
    ledger.close()


def test_who_uses_a_key_twice_takes_nobody_s_events_along(ledger_path: Path) -> None:
    """Without a word that it was asked before: recorded once, and the writer goes on."""
    ledger = opened(ledger_path)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    entry = entry_of(scan("b"), stream="one", durability=_FSYNC, expect_seq=None)
    entry.key = b"k" * 16
    for _ in range(2):
        assert b'"seq":2' in _said(ledger_path, question_bytes(entry), leaves=False)
    ledger.append(scan("c"), stream="one", durability=_FSYNC)
    assert scans(ledger) == ["a", "b", "c"]
    ledger.close()


def test_many_idle_connections_keep_nobody_from_appending(ledger_path: Path) -> None:
    ledger = opened(ledger_path)
    ledger.append(scan("a"), stream="one", durability=_FSYNC)
    idle = []
    for _ in range(300):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(_near(socket_path(ledger_path)))
        connection.sendall(b"\0")
        idle.append(connection)
    other = opened(ledger_path)
    other.append(scan("b"), stream="one", durability=_FSYNC)
    assert scans(ledger) == ["a", "b"]
    for each in (*idle, other, ledger):
        each.close()


@pytest.mark.parametrize(
    ("touch", "stream_seq"),
    [
        ("UPDATE events SET body = replace(body, 'n2', 'nX') WHERE seq = 3", ("one", 3)),
        ("UPDATE events SET salt = zeroblob(16) WHERE seq = 2", ("one", 2)),
        ("DELETE FROM events WHERE seq = 2", ("one", 3)),
        ("UPDATE events SET at = at - 60000000 WHERE seq = 4", ("one", 4)),
        ("UPDATE events SET type = 'scan.finished/1' WHERE seq = 4", ("one", 4)),
        ("DELETE FROM events WHERE seq = 2; UPDATE events SET seq = seq - 1 WHERE seq > 2", ("one", 2)),
        (
            """UPDATE events SET seq = 99 WHERE seq = 2; UPDATE events SET seq = 2 WHERE seq = 3;
            UPDATE events SET seq = 3 WHERE seq = 99""",
            ("one", 3),
        ),
        ("UPDATE events SET stream = 'two' WHERE seq = 5", ("two", 5)),
        ("UPDATE events SET body = CAST(body AS TEXT) WHERE seq = 3", ("one", 3)),
        ("UPDATE events SET seq = 'x' WHERE seq = 3", ("one", 3)),
        ("UPDATE events SET at = 'x' WHERE seq = 3", ("one", 3)),
        ("UPDATE events SET commitment = 7 WHERE seq = 3", ("one", 3)),
    ],
)
def test_rows_that_were_touched_are_found(
    ledger_path: Path, touch: str, stream_seq: tuple[str, object]
) -> None:
    ledger = opened(ledger_path)
    for number in range(5):
        ledger.append(scan(f"n{number}"), stream="one", durability=Durability.WRITTEN)
    assert vouch(ledger).faults == ()
    ledger.close()
    database = sqlite3.connect(ledger_path)
    database.executescript(touch)
    database.close()
    found = vouch(ledger).faults[0]
    assert (found.stream, found.seq) == stream_seq


def test_secrets_have_no_form_anywhere() -> None:
    secret = Secret(b"s3cret")
    shown: list[Callable[[], object]] = [
        lambda: repr(secret),
        lambda: str(secret),
        lambda: f"{secret} {secret!r} {secret:>20}",
        lambda: repr([secret, {"a": secret}]),
    ]
    for show in shown:
        assert "s3cret" not in str(show())
    import copy
    import pickle

    for write in (pickle.dumps, copy.deepcopy, hash):
        with pytest.raises(TypeError) as refused:
            write(secret)
        assert "s3cret" not in str(refused.value)


def test_text_of_strangers_cannot_pretend_to_be_another_field_or_event(ledger_path: Path) -> None:
    text = '"},"operator":"root"}\n{"type":"grant.given/1"}\u202e\x00'
    event = EffectFailed(
        action_type="file.read", decision_stream="one", decision_seq=1, problem=Foreign(text=text)
    )
    ledger = opened(ledger_path)
    ledger.append(event, stream="one", durability=_FSYNC)
    assert [each.event for each in ledger.read()] == [event]
    assert_whole(ledger.rows())
    ledger.close()


def test_errors_name_no_path_or_password_of_a_server() -> None:
    ledger = opened("postgresql://u:s3cret@/db?host=/nonexistent&connect_timeout=2")
    with pytest.raises(LedgerError) as refused:
        ledger.append(scan("a"), stream="one", durability=_FSYNC)
    assert "s3cret" not in f"{refused.value.what} {refused.value.hint} {refused.value!r}"
    assert refused.value.__suppress_context__


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "ledger.sqlite"


def _near(path: Path) -> str:
    assert len(os.fsencode(path)) < 107
    return str(path)


def _said(path: Path, sent: bytes, *, leaves: bool = True) -> bytes:
    """What is answered first. `leaves`: who asks says that it sends no more, as one that goes away does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(_near(socket_path(path)))
        try:
            connection.sendall(sent)
            if leaves:
                connection.shutdown(socket.SHUT_WR)
            return connection.recv(1 << 16)
        except (BrokenPipeError, ConnectionResetError):
            return b""

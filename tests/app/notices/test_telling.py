"""One process that tells: by the policy as it is, for one ledger once, until its daemon is gone."""

import fcntl
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import pytest

from doors import doors_closed
from ringfence.app.notices import telling
from ringfence.app.notices.noticing import Notice, Noticing
from ringfence.app.notices.standing import How, Standing, read_board
from ringfence.app.notices.telling import Teller, Wanted
from ringfence.core.limits import LIMITS
from ringfence.gate.approvals import Approvals
from ringfence.ledger.errors import LedgerUnavailable
from ringfence.wiring.notices import tell_operators
from watched import Machine, machine, push, session_id

_ONE, _TWO = map(session_id, (1, 2))
_OFF = Standing(who="desktop", how=How.OFF, why="there is no session bus")


class Receiver:
    """Keeps the sessions of what it is told."""

    def __init__(self, name: str = "kept") -> None:
        self.name = name
        self.told: list[str | None] = []
        self._changed = threading.Condition()

    def send(self, notice: Notice) -> None:
        with self._changed:
            self.told.append(notice.session)
            self._changed.notify_all()

    def until(self, *told: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.told == list(told), timeout=30), self.told


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "LIMITS", replace(LIMITS, notice_every_s=0.02))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with doors_closed():
        yield machine(tmp_path)


@contextmanager
def _telling(
    here: Machine, folder: Path, wanted: Callable[[], Wanted], *, board: str = "board", said: list[str]
) -> Iterator[Path]:
    """It tells meanwhile; its board's path."""
    approvals = Approvals(here.watching.who.door.ledger)
    teller = Teller(
        approvals=approvals,
        noticing=Noticing(since=datetime.now(UTC) - timedelta(hours=1), asked_by="ann"),
        wanted=wanted,
        board=folder / board,
        lock=folder / "lock",
        tell=said.append,
        now=lambda: datetime.now(UTC),
        clock=lambda: 0.0,
    )
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=teller.run, args=(theirs,))
    thread.start()
    try:
        yield folder / board
    finally:
        ours.close()
        thread.join(30)
        assert not thread.is_alive()


def _until(found: Callable[[], object]) -> None:
    waited = threading.Event()
    for _ in range(1_500):
        if found():
            return
        waited.wait(0.02)
    raise AssertionError("it never came")


def test_receivers_come_and_go_with_the_policy_and_are_told_each_question_once(
    here: Machine, tmp_path: Path
) -> None:
    first, second = Receiver("first"), Receiver("second")
    wanted: dict[object, object] = {"a": lambda: first, "desktop": _OFF}
    with _telling(here, tmp_path, lambda: dict(wanted), said=[]) as board:  # type: ignore[arg-type]
        here.does(_ONE, push())
        first.until(_ONE)
        _until(lambda: read_board(board) == (Standing(who="first", how=How.ON), _OFF))
        del wanted["a"]
        wanted["b"] = lambda: second
        _until(lambda: read_board(board) == (Standing(who="second", how=How.ON), _OFF))
        here.does(_TWO, push("refs/heads/other"))
        second.until(_TWO)
    assert first.told == [_ONE]
    assert read_board(board)[0].how is How.FAILED  # nobody holds it any more


def test_of_two_over_one_ledger_one_tells_and_the_other_takes_over(here: Machine, tmp_path: Path) -> None:
    first, second = Receiver(), Receiver()
    waits = Standing(who="notices", how=How.OFF, why="another daemon of yours tells")
    with _telling(here, tmp_path, lambda: {"a": lambda: first}, said=[]) as board:
        _until(lambda: read_board(board))
        with _telling(here, tmp_path, lambda: {"a": lambda: second}, board="other", said=[]) as other:
            _until(lambda: read_board(other) == (waits,))
            here.does(_ONE, push())
            first.until(_ONE)
        assert second.told == []
    with _telling(here, tmp_path, lambda: {"a": lambda: second}, board="other", said=[]):
        second.until(_ONE)


def test_a_board_that_somebody_reads_at_the_start_is_shown_all_the_same(
    here: Machine, tmp_path: Path
) -> None:
    with (tmp_path / "board").open("a") as read, (tmp_path / "lock").open("a") as told:
        fcntl.flock(read, fcntl.LOCK_SH)
        with _telling(here, tmp_path, lambda: {"a": Receiver}, said=[]) as board:
            _until(lambda: _is_held(told))
            fcntl.flock(read, fcntl.LOCK_UN)
            _until(lambda: any(each.who == "kept" for each in read_board(board)))


def _is_held(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def test_a_ledger_that_cannot_be_read_is_said_once_and_read_again(
    here: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, said = Receiver(), list[str]()
    closed = threading.Event()
    closed.set()
    look = Approvals.look

    def looked(approvals: Approvals) -> None:
        if closed.is_set():
            raise LedgerUnavailable("the ledger is closed", hint="open it")
        look(approvals)

    with monkeypatch.context() as patch:
        here.does(_ONE, push())
        patch.setattr(Approvals, "look", looked)
        with _telling(here, tmp_path, lambda: {"a": lambda: receiver}, said=said) as board:
            failed = Standing(who="notices", how=How.FAILED, why="the ledger is closed")
            _until(lambda: read_board(board) == (failed,))
            closed.clear()
            receiver.until(_ONE)
    assert said == ["operators are not told of questions: the ledger is closed"]


def test_the_documents_say_who_is_told_and_a_wrong_one_leaves_it_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the daemon's own process is put together; a working tree's document is not looked for."""
    home, folder, said = tmp_path / "home", tmp_path / "daemon", list[str]()
    config = home / ".config/ringfence"
    config.mkdir(parents=True)
    folder.mkdir()
    (tmp_path / "ringfence.yaml").write_text("version: 1\noperators: {notify: {desktop: true}}\n")
    monkeypatch.chdir(tmp_path)
    document = config / "ringfence.yaml"
    hook = "{webhook: {url: https://hooks.example.com:8443/T0K3N}, desktop: %s}"
    environment = {"HOME": str(home), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/none"}

    def write(text: str) -> None:
        document.write_text(text)
        document.chmod(0o600)

    ours, theirs = socket.socketpair()
    thread = threading.Thread(
        target=tell_operators,
        args=(theirs,),
        kwargs={
            "folder": folder,
            "since": datetime.now(UTC),
            "environment": environment,
            "tell": said.append,
        },
    )
    thread.start()
    try:
        _until(lambda: read_board(folder / "notices") == (Standing(who="desktop", how=How.ON),))
        write(f"version: 1\noperators: {{notify: {hook % 'false'}}}\n")
        off = Standing(who="desktop", how=How.OFF, why=f"by {document}:2")
        both = (Standing(who="webhook hooks.example.com:8443", how=How.ON), off)
        _until(lambda: read_board(folder / "notices") == both)
        write("version: 1\noperators: {notifies: {}}\n")
        _until(lambda: said)
        assert read_board(folder / "notices") == both
    finally:
        ours.close()
        thread.join(30)
    assert said == [f"who is told of questions stays as it was: {document}:2:13: unknown key `notifies`"]
    assert "T0K3N" not in json.dumps(said) + (folder / "notices").read_text()

"""Programs that start, as a run tells the ledger of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boxes import plan_for
from ledgers import opened
from ringfence.app.running import starts as telling
from ringfence.app.running.programs import Programs, ProgramStarted
from ringfence.app.running.starts import told_starts, untold
from ringfence.ledger.errors import LedgerUnavailable
from ringfence.ledger.events.process_started import ProcessStarted
from ringfence.ledger.events.process_untold import ProcessUntold, UntoldWhy
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.streams import session_stream
from ringfence.ledger.values import Foreign
from ringfence.sandbox.linux.starting import Start
from ringfence.sandbox.starts import Starts

_SESSION = "0190f5a0-0000-7000-8000-0000000000ab"
_SECRET = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"


def start(program: str, *arguments: str, pid: int = 7, has_more: bool = False) -> Start:
    return Start(program=program, by="/bin/sh", pid=pid, arguments=arguments, has_more=has_more)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    found = opened(tmp_path / "ledger" / "ledger.sqlite")
    yield found
    found.close()


def events(ledger: Ledger) -> list[Any]:
    return [each.event for each in ledger.read(stream=session_stream(_SESSION))]


def test_what_is_left_at_the_end_is_recorded_then(ledger: Ledger) -> None:
    starts = Starts()
    with told_starts(starts, ledger, _SESSION, every_s=3600):
        starts.count(start("/bin/curl", "-u", f"me:{_SECRET}", "https://a.test", has_more=True))
        starts.count(start("/bin/curl"))
        starts.count(start("", pid=0))
    curl = ProcessStarted(
        session=_SESSION,
        program=Foreign(text="/bin/curl"),
        by=Foreign(text="/bin/sh"),
        pid=7,
        arguments=(Foreign(text="-u"), Foreign(text="[cut]"), Foreign(text="https://a.test")),
        more_arguments=True,
        times=2,
    )
    others = replace(curl, program=None, by=None, pid=None, arguments=None, more_arguments=False, times=1)
    assert events(ledger) == [curl, others]


def test_what_starts_is_recorded_while_the_box_runs(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    starts, written = Starts(), threading.Event()
    close = ledger.close
    monkeypatch.setattr(ledger, "close", lambda: (close(), written.set()))
    with told_starts(starts, ledger, _SESSION, every_s=0.001):
        starts.count(start("/bin/true"))
        assert written.wait(20)
        assert [each.times for each in events(ledger)] == [1]
    assert [each.times for each in events(ledger)] == [1]


def test_what_could_not_be_recorded_is_recorded_later(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts, refused = Starts(), threading.Event()
    append = ledger.append_all

    def full(*given: object, **named: object) -> None:
        refused.set()
        raise LedgerUnavailable("the disk is full", hint="make room")

    monkeypatch.setattr(ledger, "append_all", full)
    with told_starts(starts, ledger, _SESSION, every_s=0.001):
        starts.count(start("/bin/true", "x"))
        assert refused.wait(20)
        monkeypatch.setattr(ledger, "append_all", append)
    assert [(each.times, each.arguments) for each in events(ledger)] == [(1, (Foreign(text="x"),))]


def test_a_run_whose_ledger_takes_nothing_more_says_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **named: object) -> None:
        raise LedgerUnavailable("the disk is full", hint="make room")

    monkeypatch.setattr(ledger, "append_all", full)
    starts = Starts()
    with pytest.raises(LedgerUnavailable), told_starts(starts, ledger, _SESSION):
        starts.count(start("/bin/true"))


@contextmanager
def kernel(monkeypatch: pytest.MonkeyPatch, *, tells: bool) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(telling, "can_tell_starts", lambda: tells)
        yield


@pytest.mark.parametrize(
    ("wanted", "tells", "is_listening", "why"),
    [
        (True, True, True, None),
        (True, True, False, UntoldWhy.NESTED),
        (True, False, True, UntoldWhy.KERNEL),
        (False, False, False, UntoldWhy.POLICY),
        (False, True, True, UntoldWhy.POLICY),
    ],
)
def test_it_is_recorded_when_nobody_is_told_and_why(
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: bool,
    tells: bool,
    is_listening: bool,
    why: UntoldWhy | None,
) -> None:
    plan = plan_for(tree=tmp_path, session=_SESSION, tells_starts=wanted)
    with kernel(monkeypatch, tells=tells):
        untold(plan, ledger, is_listening=is_listening)
    assert events(ledger) == ([] if why is None else [ProcessUntold(session=_SESSION, why=why)])


def test_a_report_has_the_ten_programs_that_were_started_most_often() -> None:
    programs = Programs()
    event = ProcessStarted(
        session=_SESSION, program=None, by=None, pid=None, arguments=None, more_arguments=False, times=5
    )
    programs.hear(event)
    for number in range(12):
        for _ in range(2):
            programs.hear(replace(event, program=Foreign(text=f"/bin/p{number:02}"), times=number + 1))
    assert programs.starts == 5 + 2 * sum(range(1, 13))
    assert programs.most() == (
        *(ProgramStarted(program=f"/bin/p{n:02}", times=2 * n + 2) for n in range(11, 1, -1)),
    )
    assert programs.untold is None
    programs.hear(ProcessUntold(session=_SESSION, why=UntoldWhy.POLICY))
    assert programs.untold == "a profile says that they are not recorded"

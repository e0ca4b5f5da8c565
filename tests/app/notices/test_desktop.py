"""Notices on the desktop, by a real session bus: text that is nobody's, no buttons, taken away when over."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from noticed import ASKED, AT
from ringfence.app.notices import desktop
from ringfence.app.notices.desktop import Desktop, body, summary
from ringfence.app.notices.desktop import session_bus as found_bus
from ringfence.app.notices.noticing import Happened, Notice
from ringfence.app.notices.outbox import NotTold
from session_bus import Shown, notice_server, session_bus

_OVER = replace(ASKED, happened=Happened.GRANTED, operator="olga")
_BODY = (
    "ringfence approve 7f, or ringfence deny 7f\n"
    'by "claude, session 00000001", open until 2026-02-01 12:00 UTC\n'
    '"/our-org/site refs/heads/main at github.example"\n'
    'force: yes, ref: "refs/heads/main"'
)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    with session_bus(tmp_path) as address:
        yield address


@pytest.fixture
def shown(bus: str) -> Iterator[Shown]:
    with notice_server(bus, "body", "body-markup") as made:
        yield made


def test_a_question_is_shown_whole_without_a_button(bus: str, shown: Shown) -> None:
    Desktop(address=bus).send(ASKED)
    assert shown.notices == [
        {
            "app": "ringfence",
            "replaces": 0,
            "icon": "dialog-question",
            "summary": "git.push waits for your answer",
            "body": _BODY,
            "actions": [],
            "hints": {"urgency": ("y", 1), "category": ("s", "im.received")},
            "expires": -1,
        }
    ]


def test_one_that_is_over_is_taken_away_once(bus: str, shown: Shown) -> None:
    at = Desktop(address=bus)
    at.send(replace(ASKED, ask="other"))
    at.send(ASKED)
    at.send(_OVER)
    at.send(_OVER)
    assert (len(shown.notices), shown.closed) == (2, [2])


def test_one_that_a_person_has_closed_is_no_failure(bus: str, shown: Shown) -> None:
    at = Desktop(address=bus)
    at.send(ASKED)
    shown.refuses = True
    at.send(_OVER)
    shown.refuses = False
    at.send(ASKED)
    assert [each["replaces"] for each in shown.notices] == [0, 0]


def test_how_many_more_wait_is_one_notice_that_is_replaced(bus: str, shown: Shown) -> None:
    at = Desktop(address=bus)
    for waiting in (12, 13, 0):
        at.send(Notice(started_at=AT, complete=True, happened=Happened.MORE, waiting=waiting))
    assert [(each["summary"], each["replaces"]) for each in shown.notices] == [
        ("12 more questions wait", 0),
        ("13 more questions wait", 1),
    ]
    assert (shown.notices[0]["body"], shown.closed) == ("all of them: ringfence asks, or ringfence tui", [1])


@pytest.mark.parametrize(
    ("capabilities", "said"),
    [(("body", "body-markup"), "&lt;b&gt;x&lt;/b&gt; &amp;amp;"), (("body",), "<b>x</b> &amp;")],
)
def test_markup_of_anybodys_is_letters(bus: str, capabilities: tuple[str, ...], said: str) -> None:
    with notice_server(bus, *capabilities) as shown:
        Desktop(address=bus).send(replace(ASKED, subject="<b>x</b> &amp;"))
    assert shown.notices[0]["body"].split("\n")[2] == f'"{said}"'


def test_that_it_is_cut_and_how_many_ask_the_same_is_said() -> None:
    said = body(replace(ASKED, complete=False, facts=(), others=2, agent="", session=None, expires_at=None))
    assert said.split("\n") == [
        "too long to be shown whole, look first: ringfence asks",
        'by "somebody, session none" and 2 more that ask the same',
        '"/our-org/site refs/heads/main at github.example"',
    ]
    assert summary(Notice(started_at=AT, complete=True, happened=Happened.MORE, waiting=1)) == (
        "1 more question waits"
    )


def test_a_desktop_that_was_gone_is_found_again(tmp_path: Path) -> None:
    at = Desktop(address=f"unix:path={tmp_path}/bus")
    with pytest.raises(NotTold):
        at.send(ASKED)
    for _ in range(2):
        with session_bus(tmp_path) as address, notice_server(address) as shown:
            at.send(ASKED)
            assert len(shown.notices) == 1
        with pytest.raises(NotTold):
            at.send(ASKED)


def test_nobody_who_shows_notices_and_one_who_refuses_are_told_apart_from_success(
    bus: str, tmp_path: Path
) -> None:
    with pytest.raises(NotTold) as nobody:
        Desktop(address=bus).send(ASKED)
    with notice_server(bus) as shown:
        shown.refuses = True
        with pytest.raises(NotTold) as refused:
            Desktop(address=bus).send(ASKED)
    for told in (nobody, refused):
        assert told.value.what == "the desktop shows no notices: nothing there shows notices"


def test_a_bus_or_a_server_that_hangs_is_left(
    bus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktop, "_WITHIN_S", 0.3)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        with pytest.raises(NotTold) as told:
            Desktop(address=f"unix:path={tmp_path}/silent").send(ASKED)
    assert told.value.what == "the desktop shows no notices: nobody answers in time"
    with notice_server(bus) as shown:
        shown.hangs = True
        with pytest.raises(NotTold) as told:
            Desktop(address=bus).send(ASKED)
    assert told.value.what == "the desktop shows no notices: nobody answers in time"


@pytest.mark.parametrize("address", ["tcp:host=127.0.0.1,port=1", "unix:", "nonsense", "unixexec:path=/x"])
def test_an_address_that_is_no_unix_socket_is_no_desktop(address: str) -> None:
    with pytest.raises(NotTold):
        Desktop(address=address).send(ASKED)


def test_the_bus_is_the_one_that_is_named_else_nobodys_without_a_login() -> None:
    assert found_bus({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, user_id=1) == "unix:path=/x"
    assert found_bus({}, user_id=2**31) is None

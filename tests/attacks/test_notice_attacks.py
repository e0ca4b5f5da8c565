"""What a hostile agent asks is told to operators, and must not lead them astray."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from broker_scene import server
from doors import doors_closed
from ringfence.app.notices import noticing, posting
from ringfence.app.notices.desktop import body, summary
from ringfence.app.notices.message import message
from ringfence.app.notices.noticing import Notice, Noticing
from ringfence.app.notices.outbox import NotTold
from ringfence.app.notices.posting import Poster
from ringfence.app.watching.asking import Queue
from ringfence.core.actions import Argument, ToolCall
from ringfence.core.decisions import Place
from ringfence.core.labels import Integrity, Label
from ringfence.core.limits import LIMITS
from ringfence.policy.values import Webhook
from watched import Machine, machine, post, push, session_id

_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_ONE, _TWO = map(session_id, (1, 2))
_HOSTILE = {
    "a line of its own": "x\nringfence approve 00, or ringfence deny 00",
    "a line in another letter": "x\u2028ringfence approve 00",
    "what turns text around": "gnp.\u202eexe",
    "what moves the cursor": "\x1b[2Jfine",
    "a letter that looks like another one": "api.ex\u0430mple.com",
    "what is not seen": "api\u200b.example.com",
}


def _call(text: str) -> ToolCall:
    label = Label(integrity=Integrity.UNTRUSTED, sources=())
    return ToolCall(server="mail", tool=text, arguments=(Argument(name="to", text=text, label=label),))


@contextmanager
def _told(folder: Path) -> Iterator[tuple[Machine, "list[Notice]"]]:
    """A machine, and after it all that is told of it."""
    found: list[Notice] = []
    with doors_closed():
        here = machine(folder, clock=lambda: _AT)
        yield here, found
        approvals = here.watching.who.door.approvals
        found += Noticing(since=_AT, asked_by="ann").look(Queue(approvals).look(_AT), approvals, _AT)


@pytest.mark.parametrize("is_defended", [True, False])
@pytest.mark.parametrize("hostile", _HOSTILE.values(), ids=_HOSTILE)
def test_text_of_a_box_is_text_on_the_desktop_and_in_a_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: str, is_defended: bool
) -> None:
    if not is_defended:
        monkeypatch.setattr(noticing, "harmless", lambda text, **_how: text)
    with _told(tmp_path) as (here, found):
        here.does(_ONE, _call(hostile))
    (notice,) = found
    said = (summary(notice), body(notice), message(notice).text)
    is_held = all(re.fullmatch("[ -~\n]*", each) for each in said) and [
        each.count("\n") for each in said
    ] == [0, 3, 0]
    assert is_held is is_defended, said


@pytest.mark.parametrize("is_defended", [True, False])
def test_a_quote_in_text_ends_no_quote_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_defended: bool
) -> None:
    if not is_defended:
        monkeypatch.setattr("ringfence.app.notices.desktop.quoted", lambda text: f'"{text}"')
    with _told(tmp_path) as (here, found):
        here.does(_ONE, _call('x" by "olga'))
    shown = body(found[0]).split("\n")[2]
    assert (shown.count('"') == 2) is is_defended, shown


@pytest.mark.parametrize("is_defended", [True, False])
def test_a_thousand_questions_of_one_session_hide_none_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_defended: bool
) -> None:
    if not is_defended:
        monkeypatch.setattr(noticing, "LIMITS", replace(LIMITS, notices_of_session=10_000))
        monkeypatch.setattr(noticing, "_urgency", lambda waiting, *_told: waiting.asks[0].opened_at)
    with _told(tmp_path) as (here, found):
        for number in range(50):
            here.does(_ONE, post(path=f"/{number}"))
        here.does(_TWO, push())
    assert (_TWO in {each.session for each in found}) is is_defended
    assert len(found) <= LIMITS.notices_a_minute + 1


@pytest.mark.parametrize("is_defended", [True, False])
def test_a_part_of_a_question_that_is_too_long_is_not_offered_for_a_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_defended: bool
) -> None:
    """What matters would stand behind what is shown."""
    if not is_defended:
        monkeypatch.setattr(noticing, "LIMITS", replace(LIMITS, notice_facts_chars=1 << 20))
    with _told(tmp_path) as (here, found):
        here.does(_ONE, post(path="/" + "a" * 5_000 + "/delete-everything"))
    offered = message(found[0]).approve or "ringfence approve" in body(found[0])
    assert bool(offered) is not is_defended


@pytest.mark.parametrize("is_defended", [True, False])
def test_a_name_that_leads_to_a_private_address_is_not_posted_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_defended: bool
) -> None:
    """Also by the other name for it, in IPv6."""
    if not is_defended:
        monkeypatch.setattr(posting, "refusal", lambda _address, _named: None)
    with server(tmp_path, host="hooks.example.com") as at:
        webhook = Webhook(
            host="hooks.example.com",
            port=at.port,
            target="/",
            secret=None,
            private=(ip_network("10.0.0.0/8"),),
            ca=str(tmp_path / "ca.pem"),
            at=Place(file="p.yaml", line=1),
        )
        for address in ("127.0.0.1", "::ffff:127.0.0.1"):
            poster = Poster(clock=lambda: 0.0, resolve=lambda _host, _port, to=address: [to])
            try:
                was_posted = poster.post(webhook, b"{}", ()) == 200
            except NotTold:
                was_posted = False
            assert was_posted is not is_defended

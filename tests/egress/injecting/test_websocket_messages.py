"""Secrets put into messages over a WebSocket."""

import json

import pytest

from injected import Session, credential
from ringfence.egress.injecting.places import Misplaced, Place
from ringfence.egress.injecting.websocket import inject_message, placed_in_message
from vaults import WHOLE

_SECRET = WHOLE["websocket"]["token"]


def _identify(token: str) -> bytes:
    return json.dumps({"op": 2, "d": {"token": token, "intents": 513}}).encode()


def test_a_bot_identifies_itself_with_the_real_token() -> None:
    one = credential("websocket")
    session = Session(one)
    message = _identify(session.text("token"))
    found = placed_in_message(message, session.meaning)
    assert [(each.place, each.name) for each in found] == [(Place.MESSAGE, "/d/token")]
    assert inject_message(message, one, found) == _identify(_SECRET)


@pytest.mark.parametrize(
    "message", [b"hello", b'["%s"]', b'{"d":"%s"}', b'{"token":"%s"}', b'{"d":{"token":"x%s"}}', b"\xff%s"]
)
def test_elsewhere_it_is_text(message: bytes) -> None:
    session = Session(credential("websocket"))
    text = message.replace(b"%s", session.text("token").encode())
    assert placed_in_message(text, session.meaning) == ()


def test_what_is_no_credential_of_messages_stays_one_of_requests() -> None:
    session = Session(credential("bearer", name="b"), credential("websocket", name="w"))
    assert placed_in_message(_identify(session.text("token", "b")), session.meaning) == ()


def test_at_the_place_of_another_credential_it_is_text() -> None:
    session = Session(credential("websocket", name="a"), credential("websocket", name="b", pointer="/t"))
    texts = [session.text("token", name) for name in ("a", "b")]
    message = json.dumps({"t": texts[0], "d": {"token": texts[1]}}).encode()
    assert placed_in_message(message, session.meaning) == ()


def test_a_token_that_stands_twice_or_was_set_anew_is_refused() -> None:
    one = credential("websocket")
    session = Session(one)
    text = session.text("token")
    twice = b'{"d":{"token":"%s","x":"%s"}}' % (text.encode(), text.encode())
    with pytest.raises(Misplaced):
        inject_message(twice, one, placed_in_message(twice, session.meaning))
    other = credential("websocket", pointer="/token")
    with pytest.raises(Misplaced):
        inject_message(_identify(text), other, placed_in_message(_identify(text), session.meaning))

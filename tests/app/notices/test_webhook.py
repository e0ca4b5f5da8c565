"""Notices by webhook: what is posted, to whom, how often; and that nothing that comes back means anything."""

import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from schemas import DOCUMENTS, schema_of

from broker_scene import Server, server
from noticed import ASKED, AT
from ringfence.app.notices import posting
from ringfence.app.notices.noticing import Happened
from ringfence.app.notices.outbox import NotTold
from ringfence.app.notices.posting import Poster, resolved
from ringfence.app.notices.webhook import WebhookReceiver
from ringfence.core.decisions import Place
from ringfence.core.limits import LIMITS
from ringfence.policy.values import Webhook

_HOST = "hooks.example.com"
_KEY = b"0123456789abcdef0123456789abcdef"


@dataclass
class Scene:
    """A receiver, and who posts there."""

    folder: Path
    at: Server
    waited: list[float] = field(default_factory=list)

    def receiver(self, **more: object) -> WebhookReceiver:
        webhook = Webhook(
            host=_HOST,
            port=self.at.port,
            target="/hooks/T0K3N?room=2",
            secret=None,
            private=(ip_network("127.0.0.1"),),
            ca=str(self.folder / "ca.pem"),
            at=Place(file="p.yaml", line=1),
        )
        key_at = more.pop("key_at", None)
        return WebhookReceiver(
            webhook=replace(webhook, **more),  # type: ignore[arg-type]
            key_at=key_at,  # type: ignore[arg-type]
            poster=Poster(clock=time.monotonic, resolve=lambda _host, _port: ["127.0.0.1"]),
            pause=self.waited.append,
            now=lambda: AT,
        )

    def key(self, data: bytes = _KEY + b"\n", mode: int = 0o600) -> Path:
        path = self.folder / "hook.key"
        path.write_bytes(data)
        path.chmod(mode)
        return path


def _scene(folder: Path, at: Server) -> Scene:
    return Scene(folder, at)


def _answer(status: str, more: str = "") -> Callable[[bytes], bytes]:
    return lambda _request: f"HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\n\r\n".encode()


def _parts(request: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines), body


def test_a_notice_is_posted_as_a_document_of_its_schema(tmp_path: Path) -> None:
    with server(tmp_path, _answer("204 No Content"), host=_HOST) as at:
        _scene(tmp_path, at).receiver().send(ASKED)
    (request,) = at.requests
    first, headers, body = _parts(request)
    assert first == "POST /hooks/T0K3N?room=2 HTTP/1.1"
    assert headers["Host"] == f"{_HOST}:{at.port}"
    assert headers["Content-Length"] == str(len(body))
    assert {name for name in headers if name.startswith("Ringfence")} == set()
    found = json.loads(body)
    Draft202012Validator(schema_of("ringfence.notice/1", DOCUMENTS["ringfence.notice/1"])).validate(found)
    del found["tool_version"]
    assert found == {
        "schema": "ringfence.notice/1",
        "started_at": "2026-01-31T12:00:00.000Z",
        "complete": True,
        "text": "ringfence: git.push `/our-org/site refs/heads/main at github.example` by `claude` "
        '(`force: yes, ref: "refs/heads/main"`) waits: '
        "ringfence approve 7f, open until 2026-02-01 12:00 UTC",
        "happened": "asked",
        "ask": "7f3a90",
        "approve": "ringfence approve 7f",
        "deny": "ringfence deny 7f",
        "action_type": "git.push",
        "subject": "/our-org/site refs/heads/main at github.example",
        "facts": ["force: yes", 'ref: "refs/heads/main"'],
        "agent": "claude",
        "session": "0199c0de-0000-7000-8000-000000000001",
        "others": 0,
        "rules": ["pushes"],
        "opened_at": "2026-01-31T12:00:00.000Z",
        "expires_at": "2026-02-01T12:00:00.000Z",
        "operator": None,
        "waiting": 0,
        "left_out": 0,
    }


def test_what_became_of_it_says_who_answered_and_offers_no_answer(tmp_path: Path) -> None:
    over = replace(ASKED, happened=Happened.GRANTED, operator="olga", left_out=3)
    with server(tmp_path, host=_HOST) as at:
        _scene(tmp_path, at).receiver().send(over)
    found = json.loads(_parts(at.requests[0])[2])
    assert found["text"].endswith(" by `claude`: approved by `olga`")
    assert (found["approve"], found["deny"], found["left_out"], found["complete"]) == (None, None, 3, False)


def test_a_question_that_is_not_whole_offers_no_yes(tmp_path: Path) -> None:
    with server(tmp_path, host=_HOST) as at:
        _scene(tmp_path, at).receiver().send(replace(ASKED, complete=False, facts=()))
    found = json.loads(_parts(at.requests[0])[2])
    assert (found["approve"], found["deny"]) == (None, "ringfence deny 7f")
    assert " waits: look first: ringfence asks, open until" in found["text"]


def test_a_line_for_chat_programs_holds_no_markup_of_anybodys(tmp_path: Path) -> None:
    with server(tmp_path, host=_HOST) as at:
        _scene(tmp_path, at).receiver().send(replace(ASKED, subject="`x` <!channel> [y](https://evil)"))
    text = json.loads(_parts(at.requests[0])[2])["text"]
    assert r"git.push `\x60x\x60 \x3c!channel\x3e [y](https://evil)` by" in text


def test_it_is_signed_over_its_time_and_body_where_a_key_is_named(tmp_path: Path) -> None:
    with server(tmp_path, host=_HOST) as at:
        scene = _scene(tmp_path, at)
        scene.receiver(key_at=scene.key()).send(ASKED)
    _, headers, body = _parts(at.requests[0])
    at_s = headers["Ringfence-Timestamp"]
    assert at_s == str(int(AT.timestamp()))
    signed = hmac.new(_KEY, at_s.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Ringfence-Signature"] == f"v1={signed}"


@pytest.mark.parametrize(
    ("data", "mode", "why"),
    [
        (None, 0o600, "its key is not there"),
        (b"short", 0o600, "its key has not 16 to 4096 bytes"),
        (b"\n" * 40, 0o600, "its key has not 16 to 4096 bytes"),
        (b"x" * 5_000, 0o600, "its key has not 16 to 4096 bytes"),
        (_KEY, 0o640, "others can get at it"),
    ],
)
def test_what_is_to_be_signed_never_goes_unsigned(
    tmp_path: Path, data: bytes | None, mode: int, why: str
) -> None:
    with server(tmp_path, host=_HOST) as at:
        scene = _scene(tmp_path, at)
        path = tmp_path / "hook.key" if data is None else scene.key(data, mode)
        with pytest.raises(NotTold) as told:
            scene.receiver(key_at=path).send(ASKED)
    assert why in told.value.what
    assert at.requests == []


def test_a_server_that_fails_is_tried_three_times_and_then_no_more(tmp_path: Path) -> None:
    with server(tmp_path, _answer("503 Busy"), host=_HOST) as at:
        scene = _scene(tmp_path, at)
        with pytest.raises(NotTold) as told:
            scene.receiver().send(ASKED)
    assert (told.value.what, len(at.requests), scene.waited) == ("it answers 503", 3, [1.0, 5.0])


def test_one_that_works_again_is_told_once(tmp_path: Path) -> None:
    answers = iter(b"HTTP/1.1 %s\r\n\r\n" % each for each in (b"500 Oops", b"429 Slowly", b"200 OK"))
    with server(tmp_path, lambda _request: next(answers), host=_HOST) as at:
        _scene(tmp_path, at).receiver().send(ASKED)
    assert len(at.requests) == 3
    assert len({_parts(each)[2] for each in at.requests}) == 1


@pytest.mark.parametrize("status", ["400 Bad", "404 Not Found", "301 Moved", "302 Found", "103 Early Hints"])
def test_a_refusal_or_a_redirection_is_no_reason_to_try_again(tmp_path: Path, status: str) -> None:
    with (
        server(tmp_path, _answer(status, "Location: https://elsewhere.example/\r\n"), host=_HOST) as at,
        pytest.raises(NotTold) as told,
    ):
        _scene(tmp_path, at).receiver().send(ASKED)
    assert (told.value.what, len(at.requests)) == (f"it answers {status[:3]}", 1)


def test_no_error_says_more_of_the_address_than_host_and_port(tmp_path: Path) -> None:
    with server(tmp_path, _answer("404 Not Found"), host=_HOST) as at:
        receiver = _scene(tmp_path, at).receiver()
        with pytest.raises(NotTold) as told:
            receiver.send(ASKED)
    said = f"{receiver.name} {told.value.what} {told.value.hint} {receiver!r}"
    assert "T0K3N" not in said
    assert receiver.name == f"webhook {_HOST}:{at.port}"


def test_who_has_no_certificate_that_is_trusted_is_told_nothing(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with server(tmp_path, host=_HOST) as at, server(other, host=_HOST):
        for more in ({"ca": str(other / "ca.pem")}, {"ca": None}, {"host": "other.example.com"}):
            with pytest.raises(NotTold) as told:
                _scene(tmp_path, at).receiver(**more).send(ASKED)
            assert "its certificate is not trusted" in told.value.what
    assert at.requests == []


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_authorities_that_are_missing_or_none_are_said(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "other.pem"
    if text is not None:
        path.write_text(text)
    with server(tmp_path, host=_HOST) as at, pytest.raises(NotTold) as told:
        _scene(tmp_path, at).receiver(ca=str(path)).send(ASKED)
    assert told.value.what.startswith("the authorities of its `ca` cannot be read")
    assert at.connections == 0


def test_a_private_address_is_reached_only_where_the_policy_names_it(tmp_path: Path) -> None:
    with server(tmp_path, host=_HOST) as at:
        for private in ((), (ip_network("10.0.0.0/8"),)):
            with pytest.raises(NotTold) as told:
                _scene(tmp_path, at).receiver(private=private).send(ASKED)
            assert told.value.what == "its address is refused: it is this machine itself"
    assert at.connections == 0


def test_of_a_name_with_several_addresses_only_those_are_tried_that_may_be(tmp_path: Path) -> None:
    tried: list[str] = []

    def connect(address: tuple[str, int], timeout: float) -> object:
        tried.append(address[0])
        raise ConnectionRefusedError

    with server(tmp_path, host=_HOST) as at:
        scene = _scene(tmp_path, at)
        receiver = replace(
            scene.receiver(private=()),
            poster=Poster(
                clock=time.monotonic,
                resolve=lambda _host, _port: ["169.254.169.254", "10.0.0.1", "1.1.1.1", "::ffff:127.0.0.1"],
            ),
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(posting.socket, "create_connection", connect)
            with pytest.raises(NotTold):
                receiver.send(ASKED)
    assert tried == ["1.1.1.1"] * LIMITS.webhook_tries


def test_nobody_there_is_tried_three_times(tmp_path: Path) -> None:
    with server(tmp_path, host=_HOST) as at:
        scene = _scene(tmp_path, at)
    with pytest.raises(NotTold) as told:
        scene.receiver().send(ASKED)
    assert told.value.what == "it cannot be reached, or its answer is no HTTPS"
    assert scene.waited == [1.0, 5.0]


def test_a_name_that_no_resolver_takes_is_one_that_is_not_there() -> None:
    with pytest.raises(OSError):
        resolved("x" * 64 + ".example.com", 443)


def _hangs(tls: ssl.SSLSocket) -> None:
    tls.recv(65_536)
    threading.Event().wait(5)


def _drips(tls: ssl.SSLSocket) -> None:
    tls.recv(65_536)
    for each in b"HTTP/1.1 200 OK" * 100:
        tls.sendall(bytes([each]))
        time.sleep(0.02)


def _endless_line(tls: ssl.SSLSocket) -> None:
    tls.recv(65_536)
    while True:
        tls.sendall(b"x" * 65_536)


def _ends(tls: ssl.SSLSocket) -> None:
    tls.recv(65_536)


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (_hangs, "it does not answer within 10 seconds"),
        (_drips, "it does not answer within 10 seconds"),
        (_endless_line, "it cannot be reached, or its answer is no HTTPS"),
        (_ends, "it cannot be reached, or its answer is no HTTPS"),
    ],
)
def test_one_that_hangs_drips_or_never_ends_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, talk: Callable[[ssl.SSLSocket], None], why: str
) -> None:
    with server(tmp_path, host=_HOST, talk=talk) as at:
        receiver = _scene(tmp_path, at).receiver()
        monkeypatch.setattr(posting, "LIMITS", replace(LIMITS, webhook_s=0.3))
        with pytest.raises(NotTold) as told:
            receiver.send(ASKED)
    assert told.value.what == why
    assert at.connections == LIMITS.webhook_tries


def test_nothing_after_the_first_line_is_read(tmp_path: Path) -> None:
    """A body without an end: whoever read it would never be done."""
    sent = threading.Event()

    def talk(tls: ssl.SSLSocket) -> None:
        tls.recv(65_536)
        tls.sendall(b'HTTP/1.1 200 OK\r\nLocation: /approve\r\n\r\n{"approve": true}')
        try:
            while True:
                tls.sendall(b"x" * 65_536)
        except OSError:
            sent.set()

    with server(tmp_path, host=_HOST, talk=talk) as at:
        _scene(tmp_path, at).receiver().send(ASKED)
        assert sent.wait(20)
    assert at.connections == 1

"""Tokens got from a server over HTTP, kept, got anew, and sealed where a box would see them."""

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from injected import Session, credential
from ringfence.core.secrets import Secret
from ringfence.egress.injecting.tokens import Answer, NoToken, TokenRequest, Tokens
from ringfence.vault.credential import Binding, Credential
from vaults import PEM, WHOLE

_REFRESH = WHOLE["oauth"]["refresh_token"]
_Script = Callable[[str, dict[str, str], bytes], tuple[int, str]]


class TokenServer:
    """A real server that answers as its script says, and keeps what it was asked."""

    def __init__(self, port: int, asked: list[tuple[str, dict[str, str], bytes]]) -> None:
        self.port, self.asked = port, asked

    async def fetch(self, request: TokenRequest) -> Answer:
        """As the broker would; the name of each server leads here."""
        parts = urlsplit(request.url)
        assert parts.scheme == "https"
        url = f"http://127.0.0.1:{self.port}{parts.path}"
        sent = Request(url, data=request.body, headers={**dict(request.headers), "Host": parts.netloc})
        return await asyncio.to_thread(self._sent, sent)

    @staticmethod
    def _sent(request: Request) -> Answer:
        try:
            with urlopen(request) as answer:
                return Answer(status=answer.status, body=answer.read())
        except HTTPError as error:
            return Answer(status=error.code, body=error.read())


@contextmanager
def serving(script: _Script) -> Iterator[TokenServer]:
    asked: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told = {name.lower(): value for name, value in self.headers.items()}
            asked.append((self.path, told, body))
            status, text = script(self.path, told, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield TokenServer(server.server_port, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Told:
    """What `rotated` was told."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    async def __call__(self, _credential: Credential, secret: Secret) -> None:
        self.secrets.append(secret.reveal().decode())


def tokens_of(server: TokenServer, clock: Clock | None = None, told: Told | None = None) -> Tokens:
    return Tokens(fetch=server.fetch, clock=clock or Clock(), rotated=told or Told())


def _good(number: int = 1, **more: Any) -> str:
    return json.dumps({"access_token": f"access-token-{number}", "token_type": "Bearer", **more})


def _counting(**more: Any) -> _Script:
    count = iter(range(1, 100))
    return lambda _path, _headers, _body: (200, _good(next(count), **more))


def test_a_token_is_got_once_and_again_shortly_before_it_ends() -> None:
    async def run(server: TokenServer) -> list[bytes]:
        clock = Clock()
        tokens, one = tokens_of(server, clock), credential("oauth")
        found = list(await asyncio.gather(*(tokens.token(one) for _ in range(5))))
        for seconds in (3539, 2, 0):
            clock.now += timedelta(seconds=seconds)
            found.append(await tokens.token(one))
        return [each.reveal() for each in found]

    with serving(_counting(expires_in=3600)) as server:
        found = asyncio.run(run(server))
        assert found == [b"access-token-1"] * 6 + [b"access-token-2"] * 2
        path, headers, body = server.asked[0]
        sent = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        assert (path, headers["content-type"]) == ("/oauth/token", "application/x-www-form-urlencoded")
        parts = {name: WHOLE["oauth"][name] for name in ("client_id", "client_secret", "refresh_token")}
        assert sent == {"grant_type": "refresh_token", **parts}


def test_servers_that_read_json_get_json() -> None:
    async def run(server: TokenServer) -> None:
        await tokens_of(server).token(credential("oauth", token_url="https://auth.openai.com/oauth/token"))

    with serving(_counting()) as server:
        asyncio.run(run(server))
        assert json.loads(server.asked[0][2])["refresh_token"] == _REFRESH


def test_a_token_that_was_refused_is_got_anew() -> None:
    async def run(server: TokenServer) -> list[bytes]:
        tokens, one = tokens_of(server), credential("oauth")
        first = await tokens.token(one)
        tokens.forget(one)
        return [first.reveal(), (await tokens.token(one)).reveal()]

    with serving(_counting(expires_in=3600)) as server:
        assert asyncio.run(run(server)) == [b"access-token-1", b"access-token-2"]


def test_a_new_refresh_token_is_used_from_then_on_and_told() -> None:
    told, clock = Told(), Clock()
    another = credential("oauth", refresh_token="set-by-the-user-1")

    async def run(server: TokenServer) -> None:
        tokens, one = tokens_of(server, clock, told), credential("oauth")
        for _ in range(2):
            await tokens.token(one)
            clock.now += timedelta(hours=2)
        kept = replace(one, authentication=replace(one.authentication, refresh_token=Secret(b"rotated-no-2")))
        await tokens.token(kept)  # the vault has it now
        await tokens.token(another)  # the user has set another one

    count = iter(range(1, 9))

    def script(_path: str, _headers: dict[str, str], _body: bytes) -> tuple[int, str]:
        number = next(count)
        return 200, _good(number, expires_in=3600, refresh_token=f"rotated-no-{number}")

    with serving(script) as server:
        asyncio.run(run(server))
        sent = [parse_qs(body.decode())["refresh_token"][0] for _, _, body in server.asked]
    assert sent == [_REFRESH, "rotated-no-1", "rotated-no-2", "set-by-the-user-1"]
    assert told.secrets == [f"rotated-no-{number}" for number in (1, 2, 3, 4)]


def test_an_app_signs_for_itself_and_gets_a_token_of_its_installation() -> None:
    clock = Clock()
    end = (clock.now + timedelta(hours=1)).isoformat().replace("+00:00", "Z")

    async def run(server: TokenServer) -> bytes:
        tokens, one = tokens_of(server, clock), credential("github-app", host="api.github.com")
        await tokens.token(one)
        return (await tokens.token(one)).reveal()

    with serving(lambda *_: (201, json.dumps({"token": "ghs_abcdefgh1", "expires_at": end}))) as server:
        assert asyncio.run(run(server)) == b"ghs_abcdefgh1"
        ((path, headers, _),) = server.asked
    assert (path, headers["host"]) == ("/app/installations/678/access_tokens", "api.github.com")
    head, body, signature = headers["authorization"].removeprefix("Bearer ").split(".")
    load_pem_private_key(PEM.encode(), None).public_key().verify(
        base64.urlsafe_b64decode(signature + "=="), f"{head}.{body}".encode(), PKCS1v15(), SHA256()
    )
    at = int(clock.now.timestamp())
    assert json.loads(base64.urlsafe_b64decode(body + "==")) == {
        "iat": at - 60,
        "exp": at + 540,
        "iss": "12345",
    }


def test_an_app_of_another_github_asks_that_one() -> None:
    async def run(server: TokenServer) -> None:
        one = replace(
            credential("github-app"), binding=Binding(hosts=("*.example.org", "ghe.example.org:8443"))
        )
        await tokens_of(server).token(one)

    with serving(lambda *_: (201, json.dumps({"token": "ghs_abcdefgh1"}))) as server:
        asyncio.run(run(server))
        path, headers, _ = server.asked[0]
    assert (headers["host"], path) == ("ghe.example.org:8443", "/api/v3/app/installations/678/access_tokens")


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (400, '{"error": "invalid_grant", "error_description": "%s"}', "400 (invalid_grant)"),
        (400, '{"error": "%s"}', "answered 400"),
        (500, "%s", "answered 500"),
        (302, "", "answered 302"),
        (200, "%s", "cannot be read"),
        (200, "[]", "cannot be read"),
        (200, '{"token_type": "bearer"}', "no bearer token"),
        (200, '{"access_token": "abcdefgh", "token_type": "mac"}', "no bearer token"),
        (200, '{"access_token": "abcdefgh\\r\\nx-evil: 1"}', "no token that can be sent"),
        (200, '{"access_token": {"a": 1}}', "no token that can be sent"),
    ],
)
def test_without_a_token_nobody_learns_more_than_why(status: int, text: str, said: str) -> None:
    async def run(server: TokenServer) -> None:
        await tokens_of(server).token(credential("oauth"))

    with (
        serving(lambda *_: (status, text.replace("%s", _REFRESH))) as server,
        pytest.raises(NoToken) as none,
    ):
        asyncio.run(run(server))
    assert said in none.value.what
    assert _REFRESH not in none.value.what + none.value.hint + repr(none.value)


@pytest.mark.parametrize(("status", "text", "said"), [(200, "x" * 70_000, "cannot be read")])
def test_an_answer_without_end_is_not_read(status: int, text: str, said: str) -> None:
    test_without_a_token_nobody_learns_more_than_why(status, text, said)


def _sealing(body: bytes, session: Session, one: Credential, told: Told) -> tuple[bytes, bytes, str]:
    """What a box is shown, the token that is used from then on, and the refresh token."""

    async def nobody(_request: TokenRequest) -> Answer:
        raise AssertionError("a token was got")

    async def run() -> tuple[bytes, bytes, str]:
        tokens = Tokens(fetch=nobody, clock=Clock(), rotated=told)
        shown = await tokens.sealed(body, one, session="mine", table=session.table)
        token = await tokens.token(one)
        return shown, token.reveal(), tokens.refresh_token(one).reveal().decode()

    return asyncio.run(run())


def test_what_a_server_answers_to_a_box_is_sealed_and_kept() -> None:
    one, told = credential("oauth"), Told()
    session = Session(one)
    answer = {
        "access_token": "the-real-access-token",
        "refresh_token": "the-real-refresh-token-2",
        "id_token": "the-real-id-token",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "all of the-real-access-token",
        "authed_user": {"access_token": "another-real-token"},
    }
    shown, token, refresh = _sealing(json.dumps(answer).encode(), session, one, told)
    read = json.loads(shown)
    assert b"real" not in shown
    assert (token, refresh) == (b"the-real-access-token", "the-real-refresh-token-2")
    assert told.secrets == ["the-real-refresh-token-2"]
    assert read["access_token"] == session.text("access_token")
    assert read["refresh_token"] == session.text("refresh_token")
    assert (read["token_type"], read["expires_in"]) == ("Bearer", 3600)
    assert read["scope"] == f"all of {session.text('access_token')}"
    assert session.meaning(read["id_token"]).part == "id_token"


def test_a_form_that_a_server_answers_is_sealed_too() -> None:
    one = credential("oauth")
    session = Session(one)
    body = b"access_token=the-real-access-token&token_type=bearer&expires_in=3600"
    shown, token, _ = _sealing(body, session, one, Told())
    assert token == b"the-real-access-token"
    assert parse_qs(shown.decode()) == {
        "access_token": [session.text("access_token")],
        "token_type": ["bearer"],
        "expires_in": ["3600"],
    }


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"access_token": "abcdefgh", "refresh_token": 123456789}', b"[" * 500 + b"]" * 500]
)
def test_an_answer_that_cannot_be_sealed_is_not_shown(body: bytes) -> None:
    one = credential("oauth")
    with pytest.raises(NoToken):
        _sealing(body, Session(one), one, Told())


def test_nothing_of_it_is_shown() -> None:
    tokens = Tokens(fetch=None, clock=Clock(), rotated=Told())
    assert "oauth" not in repr(tokens)
    request = TokenRequest(url="https://a", headers=(("Authorization", "secret"),), body=b"secret")
    assert "secret" not in repr(request) + repr(Answer(status=200, body=b"secret"))

"""One credential in one request, from its placeholder to an answer that echoes all of it."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injected import Session, credential, request
from ringfence.core.secrets import Secret
from ringfence.egress.injecting.places import placed
from ringfence.egress.injecting.tokens import Answer, TokenRequest, Tokens
from ringfence.egress.injecting.whole import Injected, with_secrets
from ringfence.protocols.http import Headers, RequestHead
from ringfence.protocols.scrubbing import Scrubber, Secrets
from ringfence.vault.credential import Credential
from vaults import WHOLE

_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_REAL = "the-real-access-token-1"


async def _fetch(_request: TokenRequest) -> Answer:
    return Answer(status=200, body=json.dumps({"access_token": _REAL, "token": _REAL}).encode())


async def _rotated(_credential: Credential, _secret: Secret) -> None:
    raise AssertionError("no new refresh token came")


def sent(head: RequestHead, body: bytes, one: Credential, session: Session) -> Injected:
    tokens = Tokens(fetch=_fetch, clock=lambda: _NOW + timedelta(), rotated=_rotated)
    found = placed(head, body, session.meaning)
    return asyncio.run(
        with_secrets(
            head,
            body,
            one,
            found,
            given=session.given[one.name],
            authority="example.com",
            now=_NOW,
            tokens=tokens,
        )
    )


def _request(kind: str, session: Session) -> tuple[RequestHead, bytes]:
    given = session.given["one"]
    match kind:
        case "bearer":
            return request(authorization=f"Bearer {given['token']}"), b""
        case "header":
            return request(x_api_key=given["value"]), b""
        case "basic":
            pair = base64.b64encode(f"ann:{given['password']}".encode()).decode()
            return request(authorization=f"Basic {pair}"), b""
        case "query":
            return request(f"/?key={quote(given['value'], safe='')}"), b""
        case "path":
            return request(f"/bot{quote(given['token'], safe='')}/getMe"), b""
        case "body":
            return request(method="POST"), json.dumps({"auth": {"token": given["value"]}}).encode()
        case "aws":
            scope = f"{given['key_id']}/20261123/eu-central-1/s3/aws4_request"
            told = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
            return request(authorization=told), b""
    return request(authorization=f"Bearer {given['access_token']}"), b""


_KINDS = ("bearer", "header", "basic", "query", "path", "body", "aws", "oauth", "github-app")


@pytest.mark.parametrize("kind", _KINDS)
def test_no_placeholder_is_sent_and_no_secret_comes_back(kind: str) -> None:
    one = credential(kind)
    session = Session(one)
    head, body = _request(kind, session)
    made = sent(head, body, one, session)
    whole = f"{made.head}".encode() + made.body
    assert not [text for text in session.given["one"].values() if text.encode() in whole]
    assert not [text for text in made.secrets if text in f"{made}".encode()]
    scrubber = Scrubber(Secrets(made.secrets))
    echoed = scrubber.feed(whole) + scrubber.finish()
    assert not [text for text in made.secrets if text in echoed]
    if kind != "aws":
        assert (f"{head}".encode() + body).replace(b"%3A", b":") == echoed


_SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=60)
_PARTS = {
    "bearer": "token",
    "header": "value",
    "basic": "password",
    "query": "value",
    "path": "token",
    "body": "value",
}


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(_PARTS)), _SECRETS, st.integers(1, 50))
def test_whatever_the_secret_an_echo_of_the_request_has_it_no_more(kind: str, secret: str, step: int) -> None:
    one = credential(kind, **{_PARTS[kind]: secret})
    session = Session(one)
    made = sent(*_request(kind, session), one, session)
    lines = "\r\n".join([made.head.target, *(f"{name}: {value}" for name, value in made.head.headers)])
    echo = b"at first, " + lines.encode() + made.body
    scrubber = Scrubber(Secrets(made.secrets))
    came = b"".join(scrubber.feed(echo[at : at + step]) for at in range(0, len(echo), step))
    came += scrubber.finish()
    assert secret.encode() not in came
    assert base64.b64encode(f"ann:{secret}".encode()) not in came
    assert quote(secret, safe="").encode() not in came
    assert made.head.target == "/" or made.head.target.encode() not in came


def test_a_stream_with_unsigned_chunks_keeps_its_body() -> None:
    one = credential("aws")
    session = Session(one)
    head, _ = _request("aws", session)
    total = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    made = sent(head.changed(headers=Headers((*head.headers, total))), b"5\r\nhello\r\n", one, session)
    assert made.body == b"5\r\nhello\r\n"
    assert made.head.headers.one("x-amz-content-sha256") == total[1]
    assert WHOLE["aws"]["key_id"] in (made.head.headers.one("authorization") or "")

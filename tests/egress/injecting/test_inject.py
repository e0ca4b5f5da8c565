"""Placeholders found in requests, and secrets put in their places."""

import base64
import json
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from injected import Session, credential, request
from ringfence.core.secrets import Secret
from ringfence.egress.injecting.inject import inject
from ringfence.egress.injecting.places import Misplaced, Place, placed
from ringfence.protocols.http import Headers, RequestHead
from vaults import WHOLE

_Request = tuple[RequestHead, bytes]
_FORM = "application/x-www-form-urlencoded"


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


PLACES: dict[str, tuple[str, str, Callable[[str], _Request]]] = {
    "bearer": ("bearer", "token", lambda text: (request(authorization=f"Bearer {text}"), b"")),
    "as gh sends it": ("bearer", "token", lambda text: (request(authorization=f"token {text}"), b"")),
    "as git sends it": ("bearer", "token", lambda text: (request(authorization=_basic("x", text)), b"")),
    "as a user": ("bearer", "token", lambda text: (request(authorization=_basic(text, "")), b"")),
    "header": ("header", "value", lambda text: (request(x_api_key=text), b"")),
    "basic": ("basic", "password", lambda text: (request(authorization=_basic("ann", text)), b"")),
    "query": ("query", "value", lambda text: (request(f"/a?b=1&key={text}&c"), b"")),
    "path": ("path", "token", lambda text: (request(f"/bot{text}/getMe?a=%20"), b"")),
    "escaped path": ("path", "token", lambda text: (request(f"/bot{text.replace(':', '%3A')}/a%2Fb"), b"")),
    "body": ("body", "value", lambda text: (request(), b'{"auth": {"token":"%s"}}' % text.encode())),
}  # fmt: skip
EXPECTED: dict[str, Callable[[str], _Request]] = {
    **{name: made for name, (_, _, made) in PLACES.items()},
    "escaped path": lambda text: (request(f"/bot{text}/a%2Fb"), b""),
    "basic": lambda text: (request(authorization=_basic("ann", text)), b""),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_secret_takes_the_place_of_its_placeholder_and_all_else_stays(name: str) -> None:
    kind, part, made = PLACES[name]
    one = credential(kind)
    session = Session(one)
    head, body = made(session.text(part))
    found = placed(head, body, session.meaning)
    assert [(each.credential, each.text) for each in found] == [("one", session.text(part))]
    assert inject(head, body, one, found) == EXPECTED[name](WHOLE[kind][part])


def test_a_basic_credential_brings_its_own_user() -> None:
    one = credential("basic")
    session = Session(one)
    head = request(authorization=_basic("somebody", session.text("password")))
    made, _ = inject(head, b"", one, placed(head, b"", session.meaning))
    assert made == request(authorization=_basic("ann", WHOLE["basic"]["password"]))


@pytest.mark.parametrize("kind", ["oauth", "github-app"])
def test_what_was_made_outside_takes_the_place_of_an_access_token(kind: str) -> None:
    one = credential(kind)
    session = Session(one)
    head = request(authorization=f"Bearer {session.text('access_token')}")
    found = placed(head, b"", session.meaning)
    made, _ = inject(head, b"", one, found, made={"access_token": Secret(b"made-outside-123")})
    assert made == request(authorization="Bearer made-outside-123")
    with pytest.raises(Misplaced):
        inject(head, b"", one, found)


def test_a_form_has_its_secret_escaped() -> None:
    one = credential("body", pointer="/token", value="a&b=c d%20é")
    session = Session(one)
    head = request(method="POST", content_type=f"{_FORM}; charset=utf-8")
    body = f"x=1&token={session.text('value').replace('~', '%7E')}&y".encode()
    found = placed(head, body, session.meaning)
    assert [each.place for each in found] == [Place.BODY]
    assert inject(head, body, one, found)[1] == b"x=1&token=a%26b%3Dc%20d%2520%C3%A9&y"


def test_a_refresh_token_is_found_in_forms_and_json_alike() -> None:
    one = credential("oauth")
    session = Session(one)
    text = session.text("refresh_token")
    form = request(method="POST", content_type=_FORM)
    for head, body in (
        (form, f"grant_type=refresh_token&refresh_token={text.replace('/', '%2F')}".encode()),
        (request(method="POST"), json.dumps({"refresh_token": text}).encode()),
    ):
        found = placed(head, body, session.meaning)
        assert [(each.place, each.meant.part) for each in found] == [(Place.BODY, "refresh_token")]
        _, made = inject(head, body, one, found)
        assert text.encode() not in made and text.replace("/", "%2F").encode() not in made


def test_requests_may_carry_placeholders_of_several_credentials() -> None:
    bearer, query = credential("bearer", name="b"), credential("query", name="q")
    session = Session(bearer, query)
    head = request(
        f"/?key={session.text('value', 'q')}", authorization=f"Bearer {session.text('token', 'b')}"
    )
    found = placed(head, b"", session.meaning)
    assert sorted(each.credential for each in found) == ["b", "q"]
    for each in (bearer, query):
        head, _ = inject(head, b"", each, found)
    secrets = WHOLE["query"]["value"], WHOLE["bearer"]["token"]
    assert head == request(f"/?key={secrets[0]}", authorization=f"Bearer {secrets[1]}")


@pytest.mark.parametrize(
    ("kind", "part", "made"),
    [
        ("bearer", "token", lambda text: request(x_api_key=text)),
        ("bearer", "token", lambda text: request(user_agent=f"me/{text}")),
        ("bearer", "token", lambda text: request(cookie=f"a={text}; b=1")),
        ("bearer", "token", lambda text: request(authorization=f"Bearer x{text}")),
        ("bearer", "token", lambda text: request(authorization=_basic("a", text + "x"))),
        ("bearer", "token", lambda text: request(f"/{text}")),
        ("bearer", "token", lambda text: request(f"/?access_token={text}")),
        ("bearer", "token", lambda text: request(f"/?{text}")),
        ("bearer", "token", lambda text: request().changed(headers=Headers(((text, "1"),)))),
        ("basic", "password", lambda text: request(authorization=_basic(text, ""))),
        ("basic", "password", lambda text: request(authorization=f"Bearer {text}")),
        ("header", "value", lambda text: request(x_api_key2=text)),
        ("header", "value", lambda text: request(authorization=f"Bearer {text}")),
        ("query", "value", lambda text: request(f"/?other={text}")),
        ("query", "value", lambda text: request(f"/?key=a{text}")),
        ("path", "token", lambda text: request(f"/bot2{text}/getMe")),
        ("path", "token", lambda text: request(f"/bot{text}2/getMe")),
        ("path", "token", lambda text: request(f"/bot{text}/{text}")),
        ("path", "token", lambda text: request(f"/a/bot{text}/getMe")),
        ("path", "token", lambda text: request(f"/?bot={text}")),
        ("oauth", "refresh_token", lambda text: request(authorization=f"Bearer {text}")),
        ("websocket", "token", lambda text: request(authorization=f"Bearer {text}")),
        ("aws", "secret_key", lambda text: request(authorization=f"Bearer {text}")),
        ("aws", "key_id", lambda text: request(authorization=f"Bearer {text}")),
        ("postgresql", "password", lambda text: request(authorization=_basic("app", text))),
        ("github-app", "access_token", lambda text: request(x_token=text)),
    ],
)
def test_a_placeholder_elsewhere_is_refused_and_not_repeated(
    kind: str, part: str, made: Callable[[str], RequestHead]
) -> None:
    session = Session(credential(kind))
    text = session.text(part)
    with pytest.raises(Misplaced) as refused:
        placed(made(text), b"", session.meaning)
    assert text not in refused.value.what + refused.value.hint
    assert "one" in refused.value.what


def test_what_programs_print_may_be_sent_to_models() -> None:
    """An environment in a prompt, even as a text of its own."""
    session = Session(credential("bearer", name="b"), credential("body", name="j"))
    texts = [session.text("token", "b"), session.text("value", "j")]
    body = json.dumps({"messages": [f"TOKEN={texts[0]}", *texts], "token": texts[0]}).encode()
    assert placed(request(method="POST"), body, session.meaning) == ()


def test_nothing_is_found_where_a_session_has_nothing() -> None:
    session = Session(credential("bearer"))
    head = request(authorization=f"Bearer {session.text('token')}")
    assert placed(head, b"", session.table.of("theirs")) == ()


@pytest.mark.parametrize(
    "body",
    [
        '{"auth": {"token": "%s"}, "again": "%s"}',
        '{"auth": {"token": "%s"}, "%s": 1}',
    ],
)
def test_a_body_in_which_a_placeholder_stands_twice_is_refused(body: str) -> None:
    one = credential("body")
    session = Session(one)
    text = session.text("value")
    data = (body % (text, text)).encode()
    found = placed(request(method="POST"), data, session.meaning)
    with pytest.raises(Misplaced):
        inject(request(method="POST"), data, one, found)


def test_a_body_with_an_escaped_placeholder_is_refused() -> None:
    one = credential("body")
    session = Session(one)
    text = session.text("value")
    data = f'{{"auth": {{"token": "\\u00{ord(text[0]):02x}{text[1:]}"}}}}'.encode()
    found = placed(request(method="POST"), data, session.meaning)
    assert [each.text for each in found] == [text]
    with pytest.raises(Misplaced):
        inject(request(method="POST"), data, one, found)


def test_a_placeholder_beside_an_escaped_one_is_not_taken_for_it() -> None:
    one = credential("body")
    session = Session(one)
    text = session.text("value")
    escaped = f"\\u00{ord(text[0]):02x}{text[1:]}"
    data = f'{{"prompt": "{text}", "auth": {{"token": "{escaped}"}}}}'.encode()
    found = placed(request(method="POST"), data, session.meaning)
    with pytest.raises(Misplaced):
        inject(request(method="POST"), data, one, found)


def test_a_credential_that_was_set_anew_elsewhere_is_not_put_in() -> None:
    session = Session(credential("header"))
    head = request(x_api_key=session.text("value"))
    found = placed(head, b"", session.meaning)
    for other in (credential("header", header="x-other"), credential("bearer")):
        with pytest.raises(Misplaced):
            inject(head, b"", other, found)


_SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=60)
_PARTS = {
    "bearer": "token",
    "header": "value",
    "basic": "password",
    "query": "value",
    "path": "token",
    "body": "value",
}


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(PLACES)), _SECRETS)
def test_no_placeholder_is_left_and_servers_read_the_secret(name: str, secret: str) -> None:
    kind, part, made = PLACES[name]
    assume(name != "as a user" or ":" not in secret)
    one = credential(kind, **{part: secret})
    session = Session(one)
    text = session.text(part)
    if kind in ("query", "path", "body"):
        written = json.dumps(text)[1:-1] if kind == "body" else quote(text, safe="")
    else:
        written = text
    head, body = made(written)
    found = placed(head, body, session.meaning)
    sent, sent_body = inject(head, body, one, found)
    assert placed(sent, sent_body, session.meaning) == ()
    assert _read(sent, sent_body, kind) == secret


def _read(head: RequestHead, body: bytes, kind: str) -> str:
    path, _, query = head.target.partition("?")
    if kind == "body":
        return json.loads(body)["auth"]["token"]
    if kind == "query":
        return dict(parse_qsl(query, keep_blank_values=True))["key"]
    if kind == "path":
        return unquote(path.split("/")[1].removeprefix("bot"))
    value = head.headers.items[0][1]
    if value.startswith("Basic "):
        user, _, password = base64.b64decode(value[6:]).decode().partition(":")
        return password or user
    return value.removeprefix("Bearer ").removeprefix("token ")

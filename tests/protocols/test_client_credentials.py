import base64
import json

import pytest

from ringfence.protocols.client_credentials import Brought, brought
from ringfence.protocols.http import Headers, RequestHead


def _found(*headers, target="/a", body=b"", method="POST"):
    made = brought(RequestHead(method=method, target=target, headers=Headers(headers)), body)
    return [(each.place, each.value) for each in made]


_BASIC = base64.b64encode(b"me:pass:word").decode()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (("Authorization", "Bearer abc"), ("header authorization", "abc")),
        (("authorization", "token  abc"), ("header authorization", "abc")),
        (("authorization", "abc"), ("header authorization", "abc")),
        (("authorization", f"Basic {_BASIC}"), ("header authorization", "pass:word")),
        (("authorization", "basic " + base64.b64encode(b"tok:").decode()), ("header authorization", "tok")),
        (("authorization", "Basic !"), ("header authorization", "!")),
        (
            ("authorization", "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/eu/s3/aws4_request, Signature=1"),
            ("header authorization", "AKIA1"),
        ),
        (("proxy-authorization", "Bearer x"), ("header proxy-authorization", "x")),
        (("x-api-key", "k"), ("header x-api-key", "k")),
        (("X_Api_Key", "k"), ("header x_api_key", "k")),
        (("api-key", "k"), ("header api-key", "k")),
        (("x-goog-api-key", "k"), ("header x-goog-api-key", "k")),
        (("PRIVATE-TOKEN", "k"), ("header private-token", "k")),
        (("x-amz-security-token", "k"), ("header x-amz-security-token", "k")),
        (("x-subscription-key", "k"), ("header x-subscription-key", "k")),
        (("x-auth", "k"), ("header x-auth", "k")),
        (("cookie", "__cf_bm=1; session=abc"), ("header cookie", "abc")),
        (
            ("sec-websocket-protocol", "realtime, openai-insecure-api-key.abc"),
            ("header sec-websocket-protocol", "abc"),
        ),
    ],
)
def test_headers_of_credentials_are_found(header, found):
    assert _found(header) == [found]


def test_other_headers_are_none():
    names = (
        "host accept sec-websocket-key idempotency-key user-agent x-csrf-token anthropic-version"
        " mcp-session-id sec-websocket-protocol x-stainless-lang x-amz-content-sha256 content-type"
    )
    assert _found(*((each, "x") for each in names.split())) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("key=abc", [("query key", "abc")]),
        ("api%5Fkey=a%2Bb", [("query apikey", "a+b")]),
        ("access_token=a&x=1", [("query accesstoken", "a")]),
        ("X-Amz-Credential=AKIA1%2F20260101%2Feu&X-Amz-Signature=0", [("query xamzcredential", "AKIA1")]),
        ("X-Goog-Credential=me%40x%2F2026&X-Goog-Signature=0", [("query xgoogcredential", "me@x")]),
        ("sv=2024&se=2026&sig=abc", [("query sig", "abc")]),
        ("AWSAccessKeyId=AK&Signature=s", [("query awsaccesskeyid", "AK"), ("query signature", "s")]),
        ("private_token=p", [("query privatetoken", "p")]),
        ("q=token&page=2&max_tokens=3&page_token=x&keyword=y&monkey=z", []),
        ("token=", []),
    ],
)
def test_parameters_of_credentials_and_signed_addresses_are_found(query, found):
    assert _found(target=f"/a?{query}") == found


def test_members_of_bodies_are_found_but_not_what_lists_hold():
    body = {
        "api_key": "a",
        "auth": {"deep": {"password": "b", "deeper": {"token": "c"}}},
        "max_tokens": 9,
        "messages": [{"token": "d"}],
        "tools": {"token": {"type": "string"}},
        "client_secret": "",
    }
    assert sorted(_found(body=json.dumps(body).encode())) == [
        ("body apikey", "a"),
        ("body auth.deep.password", "b"),
    ]


def test_forms_that_ask_for_tokens_are_found():
    form = ("content-type", "application/x-www-form-urlencoded")
    body = b"grant_type=authorization_code&code=c&client_id=i&client%5Fsecret=s&redirect_uri=u"
    assert _found(form, body=body) == [("body code", "c"), ("body clientsecret", "s")]
    assert _found(form, body=b"code=c&country=d") == []


def test_a_value_is_never_shown():
    assert "hidden" not in repr(Brought(place="p", value="hidden"))

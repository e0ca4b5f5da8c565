"""Requests signed anew, compared with published vectors and with what AWS's own library signs.

`signed_requests.json` holds requests that botocore 1.44 signed twice: with a client's key, and with the real
one. Made from the first, ours must be the second.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from injected import Session, credential
from ringfence.egress.injecting.aws import needs_body, signed
from ringfence.egress.injecting.places import Misplaced, Place, placed
from ringfence.protocols.http import Headers, RequestHead
from ringfence.vault.credential import Credential
from vaults import WHOLE

_CASES = json.loads((Path(__file__).parent / "signed_requests.json").read_text())
_NOW = datetime(2026, 11, 23, 10, 30, 45, tzinfo=UTC)
_CLIENT = "CLIENTKEYID000000000"


def _head(case: dict[str, Any], key_id: str) -> RequestHead:
    items = tuple((name, value.replace(_CLIENT, key_id)) for name, value in case["client"]["headers"])
    target = case["client"]["target"].replace(_CLIENT, key_id)
    return RequestHead(method=case["method"], target=target, headers=Headers(items))


@pytest.mark.parametrize("case", _CASES, ids=[each["name"] for each in _CASES])
def test_a_request_is_signed_as_the_library_signs_it_with_the_real_key(case: dict[str, Any]) -> None:
    one = credential("aws", service=case["service"])
    session = Session(one)
    head = _head(case, session.text("key_id"))
    body = case["body"].encode()
    found = placed(head, body, session.meaning)
    assert {each.place for each in found} == {Place.SIGNATURE}
    host = f"{case['service']}.eu-central-1.amazonaws.com"
    made = signed(head, body, one, found, authority=host, now=_NOW)
    expected = {name.lower(): value for name, value in case["real"]["headers"]}
    told = {name.lower(): value for name, value in made.headers}
    assert made.target == case["real"]["target"]
    assert told.pop("host") == host
    assert told == expected
    assert session.text("key_id") not in str(made)
    assert placed(made, body, session.meaning) == ()


_VECTORS = [
    ("GET", "/", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("GET", "/?Param2=value2&Param1=value1", {}, b"",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("POST", "/", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, b"Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
]  # fmt: skip


def _published(region: str, service: str, key_id: str, secret: str) -> Credential:
    return credential("aws", region=region, service=service, key_id=key_id, secret_key=secret)


@pytest.mark.parametrize(("method", "target", "headers", "body", "expected"), _VECTORS)
def test_the_published_vectors_come_out(
    method: str, target: str, headers: dict[str, str], body: bytes, expected: str
) -> None:
    one = _published("us-east-1", "service", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    session = Session(one)
    told = _authorization(session, "us-east-1/service", "host;x-amz-date")
    head = RequestHead(method=method, target=target, headers=Headers((*headers.items(), told)))
    moment = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    assert needs_body(head)
    made = signed(
        head, body, one, placed(head, b"", session.meaning), authority="example.amazonaws.com", now=moment
    )
    assert (made.headers.one("authorization") or "").endswith(f"Signature={expected}")


def test_the_published_request_for_a_part_of_an_object_comes_out() -> None:
    one = _published("us-east-1", "s3", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    session = Session(one)
    total = hashlib.sha256(b"").hexdigest()
    headers = (
        _authorization(session, "us-east-1/s3", "host;range;x-amz-content-sha256;x-amz-date"),
        ("Range", "bytes=0-9"),
        ("x-amz-content-sha256", total),
    )
    head = RequestHead(method="GET", target="/test.txt", headers=Headers(headers))
    assert not needs_body(head)
    moment = datetime(2013, 5, 24, tzinfo=UTC)
    made = signed(
        head,
        b"",
        one,
        placed(head, b"", session.meaning),
        authority="examplebucket.s3.amazonaws.com",
        now=moment,
    )
    assert made.headers.one("authorization") == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def _authorization(
    session: Session, scope: str, names: str, algorithm: str = "AWS4-HMAC-SHA256"
) -> tuple[str, str]:
    where = f"{session.text('key_id')}/20261123/{scope}/aws4_request"
    return "Authorization", f"{algorithm} Credential={where}, SignedHeaders={names}, Signature=00"


@pytest.mark.parametrize(
    ("scope", "algorithm", "total"),
    [
        ("us-east-1/s3", "AWS4-HMAC-SHA256", "UNSIGNED-PAYLOAD"),
        ("eu-central-1/iam", "AWS4-HMAC-SHA256", "UNSIGNED-PAYLOAD"),
        ("eu-central-1/s3", "AWS4-ECDSA-P256-SHA256", "UNSIGNED-PAYLOAD"),
        ("eu-central-1/s3", "AWS4-HMAC-SHA256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("eu-central-1/s3", "AWS4-HMAC-SHA256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
    ],
)
def test_what_cannot_be_signed_anew_is_refused(scope: str, algorithm: str, total: str) -> None:
    one = credential("aws")
    session = Session(one)
    told = _authorization(session, scope, "host", algorithm)
    head = RequestHead(method="PUT", target="/", headers=Headers((told, ("x-amz-content-sha256", total))))
    found = placed(head, b"", session.meaning)
    with pytest.raises(Misplaced) as refused:
        signed(head, b"", one, found, authority="s3.amazonaws.com", now=_NOW)
    assert WHOLE["aws"]["secret_key"] not in refused.value.what + refused.value.hint


def test_what_only_the_clients_own_key_had_is_dropped() -> None:
    one = credential("aws")
    session = Session(one)
    told = _authorization(session, "eu-central-1/s3", "host;x-amz-security-token")
    items = (told, ("X-Amz-Security-Token", "of-the-client"), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"))
    head = RequestHead(method="GET", target="/", headers=Headers(items))
    found = placed(head, b"", session.meaning)
    made = signed(head, b"", one, found, authority="s3.amazonaws.com", now=_NOW)
    assert made.headers.one("x-amz-security-token") is None
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date," in (made.headers.one("authorization") or "")


def test_a_request_that_nobody_signed_stays() -> None:
    head = RequestHead(method="GET", target="/public", headers=Headers())
    assert signed(head, b"", credential("aws"), (), authority="s3.amazonaws.com", now=_NOW) is head

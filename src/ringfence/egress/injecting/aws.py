"""AWS Signature Version 4: a request signed anew, with the key that the client's key id stands for.

What the client signed with its placeholders is dropped: `Authorization`, the parameters of a presigned
address, dates, session tokens. The headers that it signed are signed again, and those that must be. How it
hashed the body is kept: its own sum, `UNSIGNED-PAYLOAD`, or a stream whose chunks are not signed. A stream
whose chunks are signed has become a body that is not (`aws_streams`) before it comes here.

Source: AWS's pages on Signature Version 4, "Create a signed AWS API request" and "Authenticating requests"
of Amazon S3.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote, unquote

from ringfence.egress.injecting.addresses import parameters, without_parameters
from ringfence.egress.injecting.places import Misplaced, Place, Placed
from ringfence.protocols.http import Headers, RequestHead
from ringfence.vault.credential import Credential
from ringfence.vault.kinds import AwsSigV4

__all__ = ["needs_body", "signed"]

_ALGORITHM = "AWS4-HMAC-SHA256"
_SUM_HEADER = "x-amz-content-sha256"
_SUM = re.compile(r"[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-UNSIGNED-PAYLOAD-TRAILER")
_OF_ADDRESS = frozenset(
    {
        *("x-amz-algorithm", "x-amz-content-sha256", "x-amz-credential", "x-amz-date", "x-amz-expires"),
        *("x-amz-security-token", "x-amz-signature", "x-amz-signedheaders"),
    }
)
_ALWAYS = frozenset({"content-type", "content-md5", "host"})
# What is changed on the way, or says how a connection is used.
_NEVER = frozenset(
    {
        *("accept-encoding", "authorization", "connection", "content-length", "date", "expect", "keep-alive"),
        *("proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "via"),
        "x-amzn-trace-id",
    }
)


def needs_body(head: RequestHead) -> bool:
    """Whether the request is signed over its body, which is then needed as a whole."""
    return not head.headers.all(_SUM_HEADER) and not _is_presigned(head)


def signed(
    head: RequestHead,
    body: bytes,
    credential: Credential,
    placed: Iterable[Placed],
    *,
    authority: str,
    now: datetime,
) -> RequestHead:
    """The request with a signature of this credential; as it is, where no placeholder of it signed it.

    `authority` is the host, with its port where that is not 443, as the `Host` header that is sent has it.

    Raises:
        Misplaced: it is signed in another way, or for another region or service than the credential is for.
    """
    mine = [each for each in placed if each.credential == credential.name and each.place is Place.SIGNATURE]
    of = credential.authentication
    if not mine or not isinstance(of, AwsSigV4):
        return head
    wanted = _signed_before(head, credential, of)
    total = _sum(head, body, of)
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    bare = head.headers.without("authorization", "host", "x-amz-date", "x-amz-security-token", _SUM_HEADER)
    kept = [("host", authority), *bare, ("x-amz-date", moment)]
    if of.service == "s3" or head.headers.all(_SUM_HEADER):
        kept.append((_SUM_HEADER, total))
    target = without_parameters(head.target, _OF_ADDRESS)
    scope = f"{moment[:8]}/{of.region}/{of.service}/aws4_request"
    names, lines = _headers(kept, wanted)
    path, _, query = target.partition("?")
    asked = "\n".join([head.method, _path(path, of.service), _query(query), lines, names, total])
    to_sign = "\n".join([_ALGORITHM, moment, scope, hashlib.sha256(asked.encode("latin-1")).hexdigest()])
    signature = hmac.new(_key(of, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    told = f"{_ALGORITHM} Credential={of.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return head.changed(target=target, headers=Headers((*kept, ("Authorization", told))))


def _signed_before(head: RequestHead, credential: Credential, of: AwsSigV4) -> frozenset[str]:
    """The headers that the client signed, when it signed in this way and for what the credential is for."""
    if _is_presigned(head):
        told = {name.lower(): value for name, value in parameters(head.target.partition("?")[2])}
        algorithm, scope = told.get("x-amz-algorithm", ""), told.get("x-amz-credential", "")
        names = told.get("x-amz-signedheaders", "")
    else:
        algorithm, _, rest = (head.headers.one("authorization") or "").strip().partition(" ")
        members = dict(each.strip().partition("=")[::2] for each in rest.split(","))
        scope, names = members.get("Credential", ""), members.get("SignedHeaders", "")
    if algorithm != _ALGORITHM:
        raise Misplaced(
            f"a request is not signed with {_ALGORITHM}, the one way that {credential.name} is used for",
            hint="set the client to Signature Version 4: AWS_AUTH_SCHEME_PREFERENCE=sigv4",
        )
    if scope.split("/")[2:] != [of.region, of.service, "aws4_request"]:
        raise Misplaced(
            f"a request is signed for another region or service than {credential.name} is for",
            hint=f"it is for {of.service} in {of.region}: set AWS_REGION, or keep another credential",
        )
    return frozenset(names.lower().split(";"))


def _is_presigned(head: RequestHead) -> bool:
    query = head.target.partition("?")[2]
    return any(name.lower() == "x-amz-signature" for name, _value in parameters(query))


def _sum(head: RequestHead, body: bytes, of: AwsSigV4) -> str:
    told = head.headers.one(_SUM_HEADER)
    if told is None:
        if of.service == "s3" and _is_presigned(head):
            return "UNSIGNED-PAYLOAD"
        return hashlib.sha256(body).hexdigest()
    if not _SUM.fullmatch(told):
        raise Misplaced(
            "the chunks of a body are signed, each with what a box has instead of the key",
            hint="have the client send it without: over HTTPS most do, or set payload signing off",
        )
    return told


def _headers(kept: list[tuple[str, str]], wanted: frozenset[str]) -> tuple[str, str]:
    """Names and lines of those that are signed, as the canonical request has them."""
    found = dict[str, list[str]]()
    for name, value in kept:
        key = name.lower()
        if key in _NEVER or not (key in _ALWAYS or key in wanted or key.startswith("x-amz-")):
            continue
        found.setdefault(key, []).append(" ".join(value.split()))
    names = sorted(found)
    return ";".join(names), "".join(f"{name}:{','.join(found[name])}\n" for name in names)


def _path(path: str, service: str) -> str:
    return path if service == "s3" else quote(path or "/", safe="/-_.~")


def _query(query: str) -> str:
    """Sorted, each written in the one way."""
    pairs = (each.partition("=") for each in query.split("&") if each)
    return "&".join(
        f"{name}={value}" for name, value in sorted((_once(name), _once(value)) for name, _, value in pairs)
    )


def _once(text: str) -> str:
    return quote(unquote(text, "latin-1"), safe="-_.~", encoding="latin-1")


def _key(of: AwsSigV4, scope: str) -> bytes:
    key = b"AWS4" + of.secret_key.reveal()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key

"""A request as it goes out on the sealed leg: framed anew, for its host, with secrets in.

What the proxy says of a body's length is held: a host reads as many bytes as the head promises, and what came
behind them would be a request that nobody decided.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field, replace
from datetime import datetime

from ringfence.core.actions import HttpRequest
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.bodies import RequestBody, TooLong
from ringfence.egress.broker.dialing import Redeems
from ringfence.egress.broker.session import Session
from ringfence.egress.injecting.aws import needs_body
from ringfence.egress.injecting.aws_streams import is_signed_stream, without_chunks
from ringfence.egress.injecting.bodies import is_form
from ringfence.egress.injecting.places import Misplaced, Place, Placed, placed
from ringfence.egress.injecting.tokens import Tokens
from ringfence.egress.injecting.whole import with_secrets
from ringfence.egress.messages import Ask
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.http1 import asking_for_trailers, asks_for_trailers, end_to_end, write_head
from ringfence.vault.credential import Credential
from ringfence.vault.meanings import Meanings

__all__ = ["Prepared", "Release", "prepared", "written"]

_OWN = (
    *("host", "content-length", "expect", "accept-encoding", "connection", "sec-websocket-extensions"),
    "grpc-accept-encoding",  # as `accept-encoding`: what nobody reads cannot be scrubbed
)
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110, 9.2.2

Release = Callable[[tuple[Placed, ...]], Awaitable[Mapping[str, Credential]]]
"""Decides and releases the credentials that are placed. Raises RefusedAfterAll or a RingfenceError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is sent. It is not shown: there may be a secret in it."""

    head: RequestHead = field(repr=False)
    length: int | None  # of the body; None: it is sent in chunks
    body: bytes | None = field(repr=False)  # as its client sent it; None: it was not read
    is_repeatable: bool  # sending it twice does no more than once, and all of it is here
    used: tuple[Placed, ...]
    credentials: Mapping[str, Credential] = field(repr=False)


async def prepared(
    ask: Ask,
    body: RequestBody,
    session: Session,
    meaning: Meanings,
    *,
    authority: str,
    check: Callable[[RequestHead, bytes], None],
    release: Release,
    tokens: Tokens,
    now: Callable[[], datetime],
    is_read: bool = False,
) -> Prepared:
    """The request, and the body to be sent in `body`. `is_read`: it is needed whatever it is.

    Raises:
        BadHttp: it cannot be written.
        BadMessage: the proxy broke off.
        RingfenceError, RefusedAfterAll: a credential is not for it.
    """
    head = ask.head.changed(headers=_headers(ask.head, authority))
    if is_signed_stream(head) and any(each.place is Place.SIGNATURE for each in placed(head, b"", meaning)):
        head, length = without_chunks(head)
        ask = replace(ask, length=length)
        body.take_out_of_chunks()
    whole = asked = await _whole(head, body, meaning.kinds, is_read=is_read)
    if whole:
        check(head, whole)
    found = placed(head, whole or b"", meaning)
    if whole is None and any(each.place is Place.SIGNATURE for each in found) and needs_body(head):
        raise Misplaced(
            "a request is signed over a body that is too long to be signed again",
            hint=f"up to {LIMITS.injected_body_bytes} bytes are; or send x-amz-content-sha256",
        )
    credentials = await release(found) if found else {}
    if found or session.secrets.longest:
        head = head.changed(headers=head.headers.without("range", "if-range"))
    for credential in credentials.values():
        made = await with_secrets(
            head,
            whole or b"",
            credential,
            found,
            given=session.given.get(credential.name, {}),
            authority=authority,
            now=now(),
            tokens=tokens,
        )
        session.released(made.secrets)
        head = made.head
        if whole is not None:
            whole = made.body
            body.put_back(whole)
    return Prepared(
        head=_framed(head, ask, whole),
        length=_length(ask, whole),
        body=asked,
        is_repeatable=ask.is_whole and head.method in _REPEATABLE,
        used=found,
        credentials=credentials,
    )


def written(
    receipt: Receipt[HttpRequest], asked: RequestHead, sent: RequestHead, *, host: str, seals: Redeems
) -> bytes:
    """The head as bytes, of a request that was decided: `asked` is what was, `sent` the same with secrets in.

    Raises:
        ReceiptRefused: nothing proves that it was decided, or it was sent before.
        BadHttp: it is another one, or cannot be written.
    """
    action = seals.redeem(receipt, HttpRequest)
    path = asked.target.partition("?")[0]
    if (action.host, action.method, action.path) != (host, asked.method, path) or sent.method != asked.method:
        raise BadHttp("this is not the request that was decided")
    return write_head(replace(sent, version="1.1"))


def _headers(head: RequestHead, authority: str) -> Headers:
    kept = end_to_end(head.headers, upgrade=True).without(*_OWN)
    made = [("Host", authority), *kept, ("Accept-Encoding", "identity")]
    if head.headers.all("upgrade"):
        made.append(("Connection", "Upgrade"))
    headers = Headers(tuple(made))
    return asking_for_trailers(headers) if asks_for_trailers(head.headers) else headers


async def _whole(
    head: RequestHead, body: RequestBody, kinds: frozenset[str], *, is_read: bool
) -> bytes | None:
    """The body, where it may be needed as a whole and is not too long; None where it is passed on unread."""
    if body.is_over:
        return await body.whole(LIMITS.channel_bytes)
    told = (head.headers.one("content-type") or "").partition(";")[0].strip().lower()
    may_hold = kinds and (is_form(head) or told == "application/json" or told.endswith("+json"))
    if not is_read and not may_hold and not ("aws" in kinds and needs_body(head)):
        return None
    try:
        return await body.whole(LIMITS.injected_body_bytes)
    except TooLong:
        return None


def _length(ask: Ask, whole: bytes | None) -> int | None:
    if whole is not None:
        return len(whole)
    return ask.length


def _framed(head: RequestHead, ask: Ask, whole: bytes | None) -> RequestHead:
    length = _length(ask, whole)
    if length is None:
        return head.changed(headers=head.headers.having("Transfer-Encoding", "chunked"))
    if length or ask.length is not None or head.method in ("POST", "PUT", "PATCH"):
        return head.changed(headers=head.headers.having("Content-Length", str(length)))
    return head

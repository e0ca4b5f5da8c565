"""Requests to token servers that the broker makes for credentials, outside of every box and session.

Where they go the credential's own record says, which an operator has made. No redirect is followed.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.dialing import Dialer, Way
from ringfence.egress.broker.upstream import BrokenOff, Trust, opened
from ringfence.egress.injecting.tokens import Answer, NoToken, TokenRequest
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.http1 import write_head

__all__ = ["fetching"]


def fetching(
    dialer: Dialer, trust: Trust, way_of: Callable[[str, int], Awaitable[Way]]
) -> Callable[[TokenRequest], Awaitable[Answer]]:
    """What sends such a request. `way_of` says where a host and port are reached."""

    async def fetch(request: TokenRequest) -> Answer:
        parts = urlsplit(request.url)
        host, port = parts.hostname or "", parts.port or 443
        if parts.scheme != "https":
            raise NoToken(f"tokens are got over https, and not from {host}", hint="set the credential anew")
        try:
            way = await way_of(host, port)
            upstream = await opened(await dialer.where_named(way), way, tls=way.tls, trust=trust)
            try:
                shown = host if port == 443 else f"{host}:{port}"
                headers = (("Host", shown), *request.headers, ("Content-Length", str(len(request.body))))
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                head = RequestHead(method="POST", target=target, headers=Headers(headers))
                await upstream.send(write_head(head) + request.body)
                answer, _ = await upstream.head("POST")
                body = bytearray()
                while piece := await upstream.read():
                    body += piece
                    if len(body) > LIMITS.token_answer_bytes:
                        raise NoToken("a token server's answer is too long", hint="is it a token server?")
                return Answer(status=answer.status, body=bytes(body))
            finally:
                upstream.close()
        except NoToken:
            raise
        except (RingfenceError, BrokenOff, BadHttp) as error:
            raise NoToken(f"{host}: {error}", hint="is the token server reached from here?") from None

    return fetch

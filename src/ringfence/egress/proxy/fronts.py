"""Which host a request is for: SNI, CONNECT, Host and the target must all say the same."""

from ringfence.core.dataclass import dataclass
from ringfence.egress.proxy.roads import Road
from ringfence.egress.proxy.sessions import Place
from ringfence.protocols.http import BadHttp, Headers, RequestHead
from ringfence.protocols.http1 import asking_for_trailers, asks_for_trailers, end_to_end
from ringfence.protocols.targets import DEFAULT_PORTS, absolute_target, authority, canonical_target
from ringfence.protocols.websocket import wanted_key

__all__ = ["LOCAL", "LOOPBACK", "Front", "Mismatch", "asked_of"]

LOCAL, LOOPBACK = "localhost", frozenset({"127.0.0.1", "::1"})


class Mismatch(Exception):
    """Two of them differ. `host` is the one that the connection is for."""

    def __init__(self, host: str, what: str) -> None:
        super().__init__(what)
        self.host = host


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What is known of a connection before its requests are read."""

    tls: bool
    is_proxy: bool = False  # programs ask for any host here
    host: str | None = None  # by SNI or CONNECT; None: each request says
    default_host: str | None = None  # where a request names none: what was dialled
    port: int | None = None  # None: each request says
    is_own: bool = False  # the box's loopback was dialled: whatever that is called is `localhost`
    road: Road | None = None  # where the connection leads already


def asked_of(head: RequestHead, front: Front) -> tuple[Place, RequestHead]:
    """Where a request goes, and the request as it is judged and sent: canonical, from end to end.

    Raises:
        BadHttp: it can be read in two ways.
        Mismatch: it says two hosts, or another one than its connection.
    """
    host, port_said, target = _named(head, front)
    if front.is_own and host in LOOPBACK:
        host = LOCAL
    if front.host is not None and host != front.host:
        raise Mismatch(front.host, "the request is for another host than its connection")
    default = DEFAULT_PORTS["https" if front.tls else "http"]
    port = front.port or port_said or default
    if port_said not in (None, port):
        raise Mismatch(host, "the request is for another port than its connection")
    place = Place(host=host, port=port, tls=front.tls)
    headers = _headers(head)
    text = f"[{host}]" if ":" in host else host
    said = text if port_said in (None, default) else f"{text}:{port_said}"
    if headers.one("host") != said:
        headers = headers.having("Host", said)
    return place, head.changed(target=str(canonical_target(target)), headers=headers)


def _named(head: RequestHead, front: Front) -> tuple[str, int | None, str]:
    """Host, port where one is named, and target in origin form."""
    said = head.headers.one("host")
    named = authority(said) if said else None
    if head.target[0] in "/*":
        if front.is_proxy:
            raise BadHttp("a request to a proxy that names no host")
        if named is None:
            host = front.host or front.default_host
            if host is None:
                raise BadHttp("a request that names no host")
            return host, None, head.target
        return *named, head.target
    scheme, host, port, target = absolute_target(head.target)
    if scheme != ("https" if front.tls else "http"):
        raise BadHttp("a request for https over a connection without TLS, or the other way round")
    if named is not None and (named[0], named[1] or DEFAULT_PORTS[scheme]) != (host, port):
        raise Mismatch(host, "the target and Host name different hosts")
    return host, port, target


def _headers(head: RequestHead) -> Headers:
    """Those from end to end. `expect` is answered here.

    What a program would change to is dropped, so that it goes on as it is (h2c), but for WebSocket; of that
    the extensions are, so that its messages can be read.
    """
    headers = head.headers
    wanted = headers.listed("upgrade")
    if not ("websocket" in wanted and "upgrade" in headers.listed("connection")):
        asks = asks_for_trailers(headers)
        headers = end_to_end(headers)
        headers = headers.without("expect") if headers.all("expect") else headers
        return asking_for_trailers(headers) if asks else headers
    wanted_key(head)
    return end_to_end(headers, upgrade=True).without("expect", "sec-websocket-extensions")

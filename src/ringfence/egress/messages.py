"""What proxy and broker say to each other: the proxy asks and tells, the broker answers and takes back.

Each is one JSON document with the message's name, a number that ties an answer to its question, and the
fields as they stand here; descriptors come along beside it. The broker believes nothing of it but what the
proxy could do anyway with the descriptors that it has: it reads heads and bodies itself.

What a daemon asks of both stands at the end.
"""

from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.registries import Registry
from ringfence.protocols.http import RequestHead

__all__ = [
    "Arrive",
    "Ask",
    "CloseSession",
    "Dial",
    "Dialled",
    "Done",
    "Gone",
    "Leg",
    "Manner",
    "NewProxy",
    "OpenSession",
    "Proceed",
    "Refused",
    "Revoke",
    "Serve",
    "Serving",
    "SessionOpened",
    "SocketKind",
    "Tell",
    "Trouble",
    "Unsent",
    "Watch",
    "Welcome",
    "Went",
]


class Manner(StrEnum):
    """How a refusal looks to the program that is refused."""

    HONEST = "honest"  # a 403 that says why and what would help
    FAILURE = "failure"  # as if nobody could be reached
    EMPTY = "empty"  # 204, an empty answer


class Leg(StrEnum):
    """Who talks with the host out there."""

    PLAIN = "plain"  # the proxy, over a descriptor from `Dial`; only for hosts that are granted as a whole
    SEALED = "sealed"  # the broker, over the descriptor that comes with `Proceed`; see `sealed`


class Trouble(StrEnum):
    """What no policy is asked about, because it is refused in any case; recorded as `egress.refused`."""

    MALFORMED = "malformed"  # what no client sends, or can be read in two ways
    MISMATCH = "mismatch"  # SNI, CONNECT, Host and :authority are not the same
    FOREIGN_CREDENTIAL = "foreign credential"  # the client brings one to a host that the vault serves
    MISPLACED = "misplaced placeholder"  # of another session, host, path, method or place
    ADDRESS = "address"  # private, link-local, metadata …
    PROTOCOL = "protocol"  # h2c, QUIC, an upgrade to something else
    BUDGET = "budget"  # more connections, requests or bytes than are granted
    LATE = "late"  # it had been sent when it turned out that it may not be, any more
    UPSTREAM = "upstream"  # not found, not reached, its certificate is not good, it broke off
    OVERSIZED = "oversized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrive:
    """A program in a box has connected. Answered with `Welcome` or `Refused`."""

    session: str
    host: str  # lower case, no dot at the end; an address where the program named none
    port: int
    tls: bool
    source: tuple[str, int]  # address and port of the program's end, by which the broker finds the program
    destination: tuple[str, int]  # what it dialled
    raw: bool = False  # nothing that is understood: granted as such, or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """A descriptor comes along, connected; with `tls` the proxy begins TLS on it and checks the name."""

    tls: bool
    server_name: str
    ca_pem: str | None = None  # the authorities to trust; None: the system's


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The connection may stay. With `raw` or `dialled` a descriptor comes along, connected to the host."""

    connection: int
    raw: bool = False
    postgresql: bool = False  # its start-up is read by the broker: if its client wants TLS, that ends here
    ahead: bool = False  # it may be dialled before anything is asked: no request there changes anything
    told: bool = False  # requests there that only read are told of, not asked about: see `Went`
    dialled: Dialled | None = None  # with `ahead`, where it took no time: as `Dial` is answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request on a connection. Answered with `Proceed` or `Refused`."""

    connection: int
    head: RequestHead  # its target in canonical origin form; without hop-by-hop headers but `upgrade`
    body: bytes = b""  # its beginning, as long as `interpreting.needs_body` asks for
    is_whole: bool = True  # that is all of the body
    length: int | None = None  # what content-length says; None: chunked, or no body


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """A request that only reads is sent, on the plain leg, where that need only be told. Not answered.

    It is recorded like one that was asked about. Where it may not be any more, the connection is revoked.
    """

    connection: int
    head: RequestHead  # see `Ask`


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceed:
    """The request may go. SEALED: a descriptor of a stream comes along, on which the exchange happens."""

    exchange: int
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A connection of the plain leg is wanted for an accepted one. Answered with `Dialled` or `Refused`."""

    connection: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An exchange is over. Not answered."""

    exchange: int
    sent: int = 0  # bytes of bodies
    received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A connection is over, with all its exchanges. Not answered."""

    connection: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Something was refused that the broker could not see. Not answered."""

    session: str
    trouble: Trouble
    host: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A request of a program to where it may not connect. Answered with `Refused`, once it is recorded."""

    session: str
    host: str
    port: int
    method: str
    target: str  # in canonical origin form


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It may not be, and why. `hint` says what would help, as a person would read it."""

    what: str
    hint: str
    manner: Manner = Manner.HONEST
    status: int = 403  # 403 refused, 400 malformed, 502 not reached, 504 too slow, 429 too many, 421 mismatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """What was granted is no more: a policy changed, or the session has read something. Not answered.

    The proxy ends it at once: an exchange, or where that is None the whole connection.
    """

    connection: int
    exchange: int | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """To the broker: a session begins, or goes on with what `SessionOpened` said of it before.

    Descriptors: none. Answered with `SessionOpened`, or `Refused`.
    """

    session: str
    agent: str
    folder: str  # where its command starts; the working tree's policy is found from there
    state: str = ""  # of an earlier `SessionOpened`, when this broker stands in for another one
    registries: tuple[Registry, ...] = ()  # of packages, that the user's machine is set to
    learns: bool = False  # what is refused is recorded as far as it is known


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    """What the box of a session is given."""

    environment: tuple[tuple[str, str], ...]  # variables with placeholders
    ports: tuple[int, ...]  # beside 80 and 443, those that the policy names
    hosts: int  # patterns of hosts that the policy grants
    credentials: tuple[str, ...]  # names of those that may be used
    files: tuple[tuple[str, str], ...] = ()  # of logins, below its home: path, content with placeholders
    told: tuple[str, ...] = ()  # what its user should know
    state: str  # JSON, for whoever opens it again: whose placeholders stand for what, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """To the broker: a NETLINK_SOCK_DIAG socket of the session's network comes along. Not answered."""

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession:
    """To broker and proxy: the session is over; all that it has open ends. Not answered."""

    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProxy:
    """To the broker: a session's proxy, in the place of one before; a socket to it comes along. Not answered.

    What it asks and tells is heard for that session alone.
    """

    session: str


class SocketKind(StrEnum):
    """What a socket of a box's network is for."""

    PROXY = "proxy"  # programs that heed proxy variables: CONNECT and absolute targets
    ANY = "any"  # programs that do not: every address, at the port that it listens at
    REDIRECTED = "redirected"  # the same, every port; SO_ORIGINAL_DST says which
    DNS_UDP = "dns-udp"
    DNS_TCP = "dns-tcp"
    DIAG = "diag"  # never given to the proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """To the proxy: a session's sockets come along, in the order of `sockets`. Answered with `Serving`."""

    session: str
    certificate_pem: str
    key_pem: str  # of the session's own authority, which nobody but its box trusts
    sockets: tuple[SocketKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """From now on the session's programs are answered."""

    session: str

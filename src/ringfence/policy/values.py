"""What a policy says that is no rule: how long records are kept, who approves, what single agents have."""

from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from ringfence.core.dataclass import dataclass, field
from ringfence.core.decisions import Place
from ringfence.core.labels import Integrity, Sensitivity
from ringfence.policy.rule import Tier

__all__ = [
    "BOUNDS",
    "EGRESS_BOUNDS",
    "Approver",
    "Bound",
    "BreakGlass",
    "ConnectTo",
    "Egress",
    "Handed",
    "Hold",
    "Home",
    "Keep",
    "Network",
    "Operators",
    "Origin",
    "Private",
    "Profile",
    "ProxyAddress",
    "Published",
    "Rate",
    "Recording",
    "Registries",
    "Retention",
    "Sandbox",
    "Switch",
    "UpstreamProxy",
    "Webhook",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long events of these types are kept. Of several that fit, the first holds."""

    types: str  # glob
    days: int
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Events that nobody may prune, whatever their age."""

    streams: str  # glob
    types: str  # glob
    until: datetime | None  # UTC, the first moment it holds no more; None: no end
    why: str
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Events that nothing here fits are kept for ever."""

    events: tuple[Keep, ...] = ()
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who may approve what, and how much at a time. Rules on grant.give say the same."""

    who: tuple[str, ...]  # globs on an operator's name; `group:NAME` is a group's
    what: tuple[str, ...]  # globs on types of actions
    uses: int | None  # of one grant at most; None: as many as one likes
    lasts_s: int | None  # at most; None: no end
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """Who may pass everything in an emergency, on the record, and for how long."""

    who: tuple[str, ...]
    lasts_s: int
    at: Place


Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Who is told by HTTPS that questions wait. Path and parameters may be a secret of the receiver's."""

    host: str  # a name or an address, canonical
    port: int
    target: str = field(repr=False)  # path and parameters
    secret: str | None  # path of a file with the key of signatures; `~/` is the user's home
    private: tuple[Network, ...]
    ca: str | None  # path of a file with the authorities to trust, PEM; None: the system's
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """Who has a say beside the rules, and who is told."""

    approve: tuple[Approver, ...] = ()
    four_eyes: tuple[str, ...] = ()  # globs on types of actions that nobody approves for themselves
    break_glass: tuple[BreakGlass, ...] = ()
    desktop: "Switch | None" = None  # whether it shows questions; None: nothing is said
    webhooks: tuple[Webhook, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The most that something may be, from 1 on."""

    amount: int
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Whether something is so."""

    is_on: bool
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """Variables of the user's environment that are handed in."""

    names: str  # glob
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A port of the box that the machine's own loopback leads to."""

    port: int  # in the box, at its loopback
    host_port: int  # of the machine's loopback
    at: Place


class Home(StrEnum):
    """Whose an agent's home is."""

    KEPT = "kept"  # from run to run, for each agent and working tree
    NEW = "new"  # each session has its own


class Recording(StrEnum):
    """Whether something is recorded."""

    RECORDED = "recorded"
    UNRECORDED = "unrecorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """What an agent's box may use, as one profile says it. None: it says nothing."""

    memory_bytes: Bound | None = None
    processes: Bound | None = None
    open_files: Bound | None = None  # of one process
    file_bytes: Bound | None = None  # of one file
    cpu_s: Bound | None = None  # of one process
    wall_s: Bound | None = None  # of the box
    debug: Switch | None = None  # it may trace its own children
    environment: tuple[Handed, ...] | None = None
    keeps_home: Switch | None = None  # from run to run
    hides_starts: Switch | None = None  # of programs in it: they are not recorded
    publish: tuple[Published, ...] = ()


BOUNDS = {
    "memory_bytes": "memory",
    "processes": "processes",
    "open_files": "open_files",
    "file_bytes": "file_size",
    "cpu_s": "cpu",
    "wall_s": "wall",
}
"""Fields of the value that are bounds, each with its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectTo:
    """Where connections to a host go instead. It is still that host that is asked for, and judged."""

    host: str  # glob
    port: int | None  # None: whichever
    to_host: str  # a name or an address, canonical
    to_port: int | None  # None: the port that is asked for
    tls: bool | None  # None: as the program asks for it
    ca: str | None  # path of a file with the authorities to trust, PEM; None: the system's
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """Addresses that a host may have although nobody outside reaches them."""

    host: str  # glob
    addresses: tuple[Network, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAddress:
    """Where a proxy is."""

    host: str  # a name or an address, canonical
    port: int
    tls: bool  # spoken to it
    is_socks: bool = False  # SOCKS 5, and no HTTP

    def __str__(self) -> str:
        if self.is_socks:
            return f"socks5://{self.host}:{self.port}"
        return f"http{'s' * self.tls}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamProxy:
    """A proxy that connections to hosts go through."""

    host: str  # glob
    proxy: ProxyAddress | None  # None: `pac` says
    pac: str | None  # path or address (http, https) of a script of automatic configuration
    credential: str | None  # name of a login for it
    ca: str | None  # path of a file with authorities to trust beside the system's, PEM
    direct_hosts: tuple[str, ...]  # globs: reached without it
    direct: tuple[Network, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What answers of a host are worth, and whom a leak of them would hurt."""

    host: str  # glob
    integrity: Integrity
    sensitivity: Sensitivity
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most so many within each of a time."""

    amount: int
    per: str  # minute, hour, day, session
    at: Place


class Registries(StrEnum):
    """What an agent may do with the registries that this machine's package managers are set to."""

    READ = "read"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """An agent's way out, as one profile says it."""

    connect_to: tuple[ConnectTo, ...] = ()  # of several that fit the first holds
    private: tuple[Private, ...] = ()
    upstream: tuple[UpstreamProxy, ...] = ()  # of several that fit the first holds
    origins: tuple[Origin, ...] = ()  # of several that fit the first holds
    requests: tuple[Rate, ...] = ()
    connections: Bound | None = None  # of a session at one time
    sent_bytes: Bound | None = None  # of a session
    received_bytes: Bound | None = None  # of a session
    registries: Registries | None = None
    built_in: bool | None = None  # what is built in of the agent counts beside hosts that documents name


EGRESS_BOUNDS = {"connections": "connections", "sent_bytes": "sent", "received_bytes": "received"}
"""Fields of the value that are bounds, each with its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An agent that somebody answers for."""

    agent: str  # glob on the agent's name
    owner: str | None
    approved_until: datetime | None  # UTC, the first moment it is approved no more
    at: Place
    tier: Tier
    sandbox: Sandbox = Sandbox()
    egress: Egress = Egress()

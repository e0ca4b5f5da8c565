"""What a box will be, as values: made from policy and machine, explained, then applied. Nothing here acts.

Paths are text as `os.fsdecode` gives it. Those of the host and those within are told apart by name: `source`
is the host's, `target` is within. Most are the same on both sides, so that what a program says of a path
holds.
"""

from enum import StrEnum

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Place

__all__ = [
    "DEGRADABLE",
    "Command",
    "Identity",
    "Layer",
    "Limits",
    "Mount",
    "MountKind",
    "Network",
    "Plan",
    "PublishedPort",
    "SocketKind",
    "Why",
]


class Layer(StrEnum):
    """What holds a command in. Each is proved before the command starts."""

    USER_NAMESPACE = "user namespace"
    MOUNT_NAMESPACE = "mount namespace"
    PID_NAMESPACE = "process namespace"
    NETWORK_NAMESPACE = "network namespace"
    IPC_NAMESPACE = "IPC namespace"
    UTS_NAMESPACE = "host name namespace"
    CGROUP_NAMESPACE = "cgroup namespace"
    ROOT = "private root"
    LIMITS = "limits"
    CAPABILITIES = "no capabilities"
    NO_NEW_PRIVILEGES = "no new privileges"
    LANDLOCK = "Landlock"
    SECCOMP = "system call filter"


DEGRADABLE = frozenset({Layer.CGROUP_NAMESPACE, Layer.LANDLOCK})
"""What `--allow-degraded` lets a box go without; the rest is the box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why something is in a plan."""

    text: str  # "toolchain", "working tree", "files.read of profile make"
    place: Place | None = None  # the policy's line; None: what every box has


class MountKind(StrEnum):
    """What stands at a target."""

    READ = "read-only"  # source, nobody writes through it
    WRITE = "read-write"  # source
    MEMORY = "memory"  # an empty folder of its own, gone afterwards
    EMPTY_FILE = "empty file"  # instead of what is there, read-only
    EMPTY_FOLDER = "empty folder"  # instead of what is there, read-only
    FILE = "file"  # `content`, read-only
    SYMLINK = "symbolic link"  # to `source`, a path within; made where nothing is
    LINK_OVER = "link over"  # a symbolic link to `source`, a path within, over a file that is there
    PROC = "proc"
    DEVICES = "devices"  # null zero full random urandom tty, pts, shm, fd, stdin …


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One of the places of the box. Later ones stand over earlier ones."""

    target: str  # absolute, no `.` or `..`
    kind: MountKind
    why: Why
    source: str | None = None
    content: bytes = b""
    size_bytes: int | None = None  # of MEMORY: at most
    mode: int = 0o755  # of MEMORY and FILE
    runs: bool = True  # programs in it may be started
    is_user_s: bool = False  # started as root, its owner within is the command's identity (an idmapped mount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the command is: one user and group of the host, never 0, and their numbers within."""

    host_uid: int
    host_gid: int
    uid: int
    gid: int
    name: str
    owner_uid: int  # whose files the mounts that are the user's show as the command's own
    owner_gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a box may use. None: no more than the machine's own limit."""

    memory_bytes: int | None = None  # of all its processes where a cgroup can be had, else of each
    processes: int | None = None
    open_files: int | None = None  # of each process
    file_bytes: int | None = None  # of one file
    cpu_s: int | None = None  # of each process
    wall_s: int | None = None  # of the box
    memory_disk_bytes: int = 512 * 1024 * 1024  # of each folder in memory


class SocketKind(StrEnum):
    """What a socket is for that a box makes in its network and hands out. The words are egress's own."""

    PROXY = "proxy"  # at the loopback: programs that heed proxy variables
    ANY = "any"  # programs that do not: every address, at the port that it listens at
    REDIRECTED = "redirected"  # the same, every port; SO_ORIGINAL_DST says which
    DNS_UDP = "dns-udp"
    DNS_TCP = "dns-tcp"
    DIAG = "diag"  # asks the kernel whose a connection is


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """That whatever the command says to the world is answered by whoever has the box's sockets.

    There is no way out all the same. Ports of `ports`, 53, 80 and 443 are caught at every address; with
    `catch_all` every TCP port is, where the kernel can, and then the loopback's own are all the box's, but
    for those of `own_ports`.
    """

    ports: tuple[int, ...] = ()  # beside 53, 80 and 443; sorted
    own_ports: tuple[int, ...] = ()  # that are caught at 127.0.0.1 and ::1 as well; sorted
    proxy_port: int = 3128
    catch_all: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPort:
    """A port of the box's loopback that the machine's own leads to."""

    port: int  # within
    host_port: int
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is run in a box."""

    program: str  # absolute, within
    arguments: tuple[str, ...]  # with the name it is called by, at [0]
    environment: tuple[tuple[str, str], ...]  # sorted, the whole of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a box is, whatever runs in it."""

    session: str
    agent: str  # the profile's name
    folder: str  # where its command starts, within
    identity: Identity
    mounts: tuple[Mount, ...]
    limits: Limits
    limits_why: Why
    host_name: str = "ringfence"
    debug: bool = False  # it may trace its own children
    debug_why: Why | None = None
    tells_starts: bool = False  # the supervisor hears of each program that starts
    loopback: bool = True  # programs in the box reach each other at 127.0.0.1; nothing else is reached
    network: Network | None = None  # None: nobody answers but the box's own programs
    published: tuple[PublishedPort, ...] = ()
    may_lack: frozenset[Layer] = frozenset()  # a part of DEGRADABLE
    must_hide: tuple[str, ...] = ()  # paths of the host that the probe tries to read
    must_keep: tuple[str, ...] = ()  # paths within that the probe tries to write: hooks, policy …

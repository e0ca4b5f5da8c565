"""What a box says of itself to its supervisor, in the order in which it says it, and how that is written.

Each is one JSON document in one packet. Only the box's first process can write there, and no program within
can make it; what does not fit is `BadMessage` all the same.
"""

import json
from typing import Any, NamedTuple

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.sandbox.plan import Layer, SocketKind

__all__ = [
    "MESSAGE_BYTES",
    "BadMessage",
    "BoxSocket",
    "Ended",
    "Failed",
    "LimitsMet",
    "Listener",
    "Message",
    "NotRun",
    "Proof",
    "Ready",
    "Running",
    "Socket",
    "Sockets",
    "Stopped",
    "Terminal",
    "read",
]

MESSAGE_BYTES = 128 * 1024  # of one; `Ready` with all proofs has some thousand


class BadMessage(RingfenceError):
    """The box said what no box says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A layer could not be had. Nothing ran, nothing is left; the end comes next."""

    layer: Layer | None  # None: not of one layer, as a process table that is full
    errno: int  # 0: it was had, and did not hold when it was tried
    what: str  # what was done, or tried: "mount /usr". Holds paths as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """The supervisor's end of the box's own terminal."""

    fd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where refused system calls are told: whoever has it answers them, from now on."""

    fd: int


class BoxSocket(NamedTuple):
    """One socket of the box's network. Nobody in the box has it any more."""

    kind: SocketKind
    port: int  # that it is bound to; 0: none
    fd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """What answers the box's programs: whoever has these."""

    sockets: tuple[BoxSocket, ...]
    catches_all: bool  # every TCP port, and not only those that are listened at


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """One of the box's network, not connected, that the supervisor asked for. None: it has none such."""

    fd: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One thing that was tried from within and did not work."""

    layer: Layer
    tried: str
    result: str  # the error's name: EPERM


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """All layers stand and were tried. The box waits for `go`."""

    layers: tuple[Layer, ...]
    lacking: tuple[tuple[Layer, str], ...]  # and why
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """The program could not be executed; the end comes next."""

    errno: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The command has started."""

    pid: int  # within


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The command was stopped by a signal; `Box.resume` lets it go on."""

    signal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The command has ended, and with it all that it started."""

    status: int  # as waitpid gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsMet:
    """What the control group held back, if anything; told when nothing of the box is left."""

    killed_for_memory: int  # processes
    refused_processes: int  # times that one more was wanted


Message = (
    LimitsMet | Failed | Terminal | Listener | Sockets | Socket | Ready | NotRun | Running | Stopped | Ended
)


def read(packet: bytes, fds: tuple[int, ...]) -> Message:
    """The message, with the descriptors that came along.

    Raises:
        BadMessage: it is none.
    """
    try:
        ((name, value),) = json.loads(packet).items()
        return _read(name, value, fds)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise BadMessage("the box said something that is no message", hint="start it again") from error


def _read(name: str, value: Any, fds: tuple[int, ...]) -> Message:  # noqa: ANN401 - JSON
    match name:
        case "failed":
            return _failed(value)
        case "terminal":
            (fd,) = fds
            return Terminal(fd=fd)
        case "listener":
            (fd,) = fds
            return Listener(fd=fd)
        case "sockets":
            return _sockets(value, fds)
        case "socket":
            return Socket(fd=_one_or_none(value, fds))
        case "ready":
            return _ready(value)
        case "not_run":
            return NotRun(errno=int(value))
        case "running":
            return Running(pid=int(value))
        case "stopped":
            return Stopped(signal=int(value))
        case "ended":
            return Ended(status=int(value))
        case "limits_met":
            return LimitsMet(killed_for_memory=int(value[0]), refused_processes=int(value[1]))
    raise ValueError("no message")


def _failed(value: Any) -> Failed:  # noqa: ANN401 - JSON
    layer = value["layer"]
    return Failed(
        layer=None if layer is None else Layer(layer), errno=int(value["errno"]), what=str(value["what"])
    )


def _sockets(value: Any, fds: tuple[int, ...]) -> Sockets:  # noqa: ANN401 - JSON
    sockets = tuple(
        BoxSocket(SocketKind(kind), int(port), fd)
        for (kind, port), fd in zip(value["sockets"], fds, strict=True)
    )
    return Sockets(sockets=sockets, catches_all=value["catches_all"] is True)


def _one_or_none(value: Any, fds: tuple[int, ...]) -> int | None:  # noqa: ANN401 - JSON
    if len(fds) != (value is True):
        raise ValueError("not the descriptors that it says")
    return fds[0] if fds else None


def _ready(value: Any) -> Ready:  # noqa: ANN401 - JSON
    return Ready(
        layers=tuple(Layer(each) for each in value["layers"]),
        lacking=tuple((Layer(layer), str(why)) for layer, why in value["lacking"]),
        proofs=tuple(
            Proof(layer=Layer(layer), tried=str(tried), result=str(result))
            for layer, tried, result in value["proofs"]
        ),
    )

"""What ringfence asks of an operating system, and the plain values it gets back.

One implementation per system lies in a folder of its own (`linux/`); `this_platform` picks it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.machine import Accelerator, Capability, Network
from ringfence.endpoint.found import FileId

__all__ = ["Device", "HeldFile", "ListeningSocket", "Platform", "RunningProcess", "Snapshot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFile:
    """A file that a process has mapped or open. The path is the one it was opened by; it may be gone."""

    path: Path
    id: FileId | None  # None where the system does not tell, as for open descriptors
    mapped: bool
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device node that a process has open."""

    path: Path
    descriptor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningProcess:
    """One process. `visible` is false when its maps and descriptors may not be seen: then those are empty."""

    pid: int
    name: str  # what the kernel calls it
    user: str
    executable: Path | None
    folder: Path | None  # where it stands, for relative paths on its command line
    arguments: tuple[str, ...] = field(repr=False)  # raw: redact before they go anywhere
    visible: bool = True
    files: tuple[HeldFile, ...] = ()
    devices: tuple[Device, ...] = ()
    sockets: frozenset[int] = frozenset()  # inodes


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningSocket:
    """A TCP socket that takes connections."""

    address: str  # as bound: 127.0.0.1, ::1, 0.0.0.0
    port: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What ran at one moment. Other users' processes are in it as far as they may be seen."""

    processes: tuple[RunningProcess, ...] = ()
    sockets: tuple[ListeningSocket, ...] = ()
    # Every address of this machine, and the interface number that a link-local one needs (else 0).
    addresses: Mapping[str, int] = field(default_factory=dict)
    own_sockets: frozenset[int] = frozenset()  # inodes that ringfence itself has open
    skipped: tuple[Skipped, ...] = ()


class Platform(Protocol):
    """The questions. None of these raises for what it meets; what may not be seen is `Skipped`."""

    def snapshot(self) -> Snapshot:
        """Processes, listening sockets and own addresses at this moment."""
        ...

    def network(self) -> Network:
        """Routes and interfaces; nothing is sent."""
        ...

    def accelerators(self, snapshot: Snapshot) -> Iterator[Accelerator]:
        """GPUs and NPUs that the kernel itself tells about: all but NVIDIA's own driver."""
        ...

    def has_nvidia_hardware(self) -> bool:
        """Whether a device of that maker is plugged in, with or without a driver."""
        ...

    def capabilities(self) -> tuple[Capability, ...]:
        """What this kernel offers for holding programs in bounds."""
        ...

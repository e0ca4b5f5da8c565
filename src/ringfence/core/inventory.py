"""Everything seen on one endpoint at one time, and what could not be seen."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence
from ringfence.core.machine import Accelerator, Agent, Listener, Network, Process, Repository, Runtime
from ringfence.core.models import Model

__all__ = ["Evidence", "Inventory", "ScanRecord", "Scope", "Signal", "SignalId", "Skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that was not looked at. `count` things share the kind, the subject and the reason."""

    kind: str  # folder, file, mount, store, process, listener, accelerator, agent …
    subject: str  # a path or name; harmless to print
    reason: str
    count: int = 1


class SignalId(StrEnum):
    """The five signs of shadow AI."""

    LARGE_ARTIFACTS = "large-artifacts"
    LOCAL_SERVERS = "local-servers"
    OFFLINE_ACCELERATOR = "offline-accelerator"
    UNRECORDED_CODE = "unrecorded-code"
    LICENSE_AMBIGUITY = "license-ambiguity"

    @property
    def heading(self) -> str:
        """As a heading for people."""
        return _TITLES[self]


_TITLES = {
    SignalId.LARGE_ARTIFACTS: "Large models that nobody vouches for",
    SignalId.LOCAL_SERVERS: "Local inference servers",
    SignalId.OFFLINE_ACCELERATOR: "Accelerator in use while offline or off the VPN",
    SignalId.UNRECORDED_CODE: "Code that no record ties to a model",
    SignalId.LICENSE_AMBIGUITY: "Licenses in doubt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that raises a signal."""

    subject: str  # a model's name, an address, a repository's path
    text: str  # why, in one short sentence
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One of the five signs. `raised` is None when what it needs could not be looked at."""

    id: SignalId
    raised: bool | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a scan was asked to look at."""

    paths: tuple[Path, ...]
    homes: tuple[Path, ...]
    min_size_bytes: int  # files elsewhere than in a store, without a known suffix, are looked at from here on
    machine: bool  # processes, listeners and accelerators of the running machine
    hashed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRecord:
    """Where the ledger has what was seen, and how much of it was new there."""

    scan: str  # its id, in each of its events
    stream: str
    appeared: int
    changed: int
    vanished: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One scan's result. `complete` is false when a part of the scope could not be examined."""

    started_at: datetime  # UTC
    complete: bool
    scope: Scope
    models: tuple[Model, ...] = ()
    processes: tuple[Process, ...] = ()
    listeners: tuple[Listener, ...] = ()
    accelerators: tuple[Accelerator, ...] = ()
    network: Network | None = None
    runtimes: tuple[Runtime, ...] = ()
    agents: tuple[Agent, ...] = ()
    repositories: tuple[Repository, ...] = ()
    signals: tuple[Signal, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    record: ScanRecord | None = None  # None when nothing was recorded
    unsettled: tuple[str, ...] = ()  # why it was judged by no policy, or is in no ledger; harmless to print

    @property
    def things(self) -> tuple[Model | Listener | Runtime | Agent, ...]:
        """All that a policy judges."""
        return (*self.models, *self.listeners, *self.runtimes, *self.agents)

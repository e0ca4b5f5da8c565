"""What the broker knows of a session: who it is, what it has read, what it may use, and what it has open."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from datetime import datetime

from ringfence.core.actions import Action, HostConnect
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect
from ringfence.core.labels import Label
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.budgets import Spending
from ringfence.egress.broker.money import Limit
from ringfence.egress.broker.programs import Programs
from ringfence.egress.broker.upstream import Pool
from ringfence.gate.door import Door
from ringfence.gate.lowering import FRESH
from ringfence.policy.egressing import Egressing
from ringfence.policy.policy import Policy
from ringfence.protocols.scrubbing import Secrets
from ringfence.vault.file_format import Entry

__all__ = ["Connection", "Decided", "Exchange", "Finding", "Session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """An action that was let through, and by what word."""

    action: Action
    effect: Effect
    receipt: Receipt[Action] = field(repr=False)
    limits: tuple[Limit, ...] = ()  # in money, under which that was


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is so, or is not, by a policy and for a session that has read what the label says."""

    policy: Policy
    label: Label
    until: datetime | None
    is_so: bool

    def holds(self, policy: Policy, label: Label, now: datetime) -> bool:
        """Whether it is still by these."""
        is_over = self.until is not None and now >= self.until
        return self.policy is policy and self.label is label and not is_over


@dataclass(slots=True, kw_only=True, eq=False)
class Exchange:
    """A request that was let through and is not over."""

    number: int
    decided: tuple[Decided, ...]
    task: "asyncio.Task[None] | None" = None  # of the sealed leg


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """A program's connection."""

    number: int
    session: "Session"
    host: str
    port: int
    tls: bool
    raw: bool
    program: str | None
    decided: Decided  # of a HostConnect
    exchanges: dict[int, Exchange] = field(default_factory=dict)
    dialled: list[socket.socket] = field(default_factory=list)  # ours of what the proxy was given
    task: "asyncio.Task[None] | None" = None  # of a raw leg that is spoken here
    is_told: bool = False  # its requests that only read need not be asked about, as its proxy knows
    origin: tuple[Egressing, Label] | None = None  # what its answers carry, and by whose word

    @property
    def connecting(self) -> HostConnect:
        """What was decided when it arrived."""
        assert isinstance(self.decided.action, HostConnect)
        return self.decided.action

    def end(self) -> None:
        """Ends all that it has open, whoever else holds a descriptor of it."""
        for each in (self.task, *(exchange.task for exchange in self.exchanges.values())):
            if each is not None:
                each.cancel()
        self.exchanges.clear()
        self.hang_up()

    def hang_up(self) -> None:
        """Ends the connections out that the proxy has."""
        for each in self.dialled:
            with suppress(OSError):  # it is over
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.dialled.clear()


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One of them. The event loop's thread alone changes it."""

    id: str
    agent: str
    door: Door
    pool: Pool
    budgets: Spending
    entries: Mapping[str, Entry]  # credentials that it may use, by name
    given: Mapping[str, Mapping[str, str]]  # their placeholders, by credential and part
    label: Label = FRESH
    policy: Policy | None = None  # that all in flight was decided by
    said: Egressing | None = None  # what that policy says of this session
    connections: dict[int, Connection] = field(default_factory=dict)
    findings: dict[tuple[object, ...], Finding] = field(default_factory=dict)  # see `findings`
    dropped: dict[int, Connection] = field(default_factory=dict)  # until its proxy has heard of it
    arriving: int = 0  # connections that are being decided
    held: int = 0  # requests that wait for an operator
    shown_instead: dict[bytes, bytes] = field(default_factory=dict, repr=False)
    secrets: Secrets = field(default_factory=lambda: Secrets({}), repr=False)
    told: dict[tuple[str, str, str], int] = field(default_factory=dict)
    asks_pac: asyncio.Lock = field(default_factory=asyncio.Lock)  # a process at a time for each session
    programs: Programs | None = None
    unsent: "set[tuple[str, int, str, str]] | None" = None  # what was told of them; None: nobody learns

    def released(self, shown_instead: Mapping[bytes, bytes]) -> None:
        """Something was put into a request: no answer shows it from now on."""
        if shown_instead.items() - self.shown_instead.items():
            self.shown_instead |= shown_instead
            self.secrets = Secrets(self.shown_instead)

    def end(self) -> None:
        """Ends all that it has open."""
        for each in list(self.connections.values()):
            each.end()
        self.connections.clear()
        self.pool.close()
        if self.programs is not None:
            self.programs.close()

"""What all parts of the broker work with: sessions, the policy for each, decisions, connections out."""

import asyncio
import itertools
import operator
import os
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import field, replace
from functools import partial
from typing import TypeVar, TypeVarTuple

from ringfence.core.actions import Action, HostConnect
from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Decision
from ringfence.core.errors import RingfenceError
from ringfence.core.labels import join
from ringfence.core.limits import LIMITS
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.budgets import Spent
from ringfence.egress.broker.deciding import (
    decide,
    is_still_let,
    is_whole,
    pass_all,
    pass_at_once,
    pass_connecting,
    with_context,
)
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.findings import found
from ringfence.egress.broker.house import House
from ringfence.egress.broker.money import Limit, Purses, limits_in, without_money
from ringfence.egress.broker.refusing import Refusals, by_policy
from ringfence.egress.broker.releasing import is_served
from ringfence.egress.broker.session import Connection, Decided, Exchange, Session
from ringfence.egress.broker.upstream import Trust, Upstream, opened
from ringfence.egress.messages import Refused, Revoke, Trouble
from ringfence.gate import refused as gate
from ringfence.gate.finding import Stamp
from ringfence.gate.lowering import is_worse, lower
from ringfence.gate.seals import ReceiptRefused
from ringfence.policy.egressing import Egressing, egressing
from ringfence.policy.policy import Policy
from ringfence.protocols.pac import Fetched
from ringfence.vault.placeholders import Placeholders

__all__ = ["ASKED_IN", "Core", "RefusedNow"]

_DIALLED = 8  # of one connection that are ended here when it is; the proxy's newest ones

ASKED_IN: ContextVar[Session] = ContextVar("ASKED_IN")
"""The session whose exchange this task carries out: by its policy tokens are got."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class RefusedNow(Exception):
    """The answer to what was asked; it is recorded."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.what)
        self.refused = refused


@dataclass(slots=True, kw_only=True, eq=False)
class Core:
    """One broker's. The event loop's thread alone uses it; what blocks runs in the house's executor."""

    house: House
    revoke: Callable[[Revoke], None]  # tells the proxy
    sessions: dict[str, Session] = field(default_factory=dict)
    connections: dict[int, Connection] = field(default_factory=dict)
    exchanges: dict[int, tuple[Connection, Exchange]] = field(default_factory=dict)
    placeholders: Placeholders = field(repr=False)
    trust: Trust = field(default_factory=Trust)
    scripts: dict[str, Fetched] = field(default_factory=dict)  # of automatic proxy configuration
    pac_answers: dict[tuple[str, object, str, str], str] = field(default_factory=dict)
    authorities: dict[str, tuple[Stamp, str]] = field(default_factory=dict)  # by the name of their file
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)  # that nothing else holds
    late: "set[asyncio.Task[None]]" = field(default_factory=set)  # of these, those that record what went
    refusals: Refusals = field(init=False)
    purses: Purses = field(init=False)

    def __post_init__(self) -> None:
        self.refusals = Refusals(soon=self.soon)
        self.purses = Purses(clock=self.house.clock)

    def keep(self, task: "asyncio.Task[None]") -> None:
        """Holds a task until it is done."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def catch_up(self, steps: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Records what has happened already, beside the event loop; the broker's end waits for it."""
        task = asyncio.create_task(steps)
        self.keep(task)
        self.late.add(task)
        task.add_done_callback(self.late.discard)
        return task

    async def blocking(self, call: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """What the call returns, which waits for a disk, while others go on."""
        return await asyncio.get_running_loop().run_in_executor(self.house.blocking, call, *arguments)

    def soon(self, call: Callable[[], object]) -> None:
        """Runs it beside the event loop. What cannot be recorded then has been refused all the same."""

        def run() -> None:
            with suppress(RingfenceError):
                call()

        self.house.blocking.submit(run)

    def current(self, session: Session) -> tuple[Policy, Egressing]:
        """The policy in force, and what it says of the session. A new one judges all in flight again.

        Raises:
            RingfenceError: there is none; nothing goes ahead then.
        """
        policy = session.door.policy()
        if session.policy is not policy or session.said is None:
            is_new, session.policy = session.policy is not None, policy
            session.said = egressing(policy.document, session.agent)
            if is_new:
                session.pool.close()  # it may lead elsewhere now
                self.judge_again(session, "the policy has changed")
        return policy, session.said

    def known(self, session: Session) -> tuple[Policy, Egressing]:
        """The policy as it was when it was last looked at, which the door does once more by itself.

        Raises:
            RingfenceError: there is none.
        """
        if session.policy is None or session.said is None:
            return self.current(session)
        return session.policy, session.said

    async def passed(
        self,
        connection: Connection,
        actions: Sequence[Action],
        *,
        is_counted: bool = False,
        is_current: bool = False,
    ) -> tuple[Decided, ...]:
        """Receipts for all that is asked on a connection, by what the session has read until now.

        `is_counted`: whoever asks counts what it costs. `is_current`: and has had the policy looked at this
        moment, so that its word holds.

        Raises:
            RefusedNow: one of them is refused.
            RingfenceError: nothing can be decided or recorded.
        """
        session = connection.session
        policy, said = self.known(session)
        decisions = decide(policy, actions, session.door)
        limits = self._count(session, decisions, actions, is_counted=is_counted)
        effects = [each.effect for each in decisions]
        has_waited = False
        while True:
            label = session.label
            asked = [with_context(each, label) for each in actions]
            holds = is_current and all(map(operator.is_, asked, actions))
            made = pass_at_once(session.door, asked, effects, known=decisions if holds else ())
            is_current = False
            if made is None:
                made = await self.blocking(pass_all, session.door, asked, effects)
            if isinstance(made, gate.Refused):
                if not has_waited and await self._answered(session, made, lambda: self.is_open(connection)):
                    has_waited = True
                    continue
                raise RefusedNow(by_policy(made, said))
            if session.label is label:  # else it has read something meanwhile, which counts
                return tuple(
                    replace(one, limits=of) if of else one for one, of in zip(made, limits, strict=True)
                )

    async def connecting(self, session: Session, action: HostConnect, *, is_current: bool = False) -> Decided:
        """The receipt for a connection. `is_current`: see `passed`.

        Raises:
            RefusedNow, RingfenceError: see `passed`.
        """
        policy, said = self.known(session)
        action = with_context(action, session.label)
        (decision,) = decide(policy, [action], session.door)
        self._count(session, [decision], [action])
        has_waited = False
        while True:
            label = session.label
            asked = with_context(action, label)
            known = decision if is_current and asked is action else None
            made = pass_connecting(session.door, asked, decision.effect, at_once=True, known=known)
            is_current = False
            if made is None:
                made = await self.blocking(pass_connecting, session.door, asked, decision.effect)
            if isinstance(made, gate.Refused):
                if not has_waited and await self._answered(
                    session, made, lambda: self.sessions.get(session.id) is session
                ):
                    has_waited = True
                    continue
                raise RefusedNow(by_policy(made, said))
            if made is not None and session.label is label:
                return made

    def is_open(self, connection: Connection) -> bool:
        """Whether it has not ended meanwhile."""
        return self.connections.get(connection.number) is connection

    def heard_of(self, number: int) -> Connection | None:
        """A connection that is open, or was dropped and its proxy may not know it yet."""
        dropped = (each.dropped.get(number) for each in self.sessions.values())
        return self.connections.get(number) or next(filter(None, dropped), None)

    async def _answered(self, session: Session, refused: gate.Refused, is_wanted: Callable[[], bool]) -> bool:
        """Whether an operator has answered, while its program waited, what it was refused for.

        At once where nobody is asked, and where so many of the session wait that it may be made to ask.
        Nobody uses up an answer that is wanted no more.
        """
        if refused.ask is None or session.held >= LIMITS.egress_held:
            return False
        session.held += 1
        try:
            until = self.house.clock() + self.house.asked_s
            while self.house.clock() < until:
                await asyncio.sleep(LIMITS.egress_asked_every_s)
                if not is_wanted():
                    return False
                if not await self.blocking(session.door.is_asked, refused.ask):
                    return is_wanted()
        finally:
            session.held -= 1
        return False

    async def reads_from(self, connection: Connection, *, but: Exchange | None = None) -> None:
        """What comes from the host now is read by the session: durable, and judged, before that.

        Raises:
            RingfenceError: it cannot be recorded, so nothing is read.
        """
        session = connection.session
        said, known = self.known(session)[1], connection.origin
        if known is None or known[0] is not said:
            known = connection.origin = (said, said.origin(connection.host))
        origin = known[1]
        if not is_worse(origin, session.label):
            return
        lowered = await self.blocking(lower, session.door, session.id, session.label, origin, connection.host)
        session.label = join(session.label, lowered)
        self.judge_again(session, f"the session has read from {connection.host}", but=but)

    async def dialled(self, connection: Connection, way: Way) -> socket.socket:
        """A connected socket.

        Raises:
            RingfenceError: nobody is reached there, or nobody may be.
            RefusedNow: it is decided otherwise by now.
        """
        receipt: Receipt[HostConnect] = connection.decided.receipt  # type: ignore[assignment]
        try:
            return await self.house.dialer.dial(receipt, way)
        except ReceiptRefused:  # old, or used often: once more
            connection.decided = await self.connecting(connection.session, connection.connecting)
        receipt = connection.decided.receipt  # type: ignore[assignment]
        return await self.house.dialer.dial(receipt, way)

    def dialled_at_once(self, connection: Connection, way: Way) -> socket.socket | None:
        """The same, where nobody waits for it; else None.

        Raises:
            RingfenceError: see `dialled`.
        """
        receipt: Receipt[HostConnect] = connection.decided.receipt  # type: ignore[assignment]
        return self.house.dialer.dial_at_once(receipt, way)

    async def upstream(self, connection: Connection, way: Way) -> Upstream:
        """A connection that the broker itself talks on.

        Raises:
            RingfenceError, RefusedNow: see `dialled`.
        """
        return await opened(await self.dialled(connection, way), way, tls=way.tls, trust=self.trust)

    def handed(self, connection: Connection, sock: socket.socket) -> int:
        """The descriptor for the proxy; the socket stays ours, so that we can end it."""
        connection.dialled.append(sock)
        for old in connection.dialled[:-_DIALLED]:
            old.close()
        del connection.dialled[:-_DIALLED]
        return os.dup(sock.fileno())

    def is_served(self, connection: Connection) -> bool:
        """Whether a credential of the session is for this host: then it sees no other one."""
        entries = connection.session.entries.values()
        return any(is_served(each, connection.host, connection.port) for each in entries)

    def is_whole(self, connection: Connection) -> bool:
        """Whether every request there is granted."""
        session, policy = connection.session, connection.session.policy
        assert policy is not None
        find = partial(is_whole, policy, connection, session.door, session.label)
        return found("whole", connection, policy, find)

    def judge_again(self, session: Session, why: str, *, but: Exchange | None = None) -> None:
        """Ends what the policy would refuse now: by what it was asked with, or by what was read since."""
        policy = session.policy
        assert policy is not None
        for connection in list(session.connections.values()):
            if self._is_refused(session, policy, [connection.decided]) or (
                connection.dialled and not connection.raw and not self.is_whole(connection)
            ):
                self.drop(connection, why)
                continue
            for exchange in list(connection.exchanges.values()):
                if exchange is not but and self._is_refused(session, policy, exchange.decided):
                    self.drop_exchange(connection, exchange, why)

    def drop(self, connection: Connection, why: str) -> None:
        """Ends a connection that is granted no more."""
        if self.is_open(connection):
            dropped = connection.session.dropped
            dropped[connection.number] = connection
            if len(dropped) > LIMITS.egress_open:  # a proxy that never says that it has heard
                del dropped[next(iter(dropped))]
        self.revoke(Revoke(connection=connection.number, exchange=None, what=why))
        self.gone(connection)

    def drop_exchange(self, connection: Connection, exchange: Exchange, why: str) -> None:
        """Ends an exchange that is granted no more."""
        self.revoke(Revoke(connection=connection.number, exchange=exchange.number, what=why))
        self.over(connection, exchange)
        if exchange.task is None:  # the proxy has the connection out, which may carry this one
            connection.hang_up()

    def begun(self, connection: Connection, exchange: Exchange) -> None:
        """Knows an exchange from now on."""
        connection.exchanges[exchange.number] = exchange
        self.exchanges[exchange.number] = (connection, exchange)

    def gone(self, connection: Connection) -> None:
        """Forgets a connection, with all that it had open."""
        for number in connection.exchanges:
            self.exchanges.pop(number, None)
        self.connections.pop(connection.number, None)
        connection.session.connections.pop(connection.number, None)
        connection.end()

    def over(self, connection: Connection, exchange: Exchange) -> None:
        """Forgets an exchange; what is left of it ends."""
        connection.exchanges.pop(exchange.number, None)
        self.exchanges.pop(exchange.number, None)
        if exchange.task is not None:
            exchange.task.cancel()

    def spent(self, session: Session, host: str, spent: Spent | None) -> None:
        """Nothing, while there is something left.

        Raises:
            RefusedNow: there is not.
        """
        if spent is not None:
            raise RefusedNow(self.refusals.refuse(session, Trouble.BUDGET, host, spent.what, spent.hint))

    def _is_refused(self, session: Session, policy: Policy, decided: Iterable[Decided]) -> bool:
        for each in decided:
            action = with_context(each.action, session.label)
            if is_still_let(policy, each, session.door, session.label) is not None:
                self.soon(lambda action=action: session.door.decide(action))  # type: ignore[misc]
                return True
        return False

    def _count(
        self,
        session: Session,
        decisions: Sequence[Decision],
        actions: Sequence[Action],
        *,
        is_counted: bool = False,
    ) -> tuple[tuple[Limit, ...], ...]:
        """The limits in money for each of them; where these, or others, leave nothing, nothing goes."""
        found = []
        for decision, action in zip(decisions, actions, strict=True):
            obligations, host = decision.obligations, getattr(action, "host", "")
            if is_counted:
                found.append(limits_in(decision, action, agent=session.agent, session=session.id))
                obligations = without_money(action, obligations)
                self.spent(session, host, self.purses.check(found[-1]))
            if obligations and decision.may_proceed:
                key = (decision.reasons[0].rule, type(action).__name__)
                self.spent(session, host, session.budgets.limits(key, obligations))
        return tuple(found) if is_counted else ((),) * len(actions)

"""A program has connected: may it, and to what. And connections out that the proxy is given."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from ringfence.core.actions import FieldKind, HostConnect
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.egress.broker.core import Core, RefusedNow
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.going import is_dialled_ahead, is_told
from ringfence.egress.broker.programs import Programs
from ringfence.egress.broker.raw import spoken_here
from ringfence.egress.broker.session import Connection, Session
from ringfence.egress.broker.ways import way_to
from ringfence.egress.messages import Arrive, Dial, Dialled, Refused, Trouble, Welcome
from ringfence.policy.canonical import canonical
from ringfence.policy.policy import Policy

__all__ = ["arrive", "dial"]

_HOST = canonical("host", FieldKind.HOST)
_NOBODY = Refused(what="there is no such session, or connection", hint="report this", status=400)


async def arrive(core: Core, message: Arrive) -> tuple[Welcome, Sequence[int]]:
    """The connection, known from now on; of a raw one a descriptor.

    Raises:
        RefusedNow, RingfenceError: it may not be.
    """
    session = core.sessions.get(message.session)
    if session is None:
        raise RefusedNow(_NOBODY)
    policy, said = core.current(session)
    host, port = message.host, message.port
    if (_HOST and _HOST(host) != host) or not 0 < port < 65_536:
        raise RefusedNow(
            core.refusals.refuse(
                session, Trouble.MALFORMED, host, "this is no host, or no port", "check the address"
            )
        )
    there = len(session.connections) + session.arriving
    core.spent(session, host, session.budgets.connection(said.budgets, there))
    if there >= LIMITS.egress_open:
        what = "too many connections at one time"
        raise RefusedNow(core.refusals.refuse(session, Trouble.BUDGET, host, what, "close some first"))
    session.arriving += 1
    try:
        connection = await _decided(core, session, policy, message)
        _known(core, connection)
    finally:
        session.arriving -= 1
    if not message.raw:
        dialled, fds = await _at_once(core, connection)
        if not core.is_open(connection):  # it has ended meanwhile
            raise RefusedNow(_NOBODY)
        ahead, connection.is_told = is_dialled_ahead(core, connection), is_told(core, connection)
        number, told = connection.number, connection.is_told
        return Welcome(connection=number, ahead=ahead, told=told, dialled=dialled), fds
    await asyncio.sleep(0)  # what is prompt has no task, which whoever waits for a time needs
    try:
        return await _raw(core, connection)
    except BaseException:
        core.gone(connection)
        raise


async def dial(core: Core, message: Dial) -> tuple[Dialled, Sequence[int]]:
    """A connection of the plain leg: only to where every request is granted and no secret is used.

    Raises:
        RefusedNow, RingfenceError: it may not be, or nobody is reached.
    """
    connection = core.connections.get(message.connection)
    if connection is None or connection.raw:
        raise RefusedNow(_NOBODY)
    if core.is_served(connection) or not core.is_whole(connection):
        raise RefusedNow(
            core.refusals.refuse(
                connection.session,
                Trouble.MALFORMED,
                connection.host,
                "a connection was asked for where each request is decided alone",
                "report this",
            )
        )
    core.current(connection.session)
    way = await way_to(core, connection.session, connection.host, connection.port, tls=connection.tls)
    await core.reads_from(connection)
    sock = await core.dialled(connection, way)
    if connection.number not in core.connections or not core.is_whole(connection):
        sock.close()
        raise RefusedNow(_NOBODY)
    return _handed(core, connection, way, sock)


async def _at_once(core: Core, connection: Connection) -> tuple[Dialled | None, Sequence[int]]:
    """What would be dialled ahead, where nobody waits for it; why it fails is said when it is asked for."""
    with suppress(RingfenceError):
        if is_dialled_ahead(core, connection):
            way = await way_to(core, connection.session, connection.host, connection.port, tls=connection.tls)
            if core.is_open(connection) and is_dialled_ahead(core, connection):
                sock = core.dialled_at_once(connection, way)
                if sock is not None:
                    return _handed(core, connection, way, sock)
    return None, ()


def _handed(
    core: Core, connection: Connection, way: Way, sock: socket.socket
) -> tuple[Dialled, Sequence[int]]:
    fd = core.handed(connection, sock)
    return Dialled(tls=way.tls, server_name=connection.host, ca_pem=way.ca_pem), (fd,)


async def _decided(core: Core, session: Session, policy: Policy, message: Arrive) -> Connection:
    programs = session.programs if _asks_for_programs(policy) else None
    program = await _program(core, programs, message)
    action = HostConnect(
        agent=session.agent,
        session=session.id,
        context=session.label,
        host=message.host,
        port=message.port,
        program=program,
        raw=message.raw,
    )
    decided = await core.connecting(session, action, is_current=programs is None)  # else that took a while
    return Connection(
        number=next(core.numbers),
        session=session,
        host=message.host,
        port=message.port,
        tls=message.tls,
        raw=message.raw,
        program=action.program,
        decided=decided,
    )


async def _raw(core: Core, connection: Connection) -> tuple[Welcome, Sequence[int]]:
    """A descriptor to the host, of which nobody reads what passes; or to us, where a password is put in."""
    way = await way_to(core, connection.session, connection.host, connection.port, tls=connection.tls)
    await core.reads_from(connection)
    kinds = {each.kind for each in connection.session.entries.values()}
    postgresql = "postgresql" in kinds and core.is_served(connection)
    sock = await core.dialled(connection, way)
    if connection.number not in core.connections:
        sock.close()
        raise RefusedNow(_NOBODY)
    fd = spoken_here(core, connection, way, sock) if postgresql else core.handed(connection, sock)
    return Welcome(connection=connection.number, raw=True, postgresql=postgresql), (fd,)


def _known(core: Core, connection: Connection) -> None:
    if core.sessions.get(connection.session.id) is not connection.session:  # it has ended meanwhile
        raise RefusedNow(_NOBODY)
    core.connections[connection.number] = connection
    connection.session.connections[connection.number] = connection


async def _program(core: Core, programs: Programs | None, message: Arrive) -> str | None:
    """Who asks, where any rule wants to know."""
    if programs is None:
        return None
    return await core.blocking(programs.program, message.source, message.destination)


@lru_cache(maxsize=64)
def _asks_for_programs(policy: Policy) -> bool:
    return any(condition.field == "program" for rule in policy.rules for condition in rule.conditions)

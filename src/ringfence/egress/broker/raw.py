"""A raw connection whose start-up is spoken here: PostgreSQL, whose password is put in.

The proxy has one end of a pair of sockets. From the log-in on, what passes is carried unread.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from ringfence.core.actions import CredentialUse
from ringfence.core.errors import RingfenceError
from ringfence.core.receipts import Receipt
from ringfence.egress.broker.core import Core, RefusedNow
from ringfence.egress.broker.dialing import Way
from ringfence.egress.broker.session import Connection
from ringfence.egress.injecting.bound import POSTGRESQL_PORT, allows
from ringfence.egress.injecting.places import Misplaced
from ringfence.egress.injecting.postgresql import (
    Cancel,
    LogInRefused,
    Opening,
    admit,
    ask_client,
    log_in,
    send_cancel,
)
from ringfence.egress.injecting.postgresql_messages import BadPostgresql, refusal
from ringfence.egress.messages import Trouble
from ringfence.policy.egressing import LOCAL
from ringfence.vault.credential import Credential

__all__ = ["carried", "spoken_here"]

_PIECE = 64 * 1024
_METHOD, _PATH = "CONNECT", "/"  # of a use that is for no request


def spoken_here(core: Core, connection: Connection, way: Way, sock: socket.socket) -> int:
    """The descriptor for the proxy. `sock`, connected to the host, is ended with the connection."""
    here, there = socket.socketpair()
    connection.task = asyncio.create_task(_speak(core, connection, way, sock, here))
    return there.detach()


async def carried(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Callable[[int], None]
) -> None:
    """Passes all on until the end, and that too."""
    while data := await reader.read(_PIECE):
        count(len(data))
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _speak(
    core: Core, connection: Connection, way: Way, sock: socket.socket, here: socket.socket
) -> None:
    client_reader, client = await asyncio.open_connection(sock=here)
    reader, writer = await asyncio.open_connection(sock=sock)
    session = connection.session
    try:
        if not await _logged_in(core, connection, way, (client_reader, client), (reader, writer)):
            return

        def sent(count: int) -> None:
            session.budgets.sent += count

        def received(count: int) -> None:
            session.budgets.received += count

        await asyncio.gather(carried(client_reader, writer, sent), carried(reader, client, received))
    except (OSError, BadPostgresql, asyncio.IncompleteReadError):
        pass
    finally:
        client.close()
        writer.close()


async def _logged_in(
    core: Core,
    connection: Connection,
    way: Way,
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> bool:
    session, host = connection.session, connection.host
    needs_tls = way.tls or (way.to is None and host != LOCAL)  # nobody else is on the way to this machine
    tls: ssl.SSLContext | None = (
        core.trust.context(way.ca_pem, with_system=way.with_system) if needs_tls else None
    )
    try:
        opening = await ask_client(*client, core.placeholders.of(session.id))
        if isinstance(opening, Cancel):
            await send_cancel(opening, *server, host=host, tls=tls)
            return False
        credential = await _released(core, connection, opening)
        before = await log_in(
            opening, credential, *server, host=host, tls=tls, randomness=core.house.randomness
        )
        await admit(client[1], before)
        return True
    except LogInRefused as error:
        core.refusals.tell(session, Trouble.MISPLACED, host, error.what)
        answer = error.answer
    except RefusedNow as error:
        answer = refusal(error.refused.what, error.refused.hint)
    except RingfenceError as error:
        refused = core.refusals.of(session, host, error)
        answer = refusal(refused.what, refused.hint)
    client[1].write(answer)
    with suppress(OSError):
        await client[1].drain()
    return False


async def _released(core: Core, connection: Connection, opening: Opening) -> Credential:
    """The password's credential, decided and released for this one log-in."""
    name, session = opening.meant.credential, connection.session
    entry = session.entries.get(name)
    if entry is None or not allows(
        entry.binding, connection.host, connection.port, method=_METHOD, path=_PATH, usual=POSTGRESQL_PORT
    ):
        raise Misplaced(
            f"the placeholder of {name} is not for this server",
            hint=f"ringfence vault list says what {name} is bound to",
        )
    use = CredentialUse(
        agent=session.agent,
        session=session.id,
        credential=name,
        host=connection.host,
        method=_METHOD,
        path=_PATH,
    )
    (decided,) = await core.passed(connection, [use])
    receipt: Receipt[CredentialUse] = decided.receipt  # type: ignore[assignment]
    return await core.blocking(lambda: core.house.releasing.release(receipt, (), port=connection.port))

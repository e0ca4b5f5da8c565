"""A PostgreSQL connection whose client has a placeholder for a password, and whose server gets the real one.

The client is asked for its password in clear text, which never leaves this machine: that is how its
placeholder is known, and with it the credential. The server is given what it asks for (SCRAM, MD5, clear
text), the last two over TLS alone. From `AuthenticationOk` on both ends speak with each other; nothing here
reads it.

What a client wants encrypted up to here the proxy has ended already; what is still asked for is declined.

Source: PostgreSQL's manual, "Frontend/Backend Protocol", message flow.
"""

import asyncio
import ssl
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from typing import Protocol

from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.secrets import Secret
from ringfence.egress.injecting.postgresql_messages import (
    CANCEL,
    GSS,
    TLS,
    BadPostgresql,
    Startup,
    error_of,
    hashed_md5,
    message,
    read_startup,
    refusal,
    text_of,
    written_startup,
)
from ringfence.egress.injecting.scram import MECHANISM, BadScram, first, proof
from ringfence.vault.credential import Credential
from ringfence.vault.kinds import PostgresqlPassword
from ringfence.vault.meanings import Meanings, Meant

__all__ = [
    "Cancel",
    "LogInRefused",
    "Opening",
    "Reads",
    "Writes",
    "admit",
    "ask_client",
    "log_in",
    "send_cancel",
]

_OK, _CLEAR_TEXT, _MD5, _SASL, _SASL_CONTINUE, _SASL_FINAL = 0, 3, 5, 10, 11, 12
_NONCE_BYTES = 18


class Reads(Protocol):
    """What a client sends: a StreamReader, or what reads like one."""

    async def readexactly(self, n: int) -> bytes:
        """So many bytes; raises IncompleteReadError at the end."""


class Writes(Protocol):
    """What goes to a client."""

    def write(self, data: bytes) -> None:
        """Sends it."""

    async def drain(self) -> None:
        """Waits until more may be sent."""


class LogInRefused(RingfenceError):
    """The connection may not be. `answer` is what its client is sent before it is closed."""

    def __init__(self, what: str, *, hint: str, answer: bytes = b"") -> None:
        super().__init__(what, hint=hint)
        self.answer = answer or refusal(what, hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A client that has said who it is; it waits."""

    startup: Startup
    meant: Meant  # the credential that its password stands for


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """A client that asks to have another connection's query ended; it expects no answer."""

    raw: bytes


async def ask_client(reader: Reads, writer: Writes, meaning: Meanings) -> Opening | Cancel:
    """Who a client is, and which credential its password stands for.

    Raises:
        LogInRefused: its password stands for nothing.
        BadPostgresql: it says something else.
        IncompleteReadError: it is gone.
    """
    for _ in range(LIMITS.postgresql_messages):
        code, body = await _first(reader)
        if code not in (TLS, GSS):
            break
        writer.write(b"N")
        await writer.drain()
    if code == CANCEL:
        return Cancel(raw=message(b"", struct.pack("!I", code) + body))
    startup = read_startup(code, body)
    writer.write(message(b"R", struct.pack("!I", _CLEAR_TEXT)))
    await writer.drain()
    kind, body = await _next(reader)
    if kind != b"p":
        raise BadPostgresql("the client sends no password")
    meant = meaning(text_of(body))
    if meant is None or (meant.kind, meant.part) != ("postgresql", "password"):
        raise LogInRefused(
            "the password is none of this session's placeholders for a PostgreSQL server",
            hint="use what stands in PGPASSWORD; real passwords stay in the vault",
        )
    if startup.said("user") != meant.said("user"):
        raise LogInRefused(
            f"the credential {meant.credential} is for another user",
            hint=f"connect as {meant.said('user')}",
        )
    return Opening(startup=startup, meant=meant)


async def log_in(
    opening: Opening,
    credential: Credential,
    reader: StreamReader,
    writer: StreamWriter,
    *,
    host: str,
    tls: ssl.SSLContext | None,
    randomness: Callable[[int], bytes],
) -> bytes:
    """Logs in at a server that has just been connected to: what it said before, for the client.

    With `tls` the server must speak it, and its certificate is checked for `host`.

    Raises:
        LogInRefused: it does not let the user in, or wants the password in a way that would give it away.
        BadPostgresql: it says something else.
        IncompleteReadError: it is gone.
    """
    of = credential.authentication
    now = (credential.name, credential.kind, getattr(of, "user", ""))
    if not isinstance(of, PostgresqlPassword) or now != (
        opening.meant.credential,
        opening.meant.kind,
        opening.meant.said("user"),
    ):
        raise LogInRefused(
            f"the credential {credential.name} is another than when this session began",
            hint="start a new session, which gets a placeholder for it as it is now",
        )
    if tls is not None:
        await _begin_tls(reader, writer, host, tls)
    writer.write(written_startup(opening.startup))
    await writer.drain()
    return await _authenticate(reader, writer, of, is_private=tls is not None, randomness=randomness)


async def admit(writer: Writes, before: bytes = b"") -> None:
    """Lets the client in; `before` is what `log_in` gave."""
    writer.write(before + message(b"R", struct.pack("!I", _OK)))
    await writer.drain()


async def send_cancel(
    cancel: Cancel, reader: StreamReader, writer: StreamWriter, *, host: str, tls: ssl.SSLContext | None
) -> None:
    """Passes it on to a server that has just been connected to."""
    if tls is not None:
        await _begin_tls(reader, writer, host, tls)
    writer.write(cancel.raw)
    await writer.drain()


async def _authenticate(
    reader: StreamReader,
    writer: StreamWriter,
    of: PostgresqlPassword,
    *,
    is_private: bool,
    randomness: Callable[[int], bytes],
) -> bytes:
    before, is_proven = b"", False
    for _ in range(LIMITS.postgresql_messages):
        kind, body = await _next(reader)
        if kind == b"v":  # it speaks an older version than was asked for
            before += message(kind, body)
            continue
        if kind == b"E":
            raise _refused_by_server(body)
        if kind != b"R" or len(body) < 4:
            raise BadPostgresql("the server says something else than how to authenticate")
        (how,) = struct.unpack_from("!I", body)
        if how == _OK:
            return before
        if is_proven:
            raise BadPostgresql("the server asks for the password again")
        if how == _SASL:
            await _scram(reader, writer, of.password, body[4:], randomness)
        elif how == _CLEAR_TEXT and is_private:
            writer.write(message(b"p", of.password.reveal() + b"\0"))
        elif how == _MD5 and is_private and len(body) == 8:
            writer.write(message(b"p", hashed_md5(of.user, of.password.reveal(), body[4:]) + b"\0"))
        else:
            raise LogInRefused(
                "the server asks for the password in a way that it is not given",
                hint="SCRAM-SHA-256 is; MD5 and clear text over TLS alone",
            )
        is_proven = True
        await writer.drain()
    raise BadPostgresql("the server does not come to an end")


async def _scram(
    reader: StreamReader,
    writer: StreamWriter,
    password: Secret,
    mechanisms: bytes,
    randomness: Callable[[int], bytes],
) -> None:
    if MECHANISM.encode() not in mechanisms.split(b"\0"):
        raise LogInRefused("the server does not offer SCRAM-SHA-256", hint="set password_encryption there")
    nonce = randomness(_NONCE_BYTES).hex()
    begin = first(nonce)
    writer.write(message(b"p", MECHANISM.encode() + b"\0" + struct.pack("!I", len(begin)) + begin))
    await writer.drain()
    try:
        challenge = await _sasl(reader, _SASL_CONTINUE)
        made = await asyncio.to_thread(proof, password, nonce, challenge)
        writer.write(message(b"p", made.message))
        await writer.drain()
        made.check(await _sasl(reader, _SASL_FINAL))
    except BadScram as error:
        raise LogInRefused(str(error), hint="is this the server that the credential is for?") from None


async def _sasl(reader: StreamReader, wanted: int) -> bytes:
    kind, body = await _next(reader)
    if kind == b"E":
        raise _refused_by_server(body)
    if kind != b"R" or body[:4] != struct.pack("!I", wanted):
        raise BadPostgresql("the server breaks off SCRAM")
    return body[4:]


async def _begin_tls(reader: StreamReader, writer: StreamWriter, host: str, tls: ssl.SSLContext) -> None:
    writer.write(message(b"", struct.pack("!I", TLS)))
    await writer.drain()
    if await reader.read(2) != b"S":  # what comes along unencrypted was put in by somebody else
        raise LogInRefused(
            "the server does not speak TLS", hint="only a policy's connect_to says that it need not"
        )
    try:
        await writer.start_tls(tls, server_hostname=host)
    except ssl.SSLError:
        raise LogInRefused(
            "the server's certificate is not good for its name",
            hint="have an authority sign it that this machine trusts, or name one in connect_to",
        ) from None


async def _first(reader: Reads) -> tuple[int, bytes]:
    (size,) = struct.unpack("!I", await reader.readexactly(4))
    if not 8 <= size <= LIMITS.postgresql_startup_bytes:
        raise BadPostgresql("this is no start-up")
    body = await reader.readexactly(size - 4)
    return struct.unpack_from("!I", body)[0], body[4:]


async def _next(reader: Reads) -> tuple[bytes, bytes]:
    kind, size = struct.unpack("!cI", await reader.readexactly(5))
    if not 4 <= size <= LIMITS.postgresql_message_bytes:
        raise BadPostgresql("a message is too long")
    return kind, await reader.readexactly(size - 4)


def _refused_by_server(body: bytes) -> LogInRefused:
    """Its own words are for the client; what is recorded is their code."""
    return LogInRefused(
        f"the server refused the user ({error_of(body)})",
        hint="if the password is another one now: ringfence vault rotate",
        answer=message(b"E", body),
    )

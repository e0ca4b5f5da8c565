"""Real clients of PostgreSQL with a placeholder, and a real server that wants the real password."""

import asyncio
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from injected import Session, credential
from needs import missing
from postgresql_server import binaries, running_server
from ringfence.egress.injecting.postgresql import (
    Cancel,
    LogInRefused,
    admit,
    ask_client,
    log_in,
    send_cancel,
)
from ringfence.egress.injecting.postgresql_messages import BadPostgresql, message, refusal
from ringfence.vault.credential import Credential

_NAME = "db.example.com"
_WAYS = {"scram": "scram-sha-256", "md5": "md5", "clear": "password"}
_PASSWORD = "pg Pässword ½ 1"  # what SCRAM prepares differs from what is typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    port: int
    trusted: ssl.SSLContext


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _certificate(folder: Path) -> ssl.SSLContext:
    """The server's certificate and key, of itself, in its folder; and a context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    owner = (folder / "data").stat()
    for file, data in (("server.crt", pem), ("server.key", private)):
        path = folder / "data" / file
        path.write_bytes(data)
        path.chmod(0o600)
        os.chown(path, owner.st_uid, owner.st_gid)
    return ssl.create_default_context(cadata=pem.decode())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = binaries()
    if programs is None:
        missing("a PostgreSQL server", "scripts/install-test-needs")
    port = _free_port()
    with running_server(programs, port=port) as dsn:
        folder = Path(parse_qs(urlsplit(dsn).query)["host"][0])
        trusted = _certificate(folder)
        with psycopg.connect(dsn, autocommit=True) as database:
            for way, method in _WAYS.items():
                kept = "md5" if way == "md5" else "scram-sha-256"
                database.execute(f"SET password_encryption = '{kept}'")
                database.execute(f"CREATE ROLE {way} LOGIN PASSWORD '{_PASSWORD}'")
                with (folder / "data" / "pg_hba.conf").open("r+") as rules:
                    before = rules.read()
                    rules.seek(0)
                    rules.write(f"host all {way} 127.0.0.1/32 {method}\n{before}")
            database.execute("ALTER SYSTEM SET ssl = on")
            database.execute("SELECT pg_reload_conf()")
        yield Server(port=port, trusted=trusted)


@asynccontextmanager
async def between(
    server: Server, session: Session, one: Credential, *, tls: ssl.SSLContext | None
) -> AsyncIterator[tuple[int, list[BaseException]]]:
    """What a broker does for a client: a port where clients find it, and what went wrong."""
    wrong: list[BaseException] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream: list[asyncio.StreamWriter] = []
        try:
            opening = await ask_client(reader, writer, session.meaning)
            far, out = await asyncio.open_connection("127.0.0.1", server.port)
            upstream.append(out)
            if isinstance(opening, Cancel):
                await send_cancel(opening, far, out, host=_NAME, tls=tls)
                return
            before = await log_in(opening, one, far, out, host=_NAME, tls=tls, randomness=os.urandom)
            await admit(writer, before)
            await asyncio.gather(_relay(reader, out), _relay(far, writer))
        except LogInRefused as refused:
            wrong.append(refused)
            writer.write(refused.answer)
        except (BadPostgresql, asyncio.IncompleteReadError) as error:
            wrong.append(error)
        finally:
            for each in (writer, *upstream):
                each.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1], wrong


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


def _run(
    server: Server,
    session: Session,
    one: Credential,
    client: Callable[[int], object],
    *,
    tls: ssl.SSLContext | None = None,
) -> tuple[object, list[BaseException]]:
    async def run() -> tuple[object, list[BaseException]]:
        async with between(server, session, one, tls=tls) as (port, wrong):
            return await asyncio.to_thread(client, port), wrong

    return asyncio.run(run())


def _who(session: Session, user: str, **more: object) -> Callable[[int], object]:
    def client(port: int) -> object:
        try:
            with psycopg.connect(
                host="127.0.0.1",
                port=port,
                user=user,
                dbname="postgres",
                **{"password": session.text("password"), **more},
            ) as database:
                return database.execute("SELECT current_user, repeat('x', 200000)").fetchone()[0]
        except psycopg.OperationalError as error:
            return error

    return client


def _credential(way: str, password: str = _PASSWORD) -> tuple[Credential, Session]:
    one = credential("postgresql", user=way, password=password)
    return one, Session(one)


@pytest.mark.parametrize("way", _WAYS)
def test_whatever_the_server_asks_for_a_client_with_a_placeholder_is_let_in_over_tls(
    server: Server, way: str
) -> None:
    one, session = _credential(way)
    assert _run(server, session, one, _who(session, way), tls=server.trusted) == (way, [])


@pytest.mark.parametrize("way", _WAYS)
def test_without_tls_only_a_proof_is_given(server: Server, way: str) -> None:
    one, session = _credential(way)
    came, wrong = _run(server, session, one, _who(session, way))
    if way == "scram":
        assert (came, wrong) == (way, [])
    else:
        assert "in a way that it is not given" in str(came)
        assert [type(each) for each in wrong] == [LogInRefused]


def test_psql_works_unmodified(server: Server, tmp_path: Path) -> None:
    psql = shutil.which("psql")
    if psql is None:
        missing("psql", "scripts/install-test-needs")
    one, session = _credential("scram")

    def client(port: int) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PGPASSWORD": session.text("password"),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": "scram",
            "PGDATABASE": "postgres",
        }
        command = [psql, "-X", "-A", "-t", "-c", "SELECT current_user, 6 * 7"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert _run(server, session, one, client, tls=server.trusted) == ("scram|42\n", [])


def test_a_query_is_cancelled(server: Server) -> None:
    one, session = _credential("scram")

    def client(port: int) -> object:
        with psycopg.connect(
            host="127.0.0.1",
            port=port,
            user="scram",
            dbname="postgres",
            password=session.text("password"),
            autocommit=True,
        ) as database:
            begun = threading.Event()
            database.add_notice_handler(lambda _notice: begun.set())
            canceller = threading.Thread(target=lambda: begun.wait() and database.cancel_safe())
            canceller.start()
            with pytest.raises(psycopg.errors.QueryCanceled):
                database.execute("DO $$ BEGIN RAISE WARNING 'begun'; PERFORM pg_sleep(60); END $$")
            canceller.join()
            return database.execute("SELECT 1").fetchone()

    assert _run(server, session, one, client, tls=server.trusted) == ((1,), [])


def test_a_wrong_password_in_the_vault_is_told_in_the_servers_own_words(server: Server) -> None:
    one, session = _credential("scram", "another password")
    came, wrong = _run(server, session, one, _who(session, "scram"), tls=server.trusted)
    assert 'password authentication failed for user "scram"' in str(came)
    assert [(type(each), "28P01" in each.what) for each in wrong] == [(LogInRefused, True)]
    assert "another password" not in str(wrong[0]) + str(came)


def test_a_server_with_another_name_gets_nothing(server: Server) -> None:
    one, session = _credential("clear")
    came, wrong = _run(server, session, one, _who(session, "clear"), tls=ssl.create_default_context())
    assert "certificate is not good" in str(came)
    assert [type(each) for each in wrong] == [LogInRefused]


@pytest.mark.parametrize(
    ("user", "more", "said"),
    [
        ("scram", {"password": _PASSWORD}, "none of this session's placeholders"),
        ("scram", {"password": "x"}, "none of this session's placeholders"),
        ("md5", {}, "for another user"),
    ],
)
def test_a_client_without_the_placeholder_or_with_another_user_gets_nowhere(
    server: Server, user: str, more: dict[str, str], said: str
) -> None:
    one, session = _credential("scram")
    came, wrong = _run(server, session, one, _who(session, user, **more), tls=server.trusted)
    assert said in str(came)
    assert [type(each) for each in wrong] == [LogInRefused]


def test_the_placeholder_of_another_kind_is_no_password(server: Server) -> None:
    one = credential("postgresql", user="scram", password=_PASSWORD)
    session = Session(one, credential("bearer", name="b"))
    came, _ = _run(server, session, one, _who(session, "scram", password=session.text("token", "b")))
    assert "none of this session's placeholders" in str(came)


def test_a_credential_that_was_set_anew_for_another_user_is_not_used(server: Server) -> None:
    _, session = _credential("scram")
    other = credential("postgresql", user="md5", password=_PASSWORD)
    came, _ = _run(server, session, other, _who(session, "scram"), tls=server.trusted)
    assert "another than when this session began" in str(came)


async def _asked(*sent: bytes) -> object:
    reader = asyncio.StreamReader()
    reader.feed_data(b"".join(sent))
    reader.feed_eof()

    class Nowhere:
        def write(self, data: bytes) -> None:
            pass

        async def drain(self) -> None:
            pass

    return await ask_client(reader, Nowhere(), Session(credential("postgresql")).meaning)


def _startup(body: bytes, code: int = 196_608) -> bytes:
    return message(b"", struct.pack("!I", code) + body)


@pytest.mark.parametrize(
    "sent",
    [
        [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
        [struct.pack("!I", 2**31) + b"x" * 100],
        [struct.pack("!I", 4)],
        [_startup(b"user\0app\0\0", code=131_072)],
        [_startup(b"user\0app\0")],
        [_startup(b"user\0app")],
        [_startup(b"user\0app\0user\0root\0\0")],
        [_startup(b"user\0\xff\0\0")],
        [_startup(b"user\0app\0\0"), b"Q" + struct.pack("!I", 4)],
        [_startup(b"user\0app\0\0"), b"p" + struct.pack("!I", 2**30)],
        [_startup(b"user\0app\0\0"), message(b"p", b"a\0b\0")],
        [message(b"", struct.pack("!I", 80_877_103)) * 100],
    ],
)
def test_what_no_client_sends_is_refused(sent: list[bytes]) -> None:
    with pytest.raises((BadPostgresql, asyncio.IncompleteReadError)):
        asyncio.run(_asked(*sent))


def _scripted(
    *answers: bytes | Callable[[bytes], bytes], tls: ssl.SSLContext | None = None
) -> Callable[[], Awaitable[None]]:
    """A login at a server that says this, one after the other; some of it is made of what it is sent."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for each in answers:
            sent = await reader.read(65_536)
            writer.write(each(sent) if callable(each) else each)
            await writer.drain()
        writer.close()

    async def run() -> None:
        one, session = _credential("scram")
        text = session.text("password")
        opening_bytes = [_startup(b"user\0scram\0\0"), message(b"p", text.encode() + b"\0")]
        reader = asyncio.StreamReader()
        reader.feed_data(b"".join(opening_bytes))

        class Nowhere:
            def write(self, data: bytes) -> None:
                pass

            async def drain(self) -> None:
                pass

        opening = await ask_client(reader, Nowhere(), session.meaning)
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            far, out = await asyncio.open_connection("127.0.0.1", port)
            try:
                await log_in(opening, one, far, out, host=_NAME, tls=tls, randomness=os.urandom)
            finally:
                out.close()

    return run


def _auth(how: int, rest: bytes = b"") -> bytes:
    return message(b"R", struct.pack("!I", how) + rest)


_OFFER = _auth(10, b"SCRAM-SHA-256\0\0")


@pytest.mark.parametrize(
    "answers",
    [
        [_auth(3)],
        [_auth(5, b"salt")],
        [_auth(7)],
        [_auth(10, b"SCRAM-SHA-1\0\0")],
        [_OFFER, _auth(11, b"r=other,s=AAAA,i=4096")],
        [_OFFER, _auth(11, b"nonsense")],
        [_OFFER, _auth(12, b"v=AAAA")],
        [_OFFER, _auth(0)],
        [message(b"v", b"\0" * 8) * 100],
        [b"R" + struct.pack("!I", 2**30)],
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [message(b"E", b"SFATAL\0C53300\0Mtoo many\0\0")],
    ],
)
def test_a_server_that_says_something_else_gets_no_password(answers: list[bytes]) -> None:
    with pytest.raises((LogInRefused, BadPostgresql, asyncio.IncompleteReadError)) as wrong:
        asyncio.run(_scripted(*answers)())
    assert _PASSWORD not in repr(wrong.value)


def test_a_server_that_does_not_know_the_password_is_found_out() -> None:
    def challenge(sent: bytes) -> bytes:
        return _auth(11, b"r=" + sent.rpartition(b"r=")[2] + b"x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")

    with pytest.raises(LogInRefused, match="does not know the password"):
        asyncio.run(_scripted(_OFFER, challenge, _auth(12, b"v=" + b"A" * 43 + b"=") + _auth(0))())


@pytest.mark.parametrize("answer", [b"N", b"S" + _auth(3), b"E", b""])
def test_nothing_is_said_to_a_server_without_tls(answer: bytes) -> None:
    """Nor is anything heard that somebody put in before it began."""
    with pytest.raises(LogInRefused, match="does not speak TLS"):
        asyncio.run(_scripted(answer, tls=ssl.create_default_context())())


def test_a_refusal_reads_as_an_error_of_a_server() -> None:
    assert refusal("what", "hint") == message(b"E", b"SFATAL\0VFATAL\0C28000\0Mwhat\0Hhint\0\0")

"""Raw connections: passed unread; and PostgreSQL's, whose password is put in. Client and server are real."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from broker_scene import Scene, policy
from egress.two_processes import Box, play, tunnel
from needs import missing
from postgresql_server import binaries, running_server
from ringfence.egress.messages import Refused, Welcome
from ringfence.ledger.events.decision_made import DecisionMade
from vaults import WHOLE

_HOST = "db.example.com"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    programs = binaries()
    if programs is None:
        missing("a PostgreSQL server", "scripts/install-test-needs")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    with running_server(programs, port=free) as dsn:
        with psycopg.connect(dsn, autocommit=True) as database:
            database.execute(f"CREATE ROLE app LOGIN PASSWORD '{WHOLE['postgresql']['password']}'")
            rules = Path(parse_qs(urlsplit(dsn).query)["host"][0]) / "data" / "pg_hba.conf"
            rules.write_text("host all app 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
            database.execute("SELECT pg_reload_conf()")
        yield free


def _scene(folder: Path, port: int, *, credentials: str = "{name: one, host: db.example.com}") -> Scene:
    to = f"connect_to: [{{host: {_HOST}, to_host: 127.0.0.1, to_port: {port}, tls: false}}]"
    network = f"{{host: {_HOST}, port: 5432, raw: true}}"
    return Scene(folder, policy(folder=folder, network=network, credentials=credentials, egress=to))


def _asked(scene: Scene, password: str) -> object:
    """What a client gets, whose connections are carried as a proxy does it."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        welcome, fds = await scene.arrive(_HOST, 5432, tls=False, raw=True)
        assert isinstance(welcome, Welcome), welcome
        far_reader, far = await asyncio.open_connection(sock=socket.socket(fileno=fds[0]))
        await asyncio.gather(carry(reader, far), carry(far_reader, writer))
        scene.gone(welcome.connection)

    def ask(at: int) -> object:
        dsn = f"host=127.0.0.1 port={at} user=app dbname=postgres sslmode=prefer connect_timeout=5"
        try:
            with psycopg.connect(dsn, password=password) as database:
                return database.execute("SELECT current_user || repeat('x', 100000)").fetchone()
        except psycopg.OperationalError as error:
            return str(error)

    async def act() -> object:
        listener = await asyncio.start_server(accept, "127.0.0.1", 0)
        async with listener:
            return await asyncio.to_thread(ask, listener.sockets[0].getsockname()[1])

    return act()


def test_a_client_logs_in_with_its_placeholder(tmp_path: Path, port: int) -> None:
    scene = _scene(tmp_path, port)
    scene.keep("postgresql", _HOST)

    async def act(scene: Scene) -> None:
        opened = await scene.open()
        environment = dict(opened.environment)
        assert await _asked(scene, environment["PGPASSWORD"]) == ("app" + "x" * 100_000,)
        session = scene.broker.core.sessions["s1"]
        assert session.budgets.received > 100_000

    scene.play(act)
    used = [each for each in scene.recorded() if isinstance(each, DecisionMade)]
    assert [each.action["action"] for each in used] == ["host.connect", "credential.use"]
    assert WHOLE["postgresql"]["password"] not in repr(scene.recorded())


@pytest.mark.parametrize("password", [WHOLE["postgresql"]["password"], "anything"], ids=["its own", "wrong"])
def test_a_client_with_a_password_of_its_own_is_refused(tmp_path: Path, port: int, password: str) -> None:
    scene = _scene(tmp_path, port)
    scene.keep("postgresql", _HOST)

    async def act(scene: Scene) -> None:
        await scene.open()
        assert "none of this session's placeholders" in str(await _asked(scene, password))

    scene.play(act)


def test_a_credential_that_the_policy_does_not_let_is_not_used(tmp_path: Path, port: int) -> None:
    scene = _scene(tmp_path, port, credentials="{name: one, host: other.example.com}")
    scene.keep("postgresql", _HOST)

    async def act(scene: Scene) -> None:
        opened = await scene.open()
        answer = str(await _asked(scene, dict(opened.environment)["PGPASSWORD"]))
        assert "credential.use one db.example.com CONNECT /: denied" in answer

    scene.play(act)


def test_a_raw_connection_leads_to_its_host_and_ends_with_its_grant(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scene = _scene(tmp_path, listener.getsockname()[1], credentials="")

        async def act(scene: Scene) -> None:
            await scene.open()
            other, _ = await scene.arrive(_HOST, 5433, tls=False, raw=True)
            assert isinstance(other, Refused)
            welcome, (fd,) = await scene.arrive(_HOST, 5432, tls=False, raw=True)
            assert isinstance(welcome, Welcome)
            with listener.accept()[0] as far:
                os.write(fd, b"hello")
                assert far.recv(10) == b"hello"
                scene.write_policy(policy(folder=tmp_path))
                await scene.revokes.wait()
                assert far.recv(1) == b""
            os.close(fd)

        scene.play(act)


def test_a_client_that_insists_on_tls_gets_it_from_the_session_s_authority(tmp_path: Path, port: int) -> None:
    if shutil.which("psql") is None:
        missing("psql", "scripts/install-test-needs")
    scene = _scene(tmp_path, port)
    scene.keep("postgresql", _HOST)

    def act(box: Box) -> None:
        with tunnel(box.port, f"{_HOST}:5432") as at:
            dsn = f"host={_HOST} hostaddr=127.0.0.1 port={at} user=app dbname=postgres connect_timeout=5"
            trust = f"sslmode=verify-full sslrootcert={box.ca_file}"
            said = _psql(f"{dsn} {trust}", box.given()["one"]["password"])
            assert said == "app" + "x" * 100_000 + "\n"

    play(scene, act)


def _psql(dsn: str, password: str) -> str:
    """What it prints."""
    command = [*("psql", "-X", "-A", "-t", "-w", "-c", "SELECT current_user || repeat('x', 100000)"), dsn]
    environment = {"PATH": os.environ["PATH"], "PGPASSWORD": password, "HOME": "/nonexistent"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    return ran.stdout + ran.stderr

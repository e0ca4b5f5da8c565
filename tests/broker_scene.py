"""A broker with all that belongs to it: real doors, ledger and vault, and TLS servers on this machine.

Names lead to the servers by the policy's `connect_to`, as an operator would have it.
"""

import asyncio
import dataclasses
import os
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from doors import door_in, now, places
from ringfence.app.vault.keeping import Keeper, set_credential
from ringfence.core.action_types import Durability
from ringfence.core.secrets import Secret
from ringfence.egress.broker.dialing import Dialer, resolved
from ringfence.egress.broker.house import House
from ringfence.egress.broker.releasing import Releasing
from ringfence.egress.broker.serving import Broker
from ringfence.egress.channel import Answer, Channel
from ringfence.egress.messages import (
    Arrive,
    Ask,
    Gone,
    OpenSession,
    Proceed,
    Refused,
    SessionOpened,
    Welcome,
)
from ringfence.egress.sealed_frames import (
    END,
    FrameKind,
    SealedHead,
    body_frames,
    head_in,
    read_frame,
    refused_in,
)
from ringfence.egress.wire import Message
from ringfence.gate.door import Door
from ringfence.gate.policies import Policies
from ringfence.protocols.http import Headers, RequestHead
from ringfence.vault.credential import Binding, Credential
from ringfence.vault.kinds import kind_named
from ringfence.wiring.vault import vault_in
from vaults import WHOLE, nobody

Handler = Callable[[bytes], bytes]
"""From a whole request to the bytes that answer it; none: the connection is closed."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """An authority of the test's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    return _signed(name, name, key, key, None), key


def _signed(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    host: str | None,
) -> x509.Certificate:
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
    )
    if host is not None:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return made.sign(by, hashes.SHA256())


@dataclass
class Server:
    """A TLS server that answers whole requests of HTTP/1.1, and keeps what it was sent."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    closed: int = 0


@contextmanager
def server(
    folder: Path,
    handler: Handler = lambda _request: OK,
    *,
    host: str = "api.example.com",
    ca: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    talk: Callable[[ssl.SSLSocket], None] | None = None,
    alpn: Sequence[str] = (),
) -> Iterator[Server]:
    """One for this host, whose authority stands in `folder`/ca.pem; `talk` has the connection for itself."""
    certificate, ca_key = ca or authority()
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    leaf = _signed(name, certificate.subject, key, ca_key, host)
    chain = folder / f"{host}.pem"
    chain.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + leaf.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    listener = socket.create_server(("127.0.0.1", 0))
    made = Server(port=listener.getsockname()[1])
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(plain,), daemon=True).start()

    def one(plain: socket.socket) -> None:
        try:
            with context.wrap_socket(plain, server_side=True) as tls:
                made.connections += 1
                if talk is not None:
                    talk(tls)
                    return
                while (request := _request(tls)) is not None:
                    made.requests.append(request)
                    answer = handler(request)
                    if not answer:
                        return
                    tls.sendall(answer)
        except OSError:
            return
        finally:
            made.closed += 1
            plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _request(tls: ssl.SSLSocket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = tls.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if b"content-length" in fields:
        while len(body) < int(fields[b"content-length"]):
            piece = tls.recv(65536)
            if not piece:
                return None
            body += piece
    elif fields.get(b"transfer-encoding") == b"chunked":
        while not body.endswith(b"0\r\n\r\n"):
            piece = tls.recv(65536)
            if not piece:
                return None
            body += piece
    return head + b"\r\n\r\n" + body


def policy(
    *ports: tuple[str, int],
    network: str = "",
    credentials: str = "",
    folder: Path,
    more: str = "",
    egress: str = "",
    requests: str = "requests: 1000000/minute",
) -> str:
    """A system's policy for the agent `claude`; each host leads to a port of this machine."""
    leads = "".join(
        f"\n          - {{host: {host}, to_host: 127.0.0.1, to_port: {port}, ca: {folder}/ca.pem}}"
        for host, port in ports
    )
    to = f"connect_to: {leads}" if ports else ""
    return f"""
version: 1
agents:
  profiles:
    claude:
      network: [{network}]
      credentials: [{credentials}]
      egress:
        {requests}
        {to}
        {egress}
{more}
"""


class Scene:
    """A broker, its daemon and its proxy: the test is both."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        (folder / "tree").mkdir(exist_ok=True)
        self.door = door_in(folder, text)
        self.vault = vault_in(folder / "state", ask=nobody)
        self.keeper = Keeper(door=self.door, vault=self.vault)
        self.revoked: list[Message] = []
        self.asked_s = 0.0
        self.revokes = asyncio.Event()
        self.rotated: list[tuple[str, bytes]] = []

    def write_policy(self, text: str) -> None:
        (self.folder / "system.yaml").write_text(text)

    def keep(self, kind: str, *hosts: str, name: str = "one", **more: tuple[str, ...]) -> Credential:
        """Puts a credential into the vault, before there is a policy in its way."""
        values = WHOLE[kind]
        return set_credential(
            self.keeper,
            name,
            kind_named(kind),
            values,
            Binding(hosts=hosts, **more),  # type: ignore[arg-type]
        )

    def house(self) -> House:
        def session_door(begins: OpenSession) -> Door:
            return dataclasses.replace(
                self.door,
                policies=Policies(
                    places(self.folder),
                    state=self.folder / "state",
                    record=lambda event: self.door.ledger.append(
                        event, stream=self.door.stream, durability=Durability.FSYNC
                    ),
                ),
                stream=f"session/{begins.session}",
                enforcing=True,
            )

        def rotated(credential: Credential, secret: Secret) -> None:
            self.rotated.append((credential.name, secret.reveal()))

        return House(
            door=session_door,
            releasing=Releasing(vault=self.vault, seals=self.door.seals, recorded=self.keeper.recorded),
            seals=self.door.seals,
            dialer=Dialer(seals=self.door.seals, resolve=resolved, timeout_s=5),
            rotated=rotated,
            read_ca=lambda path: path.read_text(),
            read_pac=lambda path: path.read_text(),
            ask_pac=lambda _question: "DIRECT",
            scripts=self.folder / "state",
            blocking=ThreadPoolExecutor(8),
            now=now,
            clock=time.monotonic,
            randomness=os.urandom,
            asked_s=self.asked_s,
        )

    def play(self, act: "Callable[[Scene], Awaitable[None]]") -> None:
        """Runs the act while the broker is there."""

        async def run() -> None:
            house = self.house()
            self.broker = Broker(house=house)
            ours, theirs = socket.socketpair()
            self.broker.stand_in(theirs)
            self.proxy = Channel(ours, self._told)
            running = asyncio.create_task(self.proxy.run())
            watching = asyncio.create_task(self.broker.watch())
            try:
                await asyncio.wait_for(act(self), 30)
            finally:
                watching.cancel()
                self.proxy.close()
                self.broker.close()
                await asyncio.gather(running, watching, *self.broker.proxies, return_exceptions=True)
                house.blocking.shutdown()

        asyncio.run(run())
        self.door.ledger.close()

    async def _told(self, message: Message, _fds: Sequence[int]) -> Answer:
        self.revoked.append(message)
        self.revokes.set()
        return None, ()

    async def open(self, session: str = "s1", agent: str = "claude", state: str = "") -> SessionOpened:
        """A session."""
        asked = OpenSession(session=session, agent=agent, folder=str(self.folder / "tree"), state=state)
        answer, _ = await self.broker.daemon_asks(asked, ())
        assert isinstance(answer, SessionOpened), answer
        return answer

    async def arrive(
        self,
        host: str = "api.example.com",
        port: int = 443,
        *,
        session: str = "s1",
        tls: bool = True,
        raw: bool = False,
    ) -> "tuple[Welcome | Refused, list[int]]":
        """A connection."""
        asked = Arrive(
            session=session,
            host=host,
            port=port,
            tls=tls,
            source=("127.0.0.1", 1),
            destination=("198.18.0.1", port),
            raw=raw,
        )
        answer, fds = await self.proxy.ask(asked)
        assert isinstance(answer, Welcome | Refused)
        return answer, fds

    async def connection(self, host: str = "api.example.com", *, session: str = "s1", port: int = 443) -> int:
        """The number of one that may be."""
        answer, _ = await self.arrive(host, port, session=session)
        assert isinstance(answer, Welcome), answer
        return answer.connection

    async def ask(self, connection: int, asked: Ask) -> "tuple[Proceed | Refused, list[int]]":
        """A request."""
        answer, fds = await self.proxy.ask(dataclasses.replace(asked, connection=connection))
        assert isinstance(answer, Proceed | Refused)
        return answer, fds

    async def exchange(
        self, connection: int, asked: Ask, body: Sequence[bytes] = ()
    ) -> "tuple[SealedHead | Refused, bytes]":
        """A whole request on the sealed leg, as a proxy makes it. A refusal has no body."""
        answer, fds = await self.ask(connection, asked)
        if isinstance(answer, Refused):
            return answer, b""
        assert fds, answer
        return await stream(fds[0], body)

    def gone(self, connection: int) -> None:
        """The connection is over."""
        self.proxy.tell(Gone(connection=connection))

    def recorded(self, stream: str = "session/s1") -> list[object]:
        """What the ledger has of a session."""
        return [each.event for each in self.door.ledger.read(stream=stream)]


class BrokenOff(Exception):
    """The stream ended without the end of the body."""


async def stream(fd: int, body: Sequence[bytes] = ()) -> "tuple[SealedHead | Refused, bytes]":
    """Sends a body and reads the answer."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=fd))
    try:
        for piece in body:
            for frame in body_frames(piece):
                writer.write(frame)
        writer.write(END)
        first = await read_frame(reader)
        if first is None:
            raise BrokenOff
        if first[0] is FrameKind.REFUSED:
            return refused_in(first[1]), b""
        head, data = head_in(first[1]), b""
        while True:
            frame = await read_frame(reader)
            if frame is None:
                raise BrokenOff
            if frame[0] is FrameKind.END:
                return head, data
            data += frame[1]
    finally:
        writer.close()


def request(
    target: str = "/", method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Ask:
    """A request with its whole body; the connection is put in later."""
    items = {"Host": "api.example.com", **(headers or {})}
    return Ask(
        connection=0,
        head=RequestHead(method=method, target=target, headers=Headers(tuple(items.items()))),
        body=body,
        is_whole=True,
        length=len(body) if body else None,
    )

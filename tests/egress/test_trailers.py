"""What comes behind chunked bodies of HTTP/1.1, on both legs, through a real daemon, broker and proxy."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from broker_scene import Scene, policy, request, server
from daemon_scene import attach, daemon, listener
from ringfence.egress.sealed_frames import END, FrameKind, read_frame, trailers_in
from vaults import TOKEN

WHOLE = "{host: api.example.com}"
NARROW = "{host: api.example.com, methods: [GET]}"
BODY = b"3\r\nabc\r\n"
TRAILERS = (
    b"X-Sum: 900150983cd2\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\nConnection: x-mine\r\nX-Mine: 1\r\n"
)
ANSWER = b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY + b"0\r\n"


def _asked(
    at: socket.socket, ca: str, folder: Path, *more: str, method: str = "GET", body: bytes = b""
) -> tuple[bytes, bytes]:
    """Head and body of the answer, as they come."""
    trusts = folder / "trusted.pem"
    trusts.write_text(ca)
    with socket.create_connection(at.getsockname(), 20) as plain:
        plain.sendall(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 200")
        context = ssl.create_default_context(cafile=str(trusts))
        with context.wrap_socket(plain, server_hostname="api.example.com") as tls:
            lines = [f"{method} / HTTP/1.1", "Host: api.example.com", *more, "Connection: close, TE", "", ""]
            tls.sendall("\r\n".join(lines).encode() + body)
            data = b""
            while piece := tls.recv(4096):
                data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize("network", [WHOLE, NARROW], ids=["plain", "sealed"])
def test_trailers_go_to_whom_they_are_for_without_those_that_mean_the_message(tmp_path, network):
    with server(tmp_path, lambda _asked: ANSWER + TRAILERS + b"\r\n") as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=network)
        with daemon(tmp_path, text) as here, here.open() as box, listener() as one:
            attach(box, one)
            ca = box.opened.certificate_pem
            head, body = _asked(one, ca, tmp_path, "TE: trailers")
            assert head.startswith(b"HTTP/1.1 200")
            assert body == BODY + b"0\r\nX-Sum: 900150983cd2\r\n\r\n"
            _, body = _asked(one, ca, tmp_path)
            assert body == BODY + b"0\r\n\r\n"
        with_te, without = host.requests
        assert b"\r\nTE: trailers\r\n" in with_te
        assert b"\r\nConnection: TE\r\n" in with_te
        assert b"TE" not in without


@pytest.mark.parametrize("network", [WHOLE, NARROW.replace("GET", "POST")], ids=["plain", "sealed"])
def test_those_of_a_request_are_dropped_and_nobody_is_told_of_them(tmp_path, network):
    with server(tmp_path) as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=network)
        with daemon(tmp_path, text) as here, here.open() as box, listener() as one:
            attach(box, one)
            more = ("Transfer-Encoding: chunked", "Trailer: X-Sum")
            sent = BODY + b"0\r\n" + TRAILERS + b"\r\n"
            head, body = _asked(one, box.opened.certificate_pem, tmp_path, *more, method="POST", body=sent)
            assert (head.startswith(b"HTTP/1.1 200"), body) == (True, b"ok")
        (asked,) = host.requests
        assert asked.partition(b"\r\n\r\n")[2] in (b"abc", BODY + b"0\r\n\r\n")
        assert (b"X-Sum" in asked, b"Trailer" in asked) == (False, False)


@pytest.mark.parametrize("network", [WHOLE, NARROW], ids=["plain", "sealed"])
def test_what_is_no_trailer_breaks_the_answer_off(tmp_path, network):
    with server(tmp_path, lambda _asked: ANSWER + b"X-Sum: a\x00b\r\nHTTP/1.1 200 OK\r\n\r\n") as host:
        text = policy(("api.example.com", host.port), folder=tmp_path, network=network)
        with daemon(tmp_path, text) as here, here.open() as box, listener() as one:
            attach(box, one)
            try:
                _, body = _asked(one, box.opened.certificate_pem, tmp_path, "TE: trailers")
            except (OSError, AssertionError):
                return
        assert not body.endswith(b"0\r\n\r\n")
        assert b"X-Sum" not in body


def test_a_secret_is_taken_out_of_trailers_too(tmp_path):
    def echo(asked: bytes) -> bytes:
        seen = asked.split(b"Authorization: ")[1].split(b"\r\n")[0]
        return ANSWER + b"X-Seen: %b\r\n\r\n" % seen

    with server(tmp_path, echo) as host:
        one = "{name: one, host: api.example.com}"
        leads = ("api.example.com", host.port)
        scene = Scene(tmp_path, policy(leads, folder=tmp_path, network=NARROW, credentials=one))
        scene.keep("bearer", "api.example.com")

        async def act(scene: Scene) -> None:
            await scene.open()
            token = scene.broker.core.sessions["s1"].given["one"]["token"]
            asked = request(headers={"Authorization": f"Bearer {token}", "TE": "trailers"})
            _, (fd,) = await scene.ask(await scene.connection(), asked)
            reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=fd))
            writer.write(END)
            frames = []
            while (frame := await read_frame(reader)) is not None:
                frames.append(frame)
            writer.close()
            (trailers,) = [trailers_in(data) for kind, data in frames if kind is FrameKind.TRAILERS]
            assert trailers.items == (("X-Seen", f"Bearer {token}"),)

        scene.play(act)
        assert TOKEN.encode() in host.requests[0]

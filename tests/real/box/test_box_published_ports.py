"""Servers in a box that people open in a browser: reached at the machine's own port while the box runs."""

import base64
import json
import os
import shutil
import socket
import subprocess

import pytest

from needs import missing
from real.running import PATIENCE_S, USERS, Place, free_port, place, until

_ECHO = r"""
const http = require('http'), crypto = require('crypto');
const server = http.createServer((request, response) => response.end('page'));
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = crypto.createHash('sha1').update(key).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.on('data', frame => {
    const length = frame[1] & 127, mask = frame.subarray(2, 6), text = frame.subarray(6, 6 + length);
    socket.write(Buffer.concat([Buffer.from([0x81, length]), text.map((byte, at) => byte ^ mask[at % 4])]));
  });
});
server.listen(Number(process.argv[2]), 'localhost');
"""


def _publish(here: Place, *ports: str) -> None:
    here.policy(
        f"version: 1\nagents: {{profiles: {{'*': {{sandbox: {{publish: [{', '.join(ports)}]}}}}}}}}\n"
    )


def _curl(url: str) -> str:
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "20", url], capture_output=True, text=True, check=False
    )
    return done.stdout


@pytest.mark.parametrize("user", USERS)
def test_a_server_in_the_box_is_reached_from_outside_for_as_long_as_it_runs(user: str) -> None:
    port = free_port()
    with place(user) as here:
        here.write("page.txt", "from the box\n")
        _publish(here, f"{{port: 8000, at: {port}}}")
        running = here.start("run", "--", "python3", "-m", "http.server", "-b", "127.0.0.1", "8000")
        assert until(lambda: _curl(f"http://localhost:{port}/page.txt"), "the page") == "from the box\n"
        assert _curl(f"http://127.0.0.1:{port}/page.txt") == _curl(f"http://[::1]:{port}/page.txt")
        session = here.session()
        assert here.ringfence("kill", session).exit == 0
        _, err = running.communicate(timeout=PATIENCE_S)
        said = f"ports of this machine's localhost lead into the box: {port} to 8000"
        assert said in err.decode()
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0
        assert here.report(session)["published"] == [[port, 8000]]
        assert (
            f"ports of the machine led into it: {port} to 8000"
            in here.ringfence("run", "--report", session).out
        )


@pytest.mark.parametrize("user", USERS)
def test_a_page_of_node_and_its_web_socket_pass(user: str) -> None:
    if shutil.which("node") is None:
        missing("node", "scripts/install-test-needs")
    port = free_port()
    with place(user) as here:
        here.write("server.js", _ECHO)
        _publish(here, str(port))
        running = here.start("run", "--", "node", "server.js", str(port))
        assert until(lambda: _curl(f"http://localhost:{port}/"), "the page") == "page"
        with socket.create_connection(("localhost", port), 20) as client:
            key = base64.b64encode(os.urandom(16)).decode()
            client.sendall(
                f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
            )
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            assert head.startswith(b"HTTP/1.1 101 ")
            for text in (b"one", b"two"):
                client.sendall(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)
                assert client.recv(100) == bytes((0x81, len(text))) + text
        here.ringfence("kill", "--all")
        running.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize("user", USERS)
def test_a_port_that_is_taken_is_said_before_anything_starts(user: str) -> None:
    with place(user) as here, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _publish(here, str(port))
        done = here.run("touch", "started")
        assert (done.exit, done.out, here.names()) == (125, "", []), done
        assert f"port {port} of this machine cannot lead into the box: address already in use" in done.err
        assert "ringfence: hint: end what listens there, or name another" in done.err


def test_an_explanation_names_the_line_that_publishes_a_port() -> None:
    with place() as here:
        _publish(here, "{port: 8000, at: 18000}")
        done = here.ringfence("run", "--explain", "--json", "--", "true")
        at = f"{here.home}/.config/ringfence/ringfence.yaml:2"
        assert json.loads(done.out)["published"] == [{"port": 8000, "host_port": 18000, "at": at}]
        assert "port 18000 of this machine's" in here.ringfence("run", "--explain", "--", "true").out

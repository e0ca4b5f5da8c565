"""Sockets of a network where every address is its own."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from egress.scripted_broker import Host, House, house
from egress.upstream_servers import http_server
from needs import missing
from ringfence.egress.messages import Arrive, SocketKind

_PROGRAM = Path(__file__).parent / "any_address.py"
_ALONE = ("unshare", "--user", "--map-root-user", "--net")
_TLS = """
import ssl, socket
context = ssl.create_default_context(cafile=CA)
for address in ADDRESSES:
    connected = socket.create_connection((address, 443), timeout=20)
    with context.wrap_socket(connected, server_hostname=NAME) as tls:
        tls.sendall(b"GET / HTTP/1.1\\r\\nHost: api.test\\r\\nConnection: close\\r\\n\\r\\n")
        while data := tls.recv(65536):
            sys.stdout.write(data.decode())
"""
_DNS = """
import socket
for resolver in ("192.0.2.53", "198.51.100.53"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(20)
        asker.connect((resolver, 53))
        asker.send(bytes.fromhex("00070100000100000000000003617069047465737400" "00010001"))
        print(socket.inet_ntoa(asker.recv(512)[-4:]), flush=True)
"""


@contextmanager
def _inside(it: House, code: str) -> Iterator[str]:
    """What the code says in a network whose sockets the proxy serves."""
    if subprocess.run([*_ALONE, "true"], capture_output=True, check=False).returncode:
        missing("a network of one's own", "user namespaces")
    here, there = socket.socketpair()
    command = [*_ALONE, sys.executable, str(_PROGRAM), str(there.fileno()), code]
    with (
        here,
        subprocess.Popen(command, pass_fds=[there.fileno()], stdout=subprocess.PIPE, text=True) as inside,
    ):
        there.close()
        _, fds, _, _ = socket.recv_fds(here, 1, 8)
        sockets = [socket.socket(fileno=fd) for fd in fds]
        kinds = (SocketKind.ANY, SocketKind.ANY, SocketKind.DNS_UDP)
        it.ca_file.write_text(it.serve("s", list(zip(kinds, sockets, strict=True))))
        for each in sockets:
            each.close()
        here.send(b"x")
        said, _ = inside.communicate(timeout=60)
        assert inside.returncode == 0
        yield said


def test_a_program_that_dials_any_address_is_heard_with_the_address_that_it_dialled(tmp_path: Path) -> None:
    addresses = ("93.184.216.34", "2606:2800::1")
    code = f"CA, ADDRESSES, NAME = {str(tmp_path / 'ca.pem')!r}, {addresses!r}, 'api.test'\n{_TLS}"
    with (
        http_server() as address,
        house(tmp_path, {"api.test": Host(address=address)}) as it,
        _inside(it, code) as said,
    ):
        assert said.count("HTTP/1.1 200 OK") == 2
        arrived = it.broker.heard_of(Arrive)
        assert [each.destination for each in arrived] == [(each, 443) for each in addresses]
        assert {(each.host, each.port, each.tls) for each in arrived} == {("api.test", 443, True)}


def test_a_question_to_any_resolver_is_answered_from_the_address_that_was_asked(tmp_path: Path) -> None:
    with house(tmp_path) as it, _inside(it, _DNS) as said:
        assert said == "198.18.0.1\n198.18.0.1\n"


def test_who_dials_an_address_that_stands_for_a_name_means_the_name(tmp_path: Path) -> None:
    code = f"""{_DNS}
with socket.create_connection(("198.18.0.1", 443), timeout=20) as raw:
    raw.sendall(b"\\0\\0")
    try:
        raw.recv(1)
    except ConnectionResetError:
        pass
"""
    with house(tmp_path, {}) as it, _inside(it, code):
        (arrived,) = it.broker.heard_of(Arrive)
        assert (arrived.host, arrived.raw, arrived.destination) == ("api.test", True, ("198.18.0.1", 443))

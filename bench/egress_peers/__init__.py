"""What the way out is measured with: a server out there, our proxy with either broker, and mitmdump.

Each is a process of its own. mitmdump is installed below the bench's own folder; where it cannot be had,
nothing is measured against it.
"""

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ringfence.egress.authority import make_authority

__all__ = ["Started", "mitmdump", "ours", "upstream", "yielding"]

_VERSION = "mitmproxy==11.0.2"
_POLICY = """\
version: 1
agents:
  profiles:
    bench:
      network: [{{host: localhost, port: {port}}}]
      egress:
        connect_to: [{{host: localhost, to_host: 127.0.0.1, to_port: {port}, ca: {ca_file}}}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A process that serves."""

    port: int
    pids: tuple[int, ...]
    ca_file: Path  # whom clients have to trust


@contextmanager
def upstream(place: Path, *, repositories: Path | None = None) -> Iterator[Started]:
    """The server, which is `localhost`; with `repositories` git's."""
    authority = make_authority("outside", datetime.now(UTC))
    keys, ca_file = place / "upstream-key.pem", place / "upstream-ca.pem"
    ca_file.write_text(authority.certificate_pem)
    keys.write_text(authority.key_pem)
    arguments = ["-m", "bench.egress_peers.server", str(ca_file), str(keys)]
    if repositories is not None:
        arguments = ["-m", "bench.egress_peers.git_server", str(ca_file), str(keys), str(repositories)]
    with _running([sys.executable, *arguments], ca_file) as started:
        yield started


@contextmanager
def ours(place: Path, server: Started) -> Iterator[Started]:
    """The proxy and the broker, whose policy grants the server; with a ledger of its own."""
    home = place / "home"
    shutil.rmtree(home, ignore_errors=True)
    policy = home / ".config/ringfence/ringfence.yaml"
    policy.parent.mkdir(parents=True)
    policy.write_text(_POLICY.format(port=server.port, ca_file=server.ca_file))
    with _house(place / "session-ca.pem", server, str(home)) as started:
        yield started


@contextmanager
def yielding(place: Path, server: Started) -> Iterator[Started]:
    """The proxy alone: its broker allows all and records nothing."""
    with _house(place / "yielding-ca.pem", server) as started:
        yield started


@contextmanager
def _house(ca_file: Path, server: Started, *home: str) -> Iterator[Started]:
    arguments = ["-m", "bench.egress_peers.house", str(server.port), str(server.ca_file), str(ca_file)]
    with _running([sys.executable, *arguments, *home], ca_file) as started:
        yield started


@contextmanager
def mitmdump(place: Path, server: Started) -> Iterator[Started | None]:
    """The other proxy."""
    program = _installed(place)
    if program is None:
        yield None
        return
    settings = place / "mitmproxy-settings"
    arguments = [
        "-q",
        "-p",
        "0",
        "--set",
        f"confdir={settings}",
        "-s",
        str(Path(__file__).parent / "port.py"),
    ]
    trust = ["--set", f"ssl_verify_upstream_trusted_ca={server.ca_file}"]
    with _running([str(program), *arguments, *trust], settings / "mitmproxy-ca-cert.pem") as started:
        yield started


@contextmanager
def _running(command: Sequence[str], ca_file: Path) -> Iterator[Started]:
    """Each says on one line where it listens and which processes it has."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            yield Started(port=told["port"], pids=tuple(told["pids"]), ca_file=ca_file)
        finally:
            process.stdin.close()
            process.terminate()


def _installed(place: Path) -> Path | None:
    folder = place / "mitmproxy"
    program = folder / "bin/mitmdump"
    if not program.exists():
        print("fetching mitmproxy …", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", _VERSION]
        subprocess.run(pip, check=False, capture_output=True)
    return program if program.exists() else None

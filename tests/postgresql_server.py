"""A real PostgreSQL server of its own, in a temporary folder, run by an ordinary user."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["binaries", "running_server"]

_USER = "ringfence"


def binaries() -> Path | None:
    """The folder of the newest server that is installed; None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


@contextmanager
def running_server(programs: Path, *, port: int | None = None) -> Iterator[str]:
    """Its DSN, for as long as it runs. It listens on a socket in its folder and, if one is given, a port."""
    folder = Path(tempfile.mkdtemp(prefix="rf-pg-"))
    who: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    data = folder / "data"
    settings = [
        f"--unix_socket_directories={folder}",
        "--listen_addresses=127.0.0.1" if port else "--listen_addresses=",
    ]
    at = str(port or 5432)
    settings.append(f"--port={at}")
    make = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", _USER, "-E", "UTF8", "--no-sync"]
    # SIGQUIT is its quickest end, and comes when this process ends, however it ends.
    dies_with_us = [*(who or ["setpriv"]), "--pdeathsig=QUIT"]
    try:
        _run([*who, *make], folder)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*dies_with_us, str(programs / "postgres"), "-D", str(data), *settings],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            _run(
                [*who, str(programs / "pg_isready"), "-q", "-t", "30", "-h", str(folder), "-p", at],
                folder,
                server,
            )
            yield f"postgresql:///postgres?host={folder}&port={at}&user={_USER}"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def _run(command: list[str], folder: Path, until_it_ends: "subprocess.Popen[bytes] | None" = None) -> None:
    """Once; or, beside a server that starts, again until it succeeds or the server has ended."""
    while True:
        ran = subprocess.run(
            command,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if not ran.returncode:
            return
        if until_it_ends is None or until_it_ends.poll() is not None:
            raise subprocess.CalledProcessError(ran.returncode, command)

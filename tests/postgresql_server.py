"""A real PostgreSQL server of its own, in a temporary folder, run by an ordinary user."""

import os
import pwd
import shutil
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
def running_server(programs: Path) -> Iterator[str]:
    """Its DSN, for as long as it runs. It listens on a socket in its folder and on no port."""
    folder = Path(tempfile.mkdtemp(prefix="rf-pg-"))
    who: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    data = folder / "data"
    settings = f"-c listen_addresses= -c unix_socket_directories={folder}"
    control = [*who, str(programs / "pg_ctl"), "-D", str(data), "-w", "-s"]
    try:
        initdb = [
            str(programs / "initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            _USER,
            "-E",
            "UTF8",
            "--no-sync",
        ]
        _run([*who, *initdb], folder)
        _run([*control, "-l", str(folder / "log"), "-o", settings, "start"], folder)
        try:
            yield f"postgresql:///postgres?host={folder}&user={_USER}"
        finally:
            _run([*control, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], folder: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True
    )

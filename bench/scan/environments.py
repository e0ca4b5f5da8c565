"""Environments for each scanner and for the maker of benign files, of the versions that are named here."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["python_of"]

_HERE = Path(__file__).resolve().parent


def python_of(name: str, place: Path, *, folder: Path = _HERE) -> Path | None:
    """The Python of the environment `name`, made when its versions changed; None when they cannot be had."""
    wanted = folder / f"{name}.txt"
    home = place / name
    stamp = home / "versions.sha256"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    python = home / "bin/python"
    if stamp.exists() and stamp.read_text() == digest:
        return python
    print(f"installing {name} …", file=sys.stderr)
    venv.create(home, with_pip=True, symlinks=True)  # copies would be written through links
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        str(wanted),
    ]
    if subprocess.run(command, check=False).returncode:
        return None
    stamp.write_text(digest)
    return python

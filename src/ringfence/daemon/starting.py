"""Starts a daemon where none runs: the interpreter anew, so that it has nothing of whoever wanted it first.

A fork would have the user's environment, with its tokens, in its memory for as long as it runs, and so would
the proxy, which is forked from it. The few variables that say where things lie go through a file without a
name that nobody but the broker reads.
"""

import hashlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ringfence import __version__
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.gate.state import make_folder

__all__ = ["FOLDER", "LOG", "NotStarted", "Starting", "kept_variables", "place_of", "start"]

_NAMED = frozenset({"HOME", "DBUS_SESSION_BUS_ADDRESS"})
_BEGINNINGS = ("XDG_", "RINGFENCE_", "PG")  # where state, configuration and ledger lie, and how to get there
FOLDER = "daemons"
"""Below ringfence's state folder."""

LOG = "log"
"""In its folder: what it and its children say."""

_LOG_BYTES = 1 << 20
_PROGRAM = """
import json, sys
path, given = map(json.loads, sys.argv[1:])
sys.path[:] = path
from ringfence.cli.daemon import serve
serve(**given)
"""


def kept_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What the broker needs of an environment, sorted."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if name in _NAMED or name.startswith(_BEGINNINGS)
    }


def place_of(state: Path, variables: Mapping[str, str]) -> Path:
    """The folder of the daemon for these variables, of this version; those of others run beside it."""
    what = json.dumps([__version__, sys.executable, sys.path, *variables.items()])
    return state / FOLDER / hashlib.sha256(what.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class NotStarted(RingfenceError):
    """This machine starts no daemon."""


@dataclass(slots=True)
class Starting:
    """A daemon that was started and may not listen yet."""

    _ready: int

    def wait(self) -> None:
        """Until it listens, another one does, or it has ended; whoever then connects finds out."""
        told = select.poll()
        told.register(self._ready, select.POLLIN)
        told.poll(LIMITS.start_wait_s * 1000)
        self.close()

    def close(self) -> None:
        """Waits no longer."""
        if self._ready >= 0:
            os.close(self._ready)
            self._ready = -1


def start(folder: Path, variables: Mapping[str, str]) -> Starting:
    """Starts one for that folder. It goes on when this process ends.

    Raises:
        StateRefused: the folder is not as it must be.
        NotStarted: no process can be had.
    """
    make_folder(folder)
    ready, told = os.pipe()
    given = os.memfd_create("environment")
    with suppress(OSError):
        if (folder / LOG).stat().st_size > _LOG_BYTES:
            (folder / LOG).unlink()
    log = os.open(folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(given, json.dumps(dict(variables)).encode("utf-8", "surrogateescape"))
        asked = {"folder": str(folder), "environment": given, "ready": told}
        subprocess.Popen(  # noqa: S603  the interpreter that runs this
            (sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM, json.dumps(sys.path), json.dumps(asked)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            pass_fds=(given, told),
            env={},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        os.close(ready)
        raise NotStarted(
            f"what answers boxes cannot be started: {os.strerror(error.errno or 0).lower()}",
            hint=f"it is {sys.executable}: may you execute that?",
        ) from error
    except BaseException:
        os.close(ready)
        raise
    finally:
        for each in (told, given, log):
            os.close(each)
    return Starting(ready)

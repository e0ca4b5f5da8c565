"""Who is not its user, and who is in a box, asks the daemon for a session: with its answer come placeholders
and the key of an authority.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boxes import tree_of
from broker_scene import policy
from daemon_scene import WHOLE, daemon
from real.running import place, until
from real.world import host, lead
from ringfence.daemon.client import DaemonGone, answered
from ringfence.daemon.control import Open
from ringfence.egress.wire import encode_fields
from ringfence.sandbox.framing import send

_ANOTHER = 1001
_HEARS_ANYBODY = """
from ringfence.daemon import serving
serving.is_own = lambda _connection: True
"""


@contextmanager
def _another() -> Iterator[None]:
    os.seteuid(_ANOTHER)
    try:
        yield
    finally:
        os.seteuid(0)


def _got(folder: Path) -> str:
    """What another user has of asking there."""
    asked = Open(session="theirs", agent="claude", folder="/")
    with socket.socket(socket.AF_UNIX) as made:
        made.settimeout(30)
        try:
            with _another():
                made.connect(str(folder / "control.sock"))
        except PermissionError:
            return "no connection"
        try:
            send(made, json.dumps(encode_fields(asked)).encode())
            return "a key" if answered(made.dup()).opened.key_pem else "nothing"
        except (DaemonGone, OSError):
            return "no answer"


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is played by root alone")
@pytest.mark.parametrize(
    ("is_open", "program", "expected"),
    [(False, "", "no connection"), (True, "", "no answer"), (True, _HEARS_ANYBODY, "a key")],
    ids=["as it is", "with its folder open", "and no look at who asks"],
)
def test_another_user_gets_no_session(is_open: bool, program: str, expected: str) -> None:
    with (
        tree_of("ordinary") as folder,
        daemon(folder, policy(folder=folder, network=WHOLE), program=program, user="ordinary") as here,
        here.open(),
    ):
        here.folder.chmod(0o755)
        if is_open:
            (here.folder / "state").chmod(0o755)
            (here.folder / "state/control.sock").chmod(0o666)
        assert _got(here.folder / "state") == expected, here.log()


_PROGRAM = """
import os, socket, sys
found = set()
for top in sys.argv[1:]:
    found |= {os.path.join(at, name) for at, _, names in os.walk(top) for name in names if ".sock" in name}
is_in_box = len(sys.argv) > 2
for line in open("/proc/net/unix").read().splitlines()[1:] if is_in_box else []:
    name = line.split()[7:]
    found |= {each.replace("@", "\\0", 1) for each in name}
for pid in [each for each in os.listdir("/proc") if each.isdecimal() and is_in_box]:
    try:
        found |= {f"/proc/{pid}/root{top}/control.sock" for top in sys.argv[1:]}
        for fd in os.listdir(f"/proc/{pid}/fd"):
            if os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:"):
                print("has a socket", file=sys.stderr)
    except OSError:
        pass
for each in found:
    try:
        s = socket.socket(socket.AF_UNIX)
        s.connect(each)
        print("reached", repr(each))
    except OSError:
        pass
print("looked")
"""


def test_a_box_reaches_no_control_socket() -> None:
    """Neither by its name, nor by another process's view, nor by what it was started with."""
    with place() as here, host("api.example.com") as api:
        lead(here, api, network="{host: api.example.com}")
        here.write("look.py", _PROGRAM)
        waits = here.start("run", "--", "sh", "-c", "cat > /dev/null")
        (folder,) = _folders(here.home)
        reached = f"reached {folder + '/control.sock'!r}\nlooked\n"
        until(lambda: here.host("python3", "look.py", folder) == reached, "what it reaches without a box")
        done = here.run("python3", "look.py", folder, str(here.home))
        assert done.out == "looked\n", done
        assert "has a socket" not in done.err, done
        waits.communicate(b"", timeout=60)


def _folders(home: Path) -> list[str]:
    top = home / ".local/state/ringfence/daemons"
    until(lambda: list(top.glob("*/control.sock")), "the daemon's socket")
    return [str(each) for each in top.iterdir()]

"""Sockets of programs outside, which would do for a box what it may not: approve, start, decrypt, show.

To reach one it is enough to see it, whether or not the folder may be written.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from real.running import USERS, Place, place
from ringfence.app.running import prepare
from ringfence.sandbox.linux import landlock
from ringfence.sandbox.plan import MountKind
from ringfence.sandbox.planning import making

_TRY = """
import json, os, socket, sys
found = {}
for path in sys.argv[1:]:
    with socket.socket(socket.AF_UNIX) as tried:
        try:
            tried.connect(path.replace("@", "\\0"))
            found[path] = "reached"
        except OSError as error:
            found[path] = error.strerror
print(json.dumps(found))
"""
_GIVEN = 'version: 1\nagents: {profiles: {python3: {files: {read: ["**", "%s/**"], write: ["**"]}}}}\n'


@contextmanager
def _listening(*paths: str) -> Iterator[None]:
    with ExitStack() as stack:
        for path in paths:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            if not path.startswith("@"):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            listener.bind(path.replace("@", "\0"))
            listener.listen()
            if not path.startswith("@"):
                Path(path).chmod(0o777)
        yield


def _tried(here: Place, *paths: str, **how: object) -> dict[str, str]:
    done = here.run("python3", "-c", _TRY, *paths, **how)
    assert done.exit == 0, done
    return dict(json.loads(done.out))


def everything_is_shown() -> None:
    real = prepare.mounts
    making.masked = lambda view, host: ()
    prepare.mounts = lambda tree, place: tuple(
        each for each in real(tree, place) if each.kind is not MountKind.EMPTY_FILE
    )


@pytest.mark.parametrize("user", USERS)
def test_no_socket_of_the_tree_or_of_a_folder_that_is_given_is_reached(user: str) -> None:
    with place(user) as here:
        given = here.tree.parent / "given"
        sockets = [str(here.tree / "deep/server.sock"), str(here.tree / "a.ipc"), str(given / "deep/door")]
        here.policy(_GIVEN % given)
        with _listening(*sockets):
            for path in (given, given / "deep", here.tree / "deep"):
                here.own(path)
            refused = dict.fromkeys(sockets, "Permission denied")  # an empty file
            assert _tried(here, *sockets) == refused
            shown = _tried(here, *sockets, before=(everything_is_shown,))
            assert set(shown.values()) == {"Permission denied" if landlock.abi() >= 9 else "reached"}


@pytest.mark.parametrize("user", USERS)
def test_nobody_outside_who_could_approve_or_start_something_is_reached(user: str) -> None:
    with place(user) as here:
        top = str(here.tree.parent)
        sockets = {
            "ledger": f"{here.home}/.local/state/ringfence/ledger.sock",
            "SSH_AUTH_SOCK": f"{here.home}/.ssh/agent/s.1",
            "TMUX": f"{top}/tmux-1000/default",
            "VSCODE_IPC_HOOK_CLI": f"{top}/vscode-ipc.sock",
            "NVIM": f"{top}/nvim.1.0",
            "DBUS_SESSION_BUS_ADDRESS": f"{top}/bus",
            "WAYLAND_DISPLAY": f"{top}/wayland-0",
            "DOCKER_HOST": f"{top}/docker.sock",
            "gpg": f"{here.home}/.gnupg/S.gpg-agent",
            "emacs": f"{here.home}/.emacs.d/server/server",
            "X11": f"@{top}/.X11-unix/X0",
            "D-Bus": f"@{top}/dbus-1",
        }
        named = {name: path for name, path in sockets.items() if name.isupper()}
        named["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={top}/bus,guid=0"
        named["DOCKER_HOST"] = f"unix://{top}/docker.sock"
        named["TMUX"] += ",1,0"
        assert here.run("true").exit == 0  # and so there is a state folder
        with _listening(*sockets.values()):
            for path in here.home.rglob("*"):
                here.own(path)
            own = f"{here.home}/.local/state/ringfence/ledger.sqlite.socket"  # the supervisor's
            found = _tried(here, own, *sockets.values(), environment=named)
            assert set(found.values()) <= {"No such file or directory", "Connection refused"}, found
            outside = here.host("/usr/bin/python3", "-c", _TRY, *sockets.values())
            assert set(json.loads(outside).values()) == {"reached"}
            environment = here.run("env", environment={**named, "DISPLAY": ":0"}).out
            assert not [name for name in (*named, "DISPLAY") if f"\n{name}=" in f"\n{environment}"]


def test_a_policy_gives_no_folder_in_which_the_user_s_programs_are_reached() -> None:
    with place() as here:
        top = here.tree.parent
        here.policy(_GIVEN % top)
        done = here.run("python3", "-c", "", environment={"SSH_AUTH_SOCK": f"{top}/agent/s.1"})
        assert done.exit == 125
        given = top / "given"
        here.policy(_GIVEN % given)
        with _listening(f"{given}/s.1"):
            here.own(given)
            refused = here.run("python3", "-c", "", environment={"SSH_AUTH_SOCK": f"{given}/s.1"})
        assert (refused.exit, "programs outside of the box listen there" in refused.err) == (125, True)

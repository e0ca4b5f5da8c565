"""Looks at this machine for a plan: its files, who asks, and sockets that the user's environment names."""

import os
import pwd
import re
import stat
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern
from ringfence.sandbox.planning.host import BUNDLES, Account, Host, Kind, within

__all__ = ["HostFiles", "look"]

_MOUNTINFO = Path("/proc/self/mountinfo")
_UNIX = Path("/proc/net/unix")
_PATH_AT = 7  # behind seven fields; it may hold spaces
_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.FOLDER, stat.S_IFLNK: Kind.LINK}
_PLAIN = (
    "SSH_AUTH_SOCK",
    "GNOME_KEYRING_CONTROL",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "NVIM",
    "NVIM_LISTEN_ADDRESS",
)
_ADDRESSES = ("DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "CONTAINER_HOST", "KITTY_LISTEN_ON", "PULSE_SERVER")
_OCTAL = pattern(r"\\([0-7]{3})")


class HostFiles:
    """The files of this machine as they were when they were first asked about."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind | None] = {}

    def kind(self, path: str) -> Kind | None:
        if path not in self._kinds:
            try:
                mode = os.lstat(path).st_mode
            except (OSError, ValueError):
                self._kinds[path] = None
            else:
                self._kinds[path] = _KINDS.get(stat.S_IFMT(mode), Kind.OTHER)
        return self._kinds[path]

    def link(self, path: str) -> str:
        try:
            return os.readlink(path)  # noqa: PTH115 - as text, exactly as it is
        except (OSError, ValueError):
            return ""

    def entries(self, path: str) -> tuple[tuple[str, Kind], ...]:
        try:
            with os.scandir(path) as found:
                return tuple(sorted((each.name, _kind(each)) for each in found))
        except (OSError, ValueError):
            return ()

    def owner(self, path: str) -> tuple[int, int] | None:
        try:
            status = os.stat(path)  # noqa: PTH116 - asked of text
        except (OSError, ValueError):
            return None
        return status.st_uid, status.st_gid

    def is_executable(self, path: str) -> bool:
        return os.access(path, os.X_OK)

    def is_writable(self, path: str) -> bool:
        return os.access(path, os.W_OK | os.X_OK)

    def filesystem(self, path: str) -> str | None:
        found = [each for each in self._mounts if within(path, each[0])]
        return max(found, key=lambda each: len(each[0]))[1] if found else None

    @cached_property
    def _mounts(self) -> tuple[tuple[str, str], ...]:
        """Mount points with their filesystems, those that stand over others first."""
        try:
            text = os.fsdecode(_MOUNTINFO.read_bytes())
        except OSError:
            return ()
        lines = (line.partition(" - ") for line in text.split("\n") if " - " in line)
        found = [
            (_OCTAL.sub(lambda octal: chr(int(octal[1], 8)), before.split(" ")[4]), after.split(" ")[0])
            for before, _, after in lines
        ]
        return tuple(reversed(found))


def look(environment: Mapping[str, str], *, home: str, own: tuple[str, ...]) -> Host:
    """This machine for the running user, whose home is `home`; `own` are ringfence's folders."""
    uid, gid = os.geteuid(), os.getegid()
    named = _account(uid)
    name = named.name if named else environment.get("USER") or str(uid)
    return Host(
        files=HostFiles(),
        user=Account(uid=uid, gid=gid, name=name),
        account=_account,
        home=os.path.normpath(home),
        state=tuple(os.path.normpath(each) for each in own),
        sockets=tuple(_sockets(environment)),
        listening=tuple(_listening()),
        authorities=_authorities,
    )


def _authorities() -> bytes:
    """The first that is there; a file that is larger than any is none."""
    for path in BUNDLES:
        try:
            with open(path, "rb") as file:
                found = file.read(LIMITS.egress_ca_bytes + 1)
        except OSError:
            continue
        if len(found) <= LIMITS.egress_ca_bytes:
            return found
    return b""


def _kind(entry: "os.DirEntry[str]") -> Kind:
    if entry.is_symlink():
        return Kind.LINK
    if entry.is_dir(follow_symlinks=False):
        return Kind.FOLDER
    return Kind.FILE if entry.is_file(follow_symlinks=False) else Kind.OTHER


def _account(uid: int) -> Account | None:
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Account(uid=found.pw_uid, gid=found.pw_gid, name=found.pw_name)


def _sockets(environment: Mapping[str, str]) -> list[str]:
    """Absolute paths behind which something of the user's listens, or that let one speak to it."""
    texts = [environment.get(name, "") for name in _PLAIN]
    texts += [environment.get("TMUX", "").partition(",")[0]]
    texts += [value for name, value in environment.items() if name.startswith("VSCODE_") and "IPC" in name]
    for name in _ADDRESSES:
        address = re.split("[;,]", environment.get(name, ""))[0]
        texts.append(re.sub("^unix:(?://|path=|abstract=)?", "", address))
    runtime, display = environment.get("XDG_RUNTIME_DIR", ""), environment.get("WAYLAND_DISPLAY", "")
    if display:
        texts.append(display if display.startswith("/") else f"{runtime}/{display}")
    return sorted({os.path.normpath(each) for each in texts if each.startswith("/")} - {"/"})


def _listening() -> list[str]:
    """Paths of the local sockets that there are in this network namespace, at most `LIMITS.plan_items`."""
    try:
        lines = os.fsdecode(_UNIX.read_bytes()).split("\n")
    except OSError:
        return []
    fields = (line.split(None, _PATH_AT) for line in lines[: LIMITS.plan_items])
    paths = {each[_PATH_AT] for each in fields if len(each) > _PATH_AT and each[_PATH_AT].startswith("/")}
    return sorted(
        f"{os.path.realpath(above)}/{name}".replace("//", "/")
        for above, _, name in (each.rpartition("/") for each in paths)
    )

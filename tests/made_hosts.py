"""Machines made up for tests of plans: files in a mapping, and who asks; policies to plan with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from loading import of_tier
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier
from ringfence.sandbox.plan import Mount
from ringfence.sandbox.planning.host import Account, Host, Kind
from ringfence.sandbox.planning.making import make_plan
from ringfence.sandbox.planning.view import View
from ringfence.sandbox.planning.wanted import Planned, Wanted, WantedNetwork
from ringfence.sandbox.planning.working_tree import working_tree

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SESSION = "01890000-0000-7000-8000-00000000000a"
STATE = "/home/ann/.local/state/ringfence"
SESSION_FOLDER = f"{STATE}/sessions/{SESSION}"
TREE = "/home/ann/work/shop"
MERGED = {"/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64"}
SYSTEM = (
    *("/usr/bin/make", "/usr/bin/sh", "/usr/bin/env", "/usr/sbin/x", "/usr/lib/libc.so", "/usr/lib64/ld.so"),
    *("/etc/passwd", "/etc/shadow", "/etc/ssl/certs/ca.pem", "/etc/ssl/private/key.pem", "/etc/profile"),
    *("/proc/1/environ", "/sys/devices/system/cpu/online", "/dev/null", "/run/docker.sock", "/opt/tool/run"),
    *("/tmp/x", "/var/tmp/y"),
)


class MadeFiles:
    """Files by path: their folders are there as well. Links say where they lead; `others` are sockets."""

    def __init__(
        self,
        files: tuple[str, ...] = SYSTEM,
        *,
        links: Mapping[str, str] = MERGED,
        others: tuple[str, ...] = (),
        owners: Mapping[str, int] | None = None,
        filesystems: Mapping[str, str] | None = None,
        not_programs: tuple[str, ...] = (),
        read_only: tuple[str, ...] = (),
    ) -> None:
        self._kinds: dict[str, Kind] = {"/": Kind.FOLDER}
        self._links = dict(links)
        self._owners, self._filesystems = dict(owners or {}), dict(filesystems or {})
        self._not_programs, self._read_only = not_programs, read_only
        for kind, paths in ((Kind.FILE, files), (Kind.LINK, tuple(links)), (Kind.OTHER, others)):
            for path in paths:
                self._add(path.rstrip("/"), Kind.FOLDER if path.endswith("/") else kind)

    def _add(self, path: str, kind: Kind) -> None:
        above = path.rpartition("/")[0]
        if above and above not in self._kinds:
            self._add(above, Kind.FOLDER)
        self._kinds[path] = kind

    def kind(self, path: str) -> Kind | None:
        return self._kinds.get(path)

    def link(self, path: str) -> str:
        return self._links.get(path, "")

    def entries(self, path: str) -> tuple[tuple[str, Kind], ...]:
        begins = "/" if path == "/" else f"{path}/"
        below = ((each[len(begins) :], kind) for each, kind in self._kinds.items() if each.startswith(begins))
        return tuple(sorted((name, kind) for name, kind in below if name and "/" not in name))

    def owner(self, path: str) -> tuple[int, int] | None:
        if path not in self._kinds:
            return None
        uid = next((self._owners[each] for each in _upwards(path) if each in self._owners), 0)
        return uid, uid

    def is_executable(self, path: str) -> bool:
        return path in self._kinds and path not in self._not_programs

    def filesystem(self, path: str) -> str | None:
        return next((self._filesystems[each] for each in _upwards(path) if each in self._filesystems), "ext4")

    def is_writable(self, path: str) -> bool:
        return not any(each in self._read_only for each in _upwards(path))


def _upwards(path: str) -> list[str]:
    """The path and all above it, the nearest first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) or "/" for count in range(len(parts), 0, -1)]


def made_host(
    *more: str,
    links: Mapping[str, str] | None = None,
    uid: int = 1000,
    home: str = "/home/ann",
    sockets: tuple[str, ...] = (),
    **files: Any,
) -> Host:
    """A machine whose user ann has a session folder and a tree, and these files."""
    paths = (*SYSTEM, f"{SESSION_FOLDER}/home/", f"{TREE}/src/main.c", f"{TREE}/.git/config", *more)
    owners = {"/home/ann": uid, **files.pop("owners", {})}
    return Host(
        files=MadeFiles(paths, links={**MERGED, **(links or {})}, owners=owners, **files),
        user=Account(uid=uid, gid=uid, name="ann" if uid else "root"),
        account=lambda asked: Account(uid=asked, gid=asked, name="ann") if asked == 1000 else None,
        home=home,
        state=(STATE,),
        sockets=sockets,
    )


def a_policy(text: str = "", *, tree: str = "") -> Policy:
    """The user's document with this below `agents:`, and a working tree's."""
    parts = [of_tier(_document(text), Tier.USER, "p.yaml")]
    if tree:
        parts.append(of_tier(_document(tree), Tier.WORKING_TREE, "tree.yaml"))
    return load(parts)


def _document(agents: str) -> str:
    indented = "".join(f"  {line}\n" for line in agents.strip("\n").split("\n"))
    return f"version: 1\nagents:\n{indented}" if agents else "version: 1\n"


def for_claude(files: str, *, mode: str = "enforce") -> Policy:
    """A policy whose profile `claude` has these files, in YAML's short form; line 4 has them."""
    return a_policy(f"mode: {mode}\nprofiles: {{claude: {{files: {files}}}}}")


def planned(
    policy: Policy,
    host: Host | None = None,
    *,
    argv: tuple[str, ...] = ("make",),
    folder: str = TREE,
    agent: str = "claude",
    environment: Mapping[str, str] | None = None,
    protections: tuple[Mount, ...] = (),
    network: WantedNetwork | None = None,
) -> Planned:
    """The plan of a command in the made tree."""
    host = host or made_host()
    wanted = Wanted(
        session=SESSION,
        agent=agent,
        argv=argv,
        folder=folder,
        environment={"PATH": "/usr/bin:/bin", "HOME": host.home} if environment is None else environment,
        session_folder=SESSION_FOLDER,
        tree=working_tree(folder, host),
        protections=protections,
        network=network,
    )
    return make_plan(wanted, policy=policy, host=host, now=NOW)


def shows(plan: Planned, host: Host, path: str) -> str | None:
    """What a box does with the host's file at the same path: `read`, `write`, or None where it hides it."""
    view = View(plan.plan.mounts, host.files)
    seen = view.seen(path)
    if seen is None or seen.source is None or seen.source != path:
        return None
    return "write" if seen.may_write else "read"

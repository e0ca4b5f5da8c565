"""The home of a box: a folder of the session, or one that is kept; and in it the places of toolchains."""

from collections.abc import Iterable, Iterator

from ringfence.core.errors import UnreadableScope
from ringfence.sandbox.plan import Mount, MountKind, Why
from ringfence.sandbox.planning.host import Host, Kind, ancestors, followed, joined_path, parts_of, within
from ringfence.sandbox.planning.never import NeverGiven, homes, refuse_never, shown_path
from ringfence.sandbox.planning.toolchains import toolchains
from ringfence.sandbox.planning.wanted import HomePlace, Wanted
from ringfence.sandbox.planning.working_tree import refuse_unmapped

__all__ = [
    "HOME",
    "TOOLCHAIN",
    "home_mount",
    "home_of",
    "home_places",
    "link_mounts",
    "links_to",
    "toolchain_mounts",
]

HOME = Why(text="the session's own home")
TOOLCHAIN = Why(text="toolchain")
_WAY = Why(text="the way there")


def home_of(host: Host) -> str:
    """Where the home is within: where it is on the host once links are followed."""
    known = homes(host)
    return known[-1] if known else "/home/box"


def home_mount(host: Host, wanted: Wanted) -> Mount:
    """The home.

    Raises:
        UnreadableScope: nothing can be written there.
    """
    source = wanted.home.folder if wanted.home else joined_path(wanted.session_folder, "home")
    if not host.files.is_writable(source):
        raise UnreadableScope(
            f"{shown_path(source)}: a session's home cannot be written there",
            hint="let ringfence keep its state elsewhere: XDG_STATE_HOME=/a/folder/of/yours",
        )
    if host.user.uid == 0:
        refuse_unmapped(source, host, "the session's home")
    return Mount(
        target=home_of(host),
        kind=MountKind.WRITE,
        source=source,
        why=wanted.home.why if wanted.home else HOME,
        is_user_s=True,
    )


def toolchain_mounts(host: Host) -> Iterator[tuple[Mount, tuple[tuple[str, str], ...]]]:
    """What the user has installed below the home, with the links that lead there; never what is not given."""
    for path in toolchains(home_of(host), host.files):
        way = followed(path, host.files.kind, host.files.link)
        if way is None or host.files.kind(way.path) not in (Kind.FILE, Kind.FOLDER):
            continue
        try:
            refuse_never(way.path, host, what="", hint="")
        except NeverGiven:
            continue
        yield Mount(target=way.path, kind=MountKind.READ, source=way.path, why=TOOLCHAIN), way.links


def links_to(path: str, host: Host) -> tuple[tuple[str, str], ...]:
    """The links on the way to a path that is there."""
    way = followed(path, host.files.kind, host.files.link)
    return way.links if way else ()


def link_mounts(links: Iterable[tuple[str, str]]) -> Iterator[Mount]:
    """The same links within."""
    for at, to in links:
        yield Mount(target=at, kind=MountKind.SYMLINK, source=to, why=_WAY)


def home_places(
    mounts: Iterable[Mount], links: Iterable[tuple[str, str]], host: Host
) -> tuple[HomePlace, ...]:
    """What has to be in the session's home before other places can be mounted over it, those above first."""
    home = home_of(host)
    made: dict[str, HomePlace] = {}
    roots: set[str] = set()  # places that are mounted over the home
    for each in mounts:
        if each.target == home or not within(each.target, home):
            continue
        if roots.isdisjoint((*ancestors(each.target), each.target)):
            roots.add(each.target)
            _add(each.target[len(home) + 1 :], _kind(each, host), "", made)
    for at, to in links:
        if at != home and within(at, home) and roots.isdisjoint((*ancestors(at), at)):
            _add(at[len(home) + 1 :], Kind.LINK, to, made)
    return tuple(made[path] for path in sorted(made, key=parts_of))


def _add(path: str, kind: Kind, link: str, made: dict[str, HomePlace]) -> None:
    parts = parts_of(path)
    for count in range(1, len(parts)):
        above = "/".join(parts[:count])
        made.setdefault(above, HomePlace(path=above, kind=Kind.FOLDER))
    made.setdefault(path, HomePlace(path=path, kind=kind, link=link))


def _kind(mount: Mount, host: Host) -> Kind:
    if mount.kind in (MountKind.READ, MountKind.WRITE):
        found = host.files.kind(mount.source or "")
        return Kind.FOLDER if found is Kind.FOLDER else Kind.FILE
    return Kind.FILE if mount.kind is MountKind.FILE else Kind.FOLDER

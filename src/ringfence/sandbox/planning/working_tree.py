"""Which folder a box is for: the top of the git repository that the user stands in, else the folder."""

from ringfence.core.errors import UnreadableScope
from ringfence.sandbox.planning.host import Host, Kind, followed, joined_path, within
from ringfence.sandbox.planning.never import homes, refuse_never, shown_path
from ringfence.sandbox.planning.wanted import WorkingTree

__all__ = ["is_mapped", "refuse_unmapped", "working_tree"]

_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/boot", "/etc", "/usr", "/nix", "/gnu")
_SOURCES = ("/usr/src", "/usr/local/src")  # where people build, within /usr
_SHARED = (  # none of them as a whole
    "/home",
    "/opt",
    "/var",
    "/srv",
    "/mnt",
    "/media",
    "/tmp",  # noqa: S108 - to refuse it
    "/var/tmp",  # noqa: S108
    "/var/lib",
    "/var/www",
    "/root",
)
_HINT = "go into the folder of a project, and run it there"
_NOT_MAPPED = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "overlay", "afs", "ecryptfs", "vboxsf"})
_DEPTH = 128  # folders above that may hold a repository


def working_tree(folder: str, host: Host) -> WorkingTree:
    """The tree for somebody who stands in `folder` (absolute).

    Raises:
        NeverGiven, UnreadableScope: it cannot be one.
    """
    way = followed(folder, host.files.kind, host.files.link)
    if way is None or host.files.kind(way.path) not in (Kind.FOLDER, None):
        raise UnreadableScope(f"{shown_path(folder)}: there is no such folder", hint=_HINT)
    top = _repository(way.path, host)
    path = top or way.path
    _refuse(path, host)
    kept = folder if not top or not way.path.startswith(path) else _named(folder, way.path, path)
    return WorkingTree(path=path, named=kept, is_repository=top is not None)


def _repository(folder: str, host: Host) -> str | None:
    """The nearest folder above with a `.git` that the user or the folder's owner made; homes are none."""
    owners = {host.user.uid, 0}
    owner = host.files.owner(folder)
    owners |= {owner[0]} if owner else set()
    at = folder
    for _ in range(_DEPTH):
        if at == "/" or at in homes(host):
            return None
        git = joined_path(at, ".git")
        made_by = host.files.owner(git)
        if host.files.kind(git) in (Kind.FOLDER, Kind.FILE) and made_by and made_by[0] in owners:
            return at
        at = at.rpartition("/")[0] or "/"
    return None


def _named(folder: str, real: str, top: str) -> str:
    """The top as the user named it, where the name ends as the real path does."""
    below = real[len(top) :]
    return (
        folder[: len(folder) - len(below)]
        if below and folder.endswith(below)
        else folder
        if not below
        else top
    )


def _refuse(path: str, host: Host) -> None:
    refuse_never(path, host, what="no working tree:", hint=_HINT)
    is_source = any(within(path, each) and path != each for each in _SOURCES)
    if path in _SHARED or (any(within(path, each) for each in _SYSTEM) and not is_source):
        raise UnreadableScope(f"no working tree: {shown_path(path)} is the system's", hint=_HINT)
    if host.user.uid == 0 and (host.files.owner(path) or (0, 0))[0] == 0:
        refuse_unmapped(path, host, "the working tree")


def is_mapped(path: str, host: Host) -> bool:
    """Whether the file system lets an owner be shown as another."""
    filesystem = host.files.filesystem(path) or ""
    return filesystem not in _NOT_MAPPED and not filesystem.startswith("fuse")


def refuse_unmapped(path: str, host: Host, what: str) -> None:
    """Nothing, where root's files can be shown to the command as its own.

    Raises:
        UnreadableScope: the file system cannot do that.
    """
    if not is_mapped(path, host):
        where = host.files.filesystem(path)
        raise UnreadableScope(
            f"{what} {shown_path(path)} is root's and lies on {where}, "
            "where it cannot be shown to a command that is not root",
            hint="run it as the user whose files these are, or give the folder to a user: chown -R",
        )

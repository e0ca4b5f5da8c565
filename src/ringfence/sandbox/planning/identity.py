"""Who the command is: never root of the host, and with names that stay."""

from ringfence.core.errors import RingfenceError
from ringfence.sandbox.plan import Identity
from ringfence.sandbox.planning.host import Host

__all__ = ["NoIdentity", "identity", "own_files"]

_NOBODY_ELSE_S = 1_380_000_000  # no account of the host and no range of subordinate ids begins there
_WITHIN = 1000
_SHELL = "/bin/sh"


class NoIdentity(RingfenceError):
    """Nobody that a command could be."""


def identity(host: Host, tree: str) -> Identity:
    """An ordinary user stays who they are; for root it is whoever owns the tree, and nobody where root does.

    Raises:
        NoIdentity: the user's group is root's.
    """
    user = host.user
    if user.uid != 0 and user.gid == 0:
        raise NoIdentity(
            "your group is root's, and no box is of it",
            hint="run with a group of your own: newgrp, or setpriv --regid",
        )
    if user.uid != 0:
        return _whole(user.uid, user.gid, user.name)
    uid, gid = host.files.owner(tree) or (0, 0)
    if uid == 0:
        return Identity(
            host_uid=_NOBODY_ELSE_S,
            host_gid=_NOBODY_ELSE_S,
            uid=_WITHIN,
            gid=_WITHIN,
            name=user.name,
            owner_uid=0,
            owner_gid=0,
        )
    account = host.account(uid)
    own_group = account.gid if account and account.gid else gid
    return _whole(uid, own_group or uid, account.name if account else str(uid))


def _whole(uid: int, gid: int, name: str) -> Identity:
    return Identity(host_uid=uid, host_gid=gid, uid=uid, gid=gid, name=name, owner_uid=uid, owner_gid=gid)


def own_files(who: Identity, home: str) -> tuple[tuple[str, bytes], ...]:
    """/etc/passwd and /etc/group with this one account."""
    place = home if not set(":\n") & set(home) else "/"
    name = "".join(each for each in who.name if each not in ":\n") or str(who.uid)
    passwd = f"{name}:x:{who.uid}:{who.gid}::{place}:{_SHELL}\n"
    group = f"{name}:x:{who.gid}:\n"
    return ("/etc/passwd", _encoded(passwd)), ("/etc/group", _encoded(group))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

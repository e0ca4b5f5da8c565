"""Makes a session's home ready: what is mounted over it needs a place, and links lead to toolchains.

A box that had the home before may have put anything there: nothing is followed, nothing of it is opened.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from ringfence.core.limits import LIMITS
from ringfence.core.text import printable
from ringfence.gate.state import read_private, write_private
from ringfence.sandbox.home_files import InTheWay, put_files
from ringfence.sandbox.plan import Identity
from ringfence.sandbox.planning.host import Kind
from ringfence.sandbox.planning.wanted import HomePlace
from ringfence.sandbox.tree.git_config import BadConfig, parse, written
from ringfence.sandbox.tree.reading import lexists, read_regular

__all__ = ["InTheWay", "furnish", "give", "introduce", "put_readable"]

_WHO = (b"name", b"email")
_GIT = ".gitconfig"
_SAID = "introduced"  # beside the home


def give(path: Path, who: Identity) -> None:
    """Root gives it to whom the box shows as its command; others have only what is their own."""
    if os.geteuid() == 0:
        os.chown(path, who.owner_uid, who.owner_gid, follow_symlinks=False)


def furnish(home: Path, places: Iterable[HomePlace], who: Identity) -> None:
    """Makes these places below `home`, those above first.

    Raises:
        InTheWay: something else is there.
    """
    real = home.resolve()
    for each in places:
        path = home / each.path
        if not path.parent.resolve().is_relative_to(real):
            raise _in_the_way(path)
        try:
            _make(path, each)
        except OSError as error:
            raise _in_the_way(path) from error
        give(path, who)


def introduce(
    home: Path, configurations: Iterable[Path], who: Identity, *, https_for: Iterable[str] = ()
) -> None:
    """Says in a home whose commits these are: the user's name and address for git, and nothing else.

    `configurations` are the user's own; the later ones count more, as for git. At the hosts of `https_for`
    git goes by HTTPS where an address says SSH, which no box has. What was said before, which is noted beside
    the home, is said anew; what a box has changed since stays as it is.

    Raises:
        InTheWay: it cannot be written.
        StateRefused: the note is not as ringfence made it, or cannot be written.
    """
    text, note = _introduction(configurations, https_for), home.parent / _SAID
    said, own = read_private(note), str(home / _GIT)
    there = read_regular(own, at_most=LIMITS.git_config_bytes)
    if text == said or (not text and said is None):
        return
    if there != text:
        if there != said or (there is None and lexists(own) is not None):
            return
        put_files(home, [(_GIT, text)], who)
    write_private(note, text, replace=True, lasts=False)


def _introduction(configurations: Iterable[Path], https_for: Iterable[str]) -> bytes:
    known: dict[bytes, bytes] = {}
    for path in configurations:
        try:
            with path.open("rb") as file:
                entries = parse(file.read(LIMITS.git_config_bytes + 1)).entries
        except (OSError, BadConfig):
            continue
        for each in entries:
            if (each.section, each.subsection) == (b"user", None) and each.key in _WHO and each.value:
                known[each.key] = each.value
    text = b"[user]\n" + written(b"", b"", known.items()).partition(b"\n")[2] if known else b""
    for host in https_for:
        ways = (f"git@{host}:", f"ssh://git@{host}/")
        text += written(b"url", f"https://{host}/".encode(), [(b"insteadOf", each.encode()) for each in ways])
    return text


def put_readable(path: Path, content: bytes) -> None:
    """A file of the host's that boxes show, in a folder that is private. What boxes read is not changed."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, 0o644)
        file.write(content)
    beside.rename(path)


def _make(path: Path, place: HomePlace) -> None:
    """Makes it, unless it is there. Raises OSError when something else is."""
    match place.kind:
        case Kind.LINK:
            if not path.is_symlink() or str(path.readlink()) != place.link:
                path.unlink(missing_ok=True)
                path.symlink_to(place.link)
        case Kind.FOLDER:
            if path.is_symlink():
                raise FileExistsError(path)
            path.mkdir(exist_ok=True)
        case _:
            if path.is_symlink() or path.is_dir():
                raise FileExistsError(path)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def _in_the_way(path: Path) -> InTheWay:
    return InTheWay(
        f"{printable(str(path))}: something stands in the way of the box's home",
        hint="begin a new session: ringfence run -- COMMAND",
    )

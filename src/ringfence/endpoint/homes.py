"""Which homes a scan looks at: the running user's own, the one in a folder, or all of this machine."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.opening import refusal

if TYPE_CHECKING:
    from ringfence.core.inventory import Skipped

__all__ = ["all_homes", "home_at", "own_home"]

_FIRST_PERSON = 1000  # user id; below are root and the accounts of services (login.defs, UID_MIN)


def own_home(environment: Mapping[str, str]) -> Home:
    """The home of the user who runs ringfence, with that user's environment. It need not exist."""
    named = Path(environment.get("HOME") or environment.get("USERPROFILE") or "")
    return Home(
        path=named if named.is_absolute() else _account_home(),
        system=_this_system(),
        environment=MappingProxyType(dict(environment)),
    )


def home_at(path: Path) -> Home:
    """The home in the folder `path`, be it another user's, a backup or on a mounted Mac or Windows disk.

    The home of an account of this machine follows this system, whatever its owner put into it. Of others,
    which count as from elsewhere, it shows in their folders. The environment is unknown.
    """
    if _is_of_an_account(path):
        return Home(path=path, system=_this_system())
    if _is_folder(path / "Library/Application Support"):
        system = System.MACOS
    elif _is_folder(path / "AppData"):
        system = System.WINDOWS
    else:
        system = System.LINUX
    return Home(path=path, system=system, elsewhere=True)


def all_homes() -> "Iterator[Home | Skipped]":
    """The homes of this machine's accounts, each once, by account, and those that cannot be looked at.

    The folders of service accounts count only where they belong to them: /bin is nobody's home.
    """
    seen = set()
    for user_id, folder in _accounts():
        real = Path(os.path.realpath(folder))
        if real in seen:
            continue
        try:
            owner = real.stat().st_uid
            os.scandir(real).close()
        except (OSError, ValueError) as error:
            no = refusal(error)
            if not no.missing:
                yield _skipped(folder, no.reason)
            continue
        if owner == user_id and real != Path("/"):
            seen.add(real)
            yield Home(path=real, system=_this_system())
        elif user_id == 0 or user_id >= _FIRST_PERSON:
            yield _skipped(folder, "not a folder of the user whose home it is")


def _accounts() -> Iterator[tuple[int, str]]:
    import pwd

    for account in pwd.getpwall():
        yield account.pw_uid, account.pw_dir


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises below a closed folder


def _is_of_an_account(path: Path) -> bool:
    """Whether the folder is the home of the account that owns it."""
    import pwd

    try:
        return path.samefile(pwd.getpwuid(path.stat().st_uid).pw_dir)
    except (KeyError, OSError, ValueError):
        return False


def _account_home() -> Path:
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # a container may run as a number without an account
        return Path("/")


def _this_system() -> System:
    return System.MACOS if sys.platform == "darwin" else System.LINUX


def _skipped(folder: str, reason: str) -> "Skipped":
    from ringfence.core.inventory import Skipped  # with all that a scan finds: most only want their own home

    return Skipped(kind="home", subject=clip(printable(folder), chars=LIMITS.name_chars), reason=reason)

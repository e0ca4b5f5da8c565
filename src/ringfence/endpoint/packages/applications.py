"""Applications that no package manager lists: looks at names in the folders where they are put, runs nothing.

A name counts without suffix and version: `LM-Studio-0.3.5-x64.AppImage`, `LM Studio.app`: both are lm-studio.
"""

import re
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.packages.package import read_head, tidy_version
from ringfence.endpoint.places import below, names, places, status

__all__ = ["Application", "applications_in", "checkouts_in", "executables_in", "folders_of", "system_folders"]

_APPLICATIONS = {
    System.LINUX: (
        *("~/Applications", "~/AppImages", "~/Downloads", "~/Desktop", "~/.local/bin", "~/bin", "~/snap"),
        *("xdg-data:applications", "xdg-data:flatpak/app"),
    ),
    System.MACOS: ("~/Applications",),
    System.WINDOWS: ("~/AppData/Local/Programs", "~/AppData/Local"),
}
_EXECUTABLES = {
    System.LINUX: ("~/.local/bin", "~/bin", "~/go/bin", "~/.lmstudio/bin", "~/.cache/lm-studio/bin"),
    System.MACOS: ("~/.local/bin", "~/bin", "~/.lmstudio/bin"),
    System.WINDOWS: (
        "~/AppData/Local/Programs/Ollama",
        "~/.lmstudio/bin",
        "~/AppData/Local/Microsoft/WinGet/Links",
    ),
}
_SYSTEM_APPLICATIONS = (
    *("opt", "Applications", "usr/share/applications", "usr/local/share/applications", "usr/local/bin"),
    *("var/lib/flatpak/app", "snap", "var/lib/snapd/desktop/applications", "Program Files"),
)
_SYSTEM_EXECUTABLES = ("usr/bin", "usr/local/bin", "opt/homebrew/bin", "opt/*/bin", "snap/bin")
_CHECKOUT_FOLDERS = ("~/*", "~/src/*", "~/git/*", "~/code/*", "~/projects/*", "~/Projects/*", "~/ai/*")

_SUFFIX = re.compile(r"(?i)\.(?:desktop|appimage|app|exe|ref)$")
_VERSIONED = re.compile(r"(.+?)[-_ ]v?(\d{1,9}(?:\.\d{1,9}){1,3})(?:[-_. +].*)?")
_PLIST_VERSION = re.compile(rb"<key>CFBundleShortVersionString</key>\s*<string>([^<]{1,64})</string>")
_DESKTOP_VERSION = re.compile(rb"(?m)^X-AppImage-Version=([^\r\n]{1,64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A program that lies in a folder, by the name in the table that it fits."""

    name: str
    version: str | None
    location: Path


def folders_of(home: Home) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Places of a home's applications, and of its executables."""
    return _APPLICATIONS[home.system], _EXECUTABLES[home.system]


def system_folders(root: Path) -> tuple[tuple[Path | Skipped, ...], tuple[Path | Skipped, ...]]:
    """The same two for everybody, below `root` (`/` on a running machine)."""
    applications = [path for pattern in _SYSTEM_APPLICATIONS for path in below(root, pattern)]
    executables = [path for pattern in _SYSTEM_EXECUTABLES for path in below(root, pattern)]
    return tuple(applications), tuple(executables)


def applications_in(folder: Path, wanted: Collection[str]) -> Iterator[Application | Skipped]:
    """The entries of `folder` whose names, without suffix and version, are `wanted`."""
    for name in names(folder):
        if isinstance(name, Skipped):
            yield name
            continue
        bare, suffixes = _SUFFIX.subn("", name)
        versioned = _VERSIONED.fullmatch(bare[: LIMITS.name_chars])
        stem = _normalised(versioned[1] if versioned else bare)
        path = folder / name
        if stem in wanted and (suffixes or _is(stat.S_ISDIR, path)):
            version = versioned[2] if versioned else _version_inside(path)
            yield Application(name=stem, version=version, location=path)


def executables_in(folder: Path, wanted: Collection[str]) -> Iterator[Application | Skipped]:
    """The regular files in `folder` that are called as `wanted`."""
    for name in names(folder):
        if isinstance(name, Skipped):
            yield name
        elif name in wanted and _is(stat.S_ISREG, folder / name):
            yield Application(name=name, version=None, location=folder / name)


def checkouts_in(home: Home, marks: Collection[str]) -> Iterator[tuple[str, Path] | Skipped]:
    """Working copies right below the home and its usual folders for source: (the mark found, folder)."""
    for place in _CHECKOUT_FOLDERS:
        for folder in places(home, place):
            if isinstance(folder, Skipped):
                yield folder
            elif _is(stat.S_ISDIR, folder):
                yield from ((mark, folder) for mark in sorted(marks) if _is(stat.S_ISREG, folder / mark))


def _is(kind: Callable[[int], bool], path: Path) -> bool:
    found = status(path)
    return found is not None and not isinstance(found, Skipped) and kind(found.st_mode)


def _normalised(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", name.strip()).lower()


def _version_inside(path: Path) -> str | None:
    """The version that a macOS bundle's Info.plist or a .desktop file states."""
    about, pattern = path, _DESKTOP_VERSION
    if path.suffix == ".app":
        about, pattern = path / "Contents/Info.plist", _PLIST_VERSION
    elif path.suffix != ".desktop":
        return None
    data = read_head(about, max_bytes=LIMITS.package_head_bytes)
    found = pattern.search(data) if isinstance(data, bytes) else None
    return tidy_version(found[1].decode("utf-8", "replace")) if found else None

"""Python packages: what pip, pipx, uv and conda installed into site-packages folders.

Reads the headers of METADATA (PKG-INFO of older packages), never a module.
Source: PyPA "Recording installed projects"; where pipx, uv and conda put their environments.
"""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.core.limits import LIMITS
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.packages.package import Package, headers, read_head, tidy_version
from ringfence.endpoint.places import below, names, places, status

__all__ = ["environments_of", "pip_packages", "site_folders", "system_site_folders", "user_site_folders"]

_SITE_FOLDERS = ("lib/python*/site-packages", "lib64/python*/site-packages", "Lib/site-packages")
_ENVIRONMENTS = {
    None: ("~/miniconda3", "~/anaconda3", "~/miniforge3", "~/mambaforge", "~/.conda"),
    System.LINUX: ("~/.local/share/pipx/venvs/*", "~/.local/pipx/venvs/*", "xdg-data:uv/tools/*"),
    System.MACOS: ("~/.local/pipx/venvs/*", "~/.local/share/uv/tools/*"),
    System.WINDOWS: ("~/pipx/venvs/*", "~/AppData/Roaming/uv/tools/*"),
}
_USER_SITES = {
    System.LINUX: "~/.local/lib/python*/site-packages",
    System.MACOS: "~/Library/Python/*/lib/python/site-packages",
    System.WINDOWS: "~/AppData/Roaming/Python/Python*/site-packages",
}
_SYSTEM_SITES = (
    "usr/lib/python3/dist-packages",
    "usr/local/lib/python3*/dist-packages",
    "usr/local/lib/python3*/site-packages",
    "usr/lib/python3*/site-packages",
    "usr/lib64/python3*/site-packages",
    "opt/homebrew/lib/python3*/site-packages",
    "opt/pipx/venvs/*/lib/python3*/site-packages",
)
_METADATA = {".dist-info": "METADATA", ".egg-info": "PKG-INFO"}


def environments_of(home: Home) -> Iterator[Path | Skipped]:
    """Environments that pipx, uv and conda keep in places of their own. They need not exist."""
    for place in (*_ENVIRONMENTS[None], *_ENVIRONMENTS[home.system]):
        for path in places(home, place):
            yield path
            if not isinstance(path, Skipped) and place in _ENVIRONMENTS[None]:
                yield from below(path, "envs/*")


def site_folders(environment: Path) -> Iterator[Path | Skipped]:
    """The folders with packages of one environment."""
    for pattern in _SITE_FOLDERS:
        for folder in below(environment, pattern):
            if isinstance(folder, Skipped) or "lib64" not in pattern or not _same(folder):
                yield folder


def user_site_folders(home: Home) -> Iterator[Path | Skipped]:
    """The folders that `pip install --user` writes to."""
    return places(home, _USER_SITES[home.system])


def system_site_folders(root: Path) -> Iterator[Path | Skipped]:
    """The folders with packages for everybody, below `root` (`/` on a running machine)."""
    for pattern in _SYSTEM_SITES:
        yield from below(root, pattern)


def pip_packages(folder: Path, wanted: Collection[str]) -> Iterator[Package | Skipped]:
    """The packages in one site-packages folder whose normalised names are `wanted`."""
    for name in names(folder):
        if isinstance(name, Skipped):
            yield name
            continue
        stem, dot, suffix = name.rpartition(".")
        about = _METADATA.get(dot + suffix)
        project, _, version = stem.partition("-")
        if about and _normalised(project) in wanted:
            yield _package(folder / name, about, _normalised(project), version.partition("-")[0])


def _package(path: Path, about: str, project: str, version: str) -> Package | Skipped:
    data = read_head(path / about, max_bytes=LIMITS.package_head_bytes)
    if data is None:  # an .egg-info may be the file itself
        data = read_head(path, max_bytes=LIMITS.package_head_bytes) if about == "PKG-INFO" else b""
    if isinstance(data, Skipped):
        return data
    found = headers(data or b"")
    return Package(
        name=project,
        version=tidy_version(found.get("version")) or tidy_version(version),
        location=path,
    )


def _same(folder: Path) -> bool:
    """Whether what lies below lib64 is what lies below lib: mostly one is a link to the other."""
    parts = list(folder.parts)
    parts[-3] = "lib"
    found, other = status(folder), status(Path(*parts))
    return (
        isinstance(found, os.stat_result)
        and isinstance(other, os.stat_result)
        and os.path.samestat(found, other)
    )


def _normalised(name: str) -> str:
    """A project's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()

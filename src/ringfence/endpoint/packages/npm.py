"""Node packages: looks for known names in node_modules folders and reads their package.json.

Source: npm "folders"; where nvm, fnm, Volta, Bun, pnpm and npm's own prefixes put global packages.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import Home
from ringfence.endpoint.packages.package import Package, tidy_version
from ringfence.endpoint.places import below, places
from ringfence.endpoint.settings import read_json

__all__ = ["global_folders", "npm_packages", "system_folders"]

_GLOBAL = (
    "~/.npm-global/lib/node_modules",
    "~/.npm-packages/lib/node_modules",
    "~/.local/lib/node_modules",
    "~/.claude/local/node_modules",
    "~/.nvm/versions/node/*/lib/node_modules",
    "xdg-data:fnm/node-versions/*/installation/lib/node_modules",
    "xdg-data:pnpm/global/*/node_modules",
    "xdg-data:mise/installs/node/*/lib/node_modules",
    "~/.volta/tools/image/packages/*/lib/node_modules",
    "~/.volta/tools/image/packages/*/*/lib/node_modules",
    "~/.bun/install/global/node_modules",
    "~/Library/pnpm/global/*/node_modules",
    "~/AppData/Roaming/npm/node_modules",
    "~/AppData/Local/pnpm/global/*/node_modules",
)
_SYSTEM = (
    "usr/lib/node_modules",
    "usr/local/lib/node_modules",
    "usr/share/nodejs",
    "opt/homebrew/lib/node_modules",
)


def global_folders(home: Home) -> Iterator[Path | Skipped]:
    """The folders where a home's global packages lie. They need not exist."""
    for place in _GLOBAL:
        yield from places(home, place)


def system_folders(root: Path) -> Iterator[Path | Skipped]:
    """The folders with packages for everybody, below `root` (`/` on a running machine)."""
    for pattern in _SYSTEM:
        yield from below(root, pattern)


def npm_packages(folder: Path, wanted: Collection[str]) -> Iterator[Package | Skipped]:
    """The packages directly in one node_modules folder whose names are `wanted`."""
    for name in sorted(wanted):
        about = read_json(folder / name / "package.json")
        if isinstance(about, Skipped):
            yield about
        elif isinstance(about, dict) and about.get("name") == name:
            yield Package(name=name, version=tidy_version(about.get("version")), location=folder / name)

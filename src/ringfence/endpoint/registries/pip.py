"""pip's index: what the user's and the system's settings name, else what the installed pip has by itself.

Source: pip's documentation, "Configuration" (locations, PIP_ variables); pip/_internal/models/index.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ringfence.endpoint.registries.lines import options
from ringfence.endpoint.registries.looking import Looking, Role, Said

__all__ = ["own", "settings"]

_PIP = "pip"
_OPTIONS = {"index-url": Role.INDEX, "extra-index-url": Role.EXTRA}
_OWN = re.compile(
    r'^PyPI = PackageIndex\(\s{0,40}"(https://[a-z0-9.-]{1,253}/)",'
    r'\s{0,40}file_storage_domain="([a-z0-9.-]{1,253})"',
    re.MULTILINE,
)
_MODULE = "pip/_internal/models/index.py"
_PLACES = (  # none of an environment, which agents have in trees
    "usr/lib/python3/dist-packages",
    "usr/local/lib/python3*/*-packages",
    "usr/lib/python3*/site-packages",
    "opt/homebrew/lib/python3*/site-packages",
    "~/.local/lib/python3*/site-packages",
    "~/.pyenv/versions/*/lib/python3*/site-packages",
    "data:uv/python/*/lib/python3*/site-packages",
)


def settings(looking: Looking) -> Iterator[Said]:
    """What is set, the last word first."""
    yield from looking.variable(_PIP, Role.INDEX, "PIP_INDEX_URL")
    yield from looking.variable(_PIP, Role.EXTRA, "PIP_EXTRA_INDEX_URL")
    for path in _files(looking):
        text = looking.text(path)
        for each in options(text or ""):
            if (role := _OPTIONS.get(each.name)) is not None:
                for address in each.value.split():
                    yield Said(
                        program=_PIP, role=role, address=address, file=looking.named(path), line=each.line
                    )


def own(looking: Looking) -> Iterator[Said]:
    """What the first pip that is found was made with: its index, and the host of its files."""
    for folder in _installed(looking):
        path = folder / _MODULE
        text = looking.text(path) or ""
        if found := _OWN.search(text):
            line, file = text.count("\n", 0, found.start()) + 1, looking.named(path)
            address = f"{found[1]}simple"
            yield Said(program=_PIP, role=Role.INDEX, address=address, file=file, line=line)
            yield Said(program=_PIP, role=Role.FILES, address=f"https://{found[2]}", file=file, line=line)
            return


def _files(looking: Looking) -> Iterator[Path]:
    home, root = looking.home, looking.root
    if named := home.variable("PIP_CONFIG_FILE"):
        yield named
    yield home.xdg("XDG_CONFIG_HOME", ".config") / "pip/pip.conf"
    yield home.path / ".pip/pip.conf"
    yield root / "etc/pip.conf"
    yield root / "etc/xdg/pip/pip.conf"


def _installed(looking: Looking) -> Iterator[Path]:
    """Folders that people install Python packages to, this program's own first."""
    if looking.python:
        yield from sorted(Path(looking.python).glob("lib/python3*/site-packages"))
    yield from looking.each(*_PLACES)

"""uv's indexes: what the user's and the system's settings name. Its own stands in its executable alone.

Source: uv's documentation, "Configuration files", "Environment variables" and "Package indexes".
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from ringfence.endpoint.registries.lines import options
from ringfence.endpoint.registries.looking import Looking, Role, Said

__all__ = ["settings"]

_UV = "uv"
_OPTIONS = {"index-url": Role.INDEX, "extra-index-url": Role.EXTRA, "url": Role.EXTRA}
_ADDRESS = re.compile(r"https?://[!#-&(-~]+")  # up to a quote
_NAMED = re.compile(r"[A-Za-z0-9_.-]+=(?=https?://)")


def settings(looking: Looking) -> Iterator[Said]:
    """What is set, the last word first."""
    for each in looking.variable(_UV, Role.INDEX, "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        yield _unnamed(each)
    for each in looking.variable(_UV, Role.EXTRA, "UV_INDEX", "UV_EXTRA_INDEX_URL"):
        yield _unnamed(each)
    named = looking.home.variable("UV_CONFIG_FILE")
    own = looking.home.xdg("XDG_CONFIG_HOME", ".config") / "uv/uv.toml"
    for path in (*((named,) if named else ()), own, looking.root / "etc/uv/uv.toml"):
        yield from _of_file(looking.text(path) or "", looking.named(path))


def _of_file(text: str, file: str) -> Iterator[Said]:
    """`default = true` in an index' table says that it takes the place of uv's own."""
    found: list[Said] = []
    for each in options(text):
        if each.name == "default" and each.value == "true" and found:
            found[-1] = replace(found[-1], role=Role.INDEX)
        elif (role := _OPTIONS.get(each.name)) is not None:
            found += (
                Said(program=_UV, role=role, address=address, file=file, line=each.line)
                for address in _ADDRESS.findall(each.value)
            )
    yield from found


def _unnamed(said: Said) -> Said:
    """Without the name that an index may have before its address."""
    return replace(said, address=_NAMED.sub("", said.address, count=1))

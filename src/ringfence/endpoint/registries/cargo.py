"""cargo's registries, as the user's own settings name them. Its own stands in its executable alone.

Source: the Cargo book, "Configuration", `registries.<name>.index` and `source.<name>.registry`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ringfence.endpoint.registries.lines import options
from ringfence.endpoint.registries.looking import Looking, Role, Said

__all__ = ["settings"]

_CARGO = "cargo"
_SPARSE = "sparse+"
_VARIABLE = re.compile(r"CARGO_REGISTRIES_[A-Z0-9_]{1,100}_INDEX")


def settings(looking: Looking) -> Iterator[Said]:
    """What is set; registries that are repositories of git are none here."""
    found: list[Said] = []
    for name in sorted(filter(_VARIABLE.fullmatch, looking.environment)):
        found += looking.variable(_CARGO, Role.EXTRA, name)
    folder = looking.home.variable("CARGO_HOME") or looking.home.path / ".cargo"
    for path in (folder / "config.toml", folder / "config"):
        found += _of_file(looking, path)
    for each in found:
        if each.address.startswith(_SPARSE):
            address = each.address.removeprefix(_SPARSE)
            yield Said(program=_CARGO, role=each.role, address=address, file=each.file, line=each.line)


def _of_file(looking: Looking, path: Path) -> Iterator[Said]:
    for each in options(looking.text(path) or ""):
        if each.name.rpartition(".")[2] in ("index", "registry"):
            file = looking.named(path)
            yield Said(program=_CARGO, role=Role.EXTRA, address=each.value, file=file, line=each.line)

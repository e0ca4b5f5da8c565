"""What a pickle may import, by exact names. Whatever is on no list is judged by what it looks like.

Tier 1 is pure data: whatever its members are called with, and however they are combined, they only make
values. Tier 2 are classes of well-known libraries, generated from the libraries themselves by
`scripts/allowlist.py`. The list of dangers only makes worse and gives the danger its name; nothing is
harmless because it is missing there.
"""

import json
import re
import sys
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

from ringfence.artifacts.pickles.seen import How, Use

__all__ = ["Kind", "arguments_look_dangerous", "danger", "is_watched", "kind_of", "library_of"]

_FOLDER: Final = Path(__file__).parent / "allowlist"


class Kind(Enum):
    """What an import is."""

    DATA = "data"
    LIBRARY = "library"
    DANGEROUS = "dangerous"
    STANDARD_LIBRARY = "standard library"  # on no list
    DOTTED = "dotted"  # reaches through one thing into another
    MODULE = "module"  # a module in the place of a class
    CLASS = "class"  # of code that nobody has looked at, by the look of its name
    FUNCTION = "function"


_Names = Mapping[str, frozenset[str]]

# Data whose calls are looked at: a codec runs by name, and bytes may be another file to load.
_LOOKED_AT: Final = {("_codecs", "encode"), ("codecs", "encode"), ("torch.storage", "_load_from_bytes")}
_PLAIN_CODECS: Final = {"latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8"}
_CLASS: Final = re.compile(r"_{0,2}[A-Z]\w*")
_DANGEROUS_TEXT: Final = re.compile(
    r"""^(?:https?|ftp|file|data):// | ^[/~] | ^[A-Za-z]:\\ | \.\./ | [;|&`]\s*\w | \$\( |
    \b(?:import|exec|eval|subprocess|system|curl|wget|bash|powershell|chmod|rm\ -)\b |
    \.(?:sh|exe|dll|so|py)$""",
    re.VERBOSE,
)


@cache
def _data() -> _Names:
    return _read("data.json")


@cache
def _libraries() -> Mapping[str, _Names]:
    found = {}
    for path in sorted(_FOLDER.glob("library-*.json")):
        found[path.stem.removeprefix("library-")] = _read(path.name)
    return found


@cache
def _dangers() -> Mapping[str, Mapping[str, str]]:
    whole: Mapping[str, Mapping[str, str]] = json.loads(
        (_FOLDER / "dangers.json").read_text(encoding="utf-8")
    )
    return whole


def _read(name: str) -> _Names:
    whole = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return {module: frozenset(names) for module, names in whole["names"].items()}


@cache
def library_of(module: str, name: str) -> str | None:
    """The library of tier 2 that the import belongs to."""
    if "." in module or module in _libraries():
        for library, names in _libraries().items():
            if name in names.get(module, ()):
                return library
    return None


def danger(module: str, name: str) -> str | None:
    """What is dangerous about the import, in a few words."""
    dangers = _dangers()
    path = f"{module}.{name}"
    if (exact := dangers["names"].get(path)) is not None:
        return exact
    parts = path.split(".")
    for count in range(len(parts) - 1, 0, -1):
        if (whole := dangers["modules"].get(".".join(parts[:count]))) is not None:
            return whole
    reached = name.split(".")
    for at in range(len(reached) - 1):  # torch, os.system
        rest = ".".join(reached[at:])
        found = dangers["names"].get(rest) or dangers["modules"].get(reached[at])
        if found is not None:
            return found
    return dangers["anywhere"].get(parts[-1])


@cache
def kind_of(module: str, name: str) -> Kind:
    """What the import is."""
    if name in _data().get(module, ()):
        return Kind.DATA
    if library_of(module, name) is not None:
        return Kind.LIBRARY
    if danger(module, name) is not None:
        return Kind.DANGEROUS
    if module.partition(".")[0] in sys.stdlib_module_names and module != "__main__":
        return Kind.STANDARD_LIBRARY
    if "." in name:
        return Kind.DOTTED
    if name in sys.stdlib_module_names:
        return Kind.MODULE
    return Kind.CLASS if _CLASS.fullmatch(name) else Kind.FUNCTION


def is_watched(module: str, name: str) -> bool:
    """Whether what the import is called with matters."""
    return (module, name) in _LOOKED_AT or kind_of(module, name) not in (Kind.DATA, Kind.LIBRARY)


def arguments_look_dangerous(use: Use) -> bool:
    """Whether a string among the arguments is a path, a command, code or an address."""
    if (use.module, use.name) in (("_codecs", "encode"), ("codecs", "encode")):
        return use.how is not How.CALL or use.texts[-1:] == () or use.texts[-1] not in _PLAIN_CODECS
    return any(_DANGEROUS_TEXT.search(text) for text in use.texts)

"""Looks into the libraries that are installed beside this Python, and prints what pickles may name of them.

The output's last line is JSON: of each library its version, module → names, those that pickles restore only,
and those left out with the reason. It runs in the environments that `allowlist.py` makes, from Python 3.7 on.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Dict, Set  # noqa: UP035 - this file runs under Python 3.7, too

import allowlist_names as reviewed
from allowlist_acts import RESTORING, why_not

__all__ = ["Found", "Names"]

Names = Dict[str, Set[str]]  # noqa: UP006
Found = Dict[str, Any]  # noqa: UP006
SKIPPED_MODULES = re.compile(
    r"(^|\.)(tests?|_?testing|conftest|setup|externals|dask|spark|cli|__main__|_?distributed|tracker|io|iolib"
    r"|computation|implementations|_config|plotting|graphics|datasets|sandbox|examples|formula|_?backports"
    r"|widget|monoforest|keras|tensorflow|_pyxlibs|_build_utils|onnx|fx|_numba|callbacks?|callback_handler)"
    r"(\.|$)"
)
# Classes that act when they are made, restored or thrown away, whatever their source looks like.
LEFT_OUT = re.compile(
    r"(?i)loader|pickle|(?<!ob)server|client|socket|thread|^_?pool(base)?$|executor|file|excel|hdf|sql|reader"
    r"|writer|(?<!s)parser|_?eval$|lambda(?!lr)|script|mock|rpc|remote|command|plugin|monitor|dmatrix|tester"
    r"|^dataset$|^_?(fig|plot)|^polars|^memory$|^parallel$"
    r"|apply$|^_fromnxfunction|^(module|ordereddict)wrapper$|^_funcinfo$|^callbackhandler$"
    r"|^tadm|^punkttokenizer$|^printer$|^catboostevaluation$|^executioncase$|^_frommethod$|^_convert2ma$"
)


def look_into_all() -> dict[str, object]:
    """What this environment's libraries have, as JSON on stdout."""
    warnings.simplefilter("ignore")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    out: dict[str, object] = {}
    for library, packages in reviewed.PACKAGES.items():
        try:
            version = str(getattr(importlib.import_module(library), "__version__", "?")).partition("+")[0]
        except ImportError:
            continue
        there = [each for each in packages if importable(each)]
        found = look(library, there)
        out[library] = {
            "version": version,
            "left_out": found["left_out"],
            "names": {module: sorted(names) for module, names in found["names"].items()},
            "restored": {module: sorted(names) for module, names in found["restored"].items()},
        }
    return out


def look(library: str, packages: list[str]) -> Found:
    """Module → names, and those left out with the reason."""
    names: Names = {}
    restored: Names = {}
    left_out: dict[str, str] = {}
    top = packages[0].partition(".")[0]
    bases = tuple(base for path in reviewed.RESTORED_BASES.get(library, ()) for base in found_at(path))
    for module in modules(tuple(packages)):
        for attribute, value in list(vars(module).items()):
            where = qualified(value)
            if inspect.isclass(value) and where is not None and where[0].partition(".")[0] == top:
                if issubclass(value, bases):
                    if not why_not(value, RESTORING):
                        restored.setdefault(where[0], set()).add(where[1])
                elif value.__module__ == module.__name__:
                    look_at(value, where, module, names, left_out)
                elif (
                    reviewed.ALIASES.search(module.__name__)
                    and value.__name__ == attribute
                    and not why_not(value)
                ):
                    names.setdefault(module.__name__, set()).add(attribute)
            elif reviewed.RESTORES.search(attribute) and callable(value) and module.__name__.startswith(top):
                names.setdefault(module.__name__, set()).add(attribute)
    for paths, into in ((reviewed.FUNCTIONS, names), (reviewed.RESTORED, restored)):
        for of, name in (each for path in paths.get(library, ()) for each in resolved(path)):
            into.setdefault(of, set()).add(name)
    return {"names": names, "restored": restored, "left_out": left_out}


def look_at(
    cls: type, where: tuple[str, str], module: ModuleType, names: Names, left_out: dict[str, str]
) -> None:
    """Notes the class and those within it, or why not."""
    if LEFT_OUT.search(where[1]) or issubclass(cls, BaseException):
        return
    compiled = is_compiled(module) and not reviewed.COMPILED.search(where[0])
    why = "compiled" if compiled else why_not(cls)
    if why:
        left_out[".".join(where)] = why
        return
    names.setdefault(where[0], set()).add(where[1])
    for inner, nested in vars(cls).items():
        within = (where[0], f"{where[1]}.{inner}")
        if inspect.isclass(nested) and qualified(nested) == within and not why_not(nested):
            names[where[0]].add(within[1])


def modules(packages: tuple[str, ...]) -> Iterator[ModuleType]:
    """Every module of the packages that can be imported."""
    for package in packages:
        root = importlib.import_module(package)
        yield root
        for each in pkgutil.walk_packages(getattr(root, "__path__", []), package + ".", lambda _: None):
            if SKIPPED_MODULES.search(each.name):
                continue
            try:
                yield importlib.import_module(each.name)
            except BaseException:  # noqa: BLE001, S112 - what needs something that is missing has no pickles here
                continue


def qualified(value: object) -> tuple[str, str] | None:
    """Module and name that a pickle has for a class or function; None for what is found nowhere."""
    try:
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    except (
        ImportError,
        LookupError,
    ):  # stands for what is loaded when somebody asks for more, and is missing
        return None
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is value else None


def is_compiled(module: ModuleType) -> bool:
    """Whether the module's code cannot be read."""
    return not (getattr(module, "__file__", None) or "").endswith(".py")


def found_at(path: str) -> Iterator[type]:
    """The class at `module:name`; nothing when this version lacks it."""
    module, _, name = path.partition(":")
    try:
        yield getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        return


def resolved(path: str) -> Iterator[tuple[str, str]]:
    """Module and name under which pickles have what stands at the path; nothing when this version lacks it.

    `module:regex` stands for all names of the module that match, `module:Class/regex` for those of a class.
    """
    module, _, pattern = path.partition(":")
    if not pattern:
        module, _, pattern = path.rpartition(".")
        pattern = re.escape(pattern)
    try:
        found = importlib.import_module(module)
    except ImportError:
        return
    of, _, pattern = pattern.rpartition("/")
    prefix = of + "." if of else ""
    for name, value in list(vars(getattr(found, of, None) if of else found).items()):
        if name.startswith("__") or not re.fullmatch(pattern, name):
            continue
        if callable(value) or type(value).__module__.partition(".")[0] == module.partition(".")[0]:
            where = qualified(value) if inspect.isfunction(value) else None
            if where:
                yield where
            yield module, prefix + name


def importable(package: str) -> bool:
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(look_into_all()) + "\n")

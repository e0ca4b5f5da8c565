"""Writes the lists of library names that pickles may name, by looking into installed libraries.

Without arguments it makes one environment for each paragraph of `allowlist-libraries.txt`, lets each Python
look into the libraries there (`allowlist.py --look`), merges what they found and writes one file for each
library, with the versions it comes from. Nothing in the files depends on the day or the machine.

A class is listed under the module and name that pickles write for it, and only when nothing that runs while
it is made, restored, filled, compared or thrown away reads as if it acted, nor what that calls in its own
library (`acts`), in any of the versions. Compiled code cannot be read: its modules are in `COMPILED`, each
read by a person in the library's own sources. `allowlist_names.py` has what is no class, and the classes that
act when they are called with arguments, which pickles never do.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Set  # noqa: UP035 - this file runs under Python 3.7, too

import allowlist_names as reviewed

Names = Dict[str, Set[str]]  # noqa: UP006
Found = Dict[str, Any]  # noqa: UP006
DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

HERE = Path(__file__).parent
FOLDER = HERE.parent / "src/ringfence/artifacts/pickles/allowlist"
ENVIRONMENTS = HERE.parent / ".cache/libraries"

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
    r"|^catboostevaluation$|^executioncase$|^_frommethod$|^_convert2ma$"
)
ACTS = re.compile(
    r"(?<![\w.])(?:open|exec|eval|compile|__import__|input|breakpoint)\(|\b(?:import_module|popen|Popen|urlopen"
    r"|subprocess|urlretrieve|socket|marshal|unlink|rmtree|makedirs|mkdir|cdll|CDLL|dmatrices|get_matrices"
    r"|from_pretrained|from_file|from_config|trust_remote_code|hf_hub_download|cached_file|snapshot_download"
    r"|load_dataset|torch\.hub)\b|\.Load(?:FromSerializedProto)?\("
    r"|\bos\.(?:system|remove|rename|exec|spawn|kill)|\b(?:pickle|torch|np|numpy|joblib|dill)\.loads?\b"
    r"|\bnp\.(?:fromfile|memmap|loadtxt|genfromtxt|save\w*)\b|\bread_(?:csv|pickle|hdf)|\.write\("
    r"|\b(?:getattr|globals|vars|locals)\([^()]*\)\("
)
# What acts because it executes a text that stands in its state, the same in every honest pickle.
RUNS_TEXT = re.compile(
    r"_attach_argparser_methods: exec\($|ModelData\.__setstate__: (?:dmatrices|get_matrices)$"
)
TELLS = re.compile(r"warn|warning|warning_once|warn_once|info|debug|error")
TRIGGERED = (
    "__new__", "__init__", "__post_init__", "__setstate__", "__del__", "__setattr__", "__getattr__",
    "__getattribute__", "__setitem__", "__getitem__", "__call__", "__iter__", "__next__", "__len__",
    "__hash__", "__eq__", "__bool__", "__array__", "__index__", "__int__", "__float__", "append", "extend",
    "add", "update", "keys",
)  # fmt: skip
RESTORING = tuple(each for each in TRIGGERED if each not in ("__init__", "__post_init__"))
DEEP = 3  # calls followed from there, within the library


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
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is value else None


@functools.lru_cache(maxsize=None)  # noqa: UP033 - Python 3.7 has no other
def source(function: Callable[..., object]) -> tuple[str | None, tuple[tuple[bool, str], ...]] | None:
    """What of the function's source acts, and what it calls: whether by `self.` or `cls.`, and the name.

    None when the function is compiled or built in.
    """
    try:
        text = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return None
    if not isinstance(tree, DOCUMENTED):
        return None
    said = without_messages(text, tree).replace(ast.get_docstring(tree, clean=False) or "\0", "")
    body = re.sub(r"#[^\n]*", "", said)
    acting = ACTS.search(body)
    return acting[0] if acting else None, tuple(calls(tree))


def without_messages(text: str, tree: ast.stmt) -> str:
    """The source without the texts of errors and warnings, which tell users what they should call."""
    lines = text.encode().splitlines(keepends=True)
    texts = (
        each
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and TELLS.fullmatch(name_of(node.func)))
        for each in ast.walk(node)
        if isinstance(each, (ast.JoinedStr, ast.Constant)) and isinstance(getattr(each, "value", ""), str)
    )
    for each in texts:
        last = getattr(each, "end_lineno", None)  # Python 3.7 does not say
        for number in range(each.lineno, (last or 0) + 1):
            line = lines[number - 1]
            start = each.col_offset if number == each.lineno else 0
            end = (each.end_col_offset or 0) if number == last else len(line.rstrip(b"\n"))
            lines[number - 1] = line[:start] + b" " * (end - start) + line[end:]
    return b"".join(lines).decode(errors="replace")


def name_of(function: ast.expr) -> str:
    """The last name of what is called; empty when it has none."""
    return str(getattr(function, "attr", getattr(function, "id", "")))


def calls(tree: ast.stmt) -> Iterator[tuple[bool, str]]:
    """Names that the function calls, and those that it calls of its own object."""
    for node in ast.walk(tree):
        of = node.func if isinstance(node, ast.Call) else None
        if isinstance(of, ast.Name):
            yield False, of.id
        elif (
            isinstance(of, ast.Attribute)
            and isinstance(of.value, ast.Name)
            and of.value.id in ("self", "cls")
        ):
            yield True, of.attr


def called(
    function: Callable[..., object], names: tuple[tuple[bool, str], ...], cls: type
) -> Iterator[tuple[Callable[..., object], type]]:
    """What of its own library the function calls, or runs by making an object, and whose it is."""
    top = (getattr(function, "__module__", None) or "").partition(".")[0]
    known = getattr(inspect.unwrap(function), "__globals__", {})
    for is_own, name in names:
        found = inspect.getattr_static(cls, name, None) if is_own else known.get(name)
        owner = found if inspect.isclass(found) else cls
        found = found.__init__ if inspect.isclass(found) else getattr(found, "__func__", found)
        if inspect.isfunction(found) and (found.__module__ or "").partition(".")[0] == top:
            yield found, owner


def acts(
    function: Callable[..., object], cls: type, deep: int = DEEP, seen: set[int] | None = None
) -> str | None:
    """What the function, or what it calls in its own library, does that a value would not."""
    seen = set() if seen is None else seen
    if id(function) in seen or getattr(function, "__qualname__", None) in reviewed.HARMLESS:
        return None
    seen.add(id(function))
    read = source(function) if isinstance(function, Hashable) else None
    if read is None:
        return None
    acting, names = read
    if acting:
        return f"{function.__qualname__}: {acting}"
    if deep:
        for other, owner in called(function, names, cls):
            found = acts(other, owner, deep - 1, seen)
            if found:
                return f"{function.__qualname__} > {found}"
    return None


def why_not(cls: type, triggered: tuple[str, ...] = TRIGGERED) -> str | None:
    """Why the class may not be on the list; None when it may."""
    library = cls.__module__.partition(".")[0]
    for method in triggered:
        for base in cls.__mro__:
            if method in vars(base):
                if (
                    base.__module__.partition(".")[0] != library
                    and base.__module__ in sys.builtin_module_names
                ):
                    break
                function = vars(base)[method]
                found = acts(getattr(function, "__func__", function), cls)
                if found:
                    return found
                break
    return None


def is_compiled(module: ModuleType) -> bool:
    """Whether the module's code cannot be read."""
    return not (getattr(module, "__file__", None) or "").endswith(".py")


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


def importable(package: str) -> bool:
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


def environments() -> Iterator[tuple[str, list[str]]]:
    """Each paragraph's Python and requirements."""
    text = re.sub(r"^#.*\n", "", (HERE / "allowlist-libraries.txt").read_text(encoding="utf-8"), flags=re.M)
    for paragraph in re.split(r"\n{2,}", text.strip()):
        python, *requirements = paragraph.split()
        yield python, requirements


def starts(python: str) -> bool:
    """Whether there is such a Python: a version manager has a program of every name, which then fails."""
    found = shutil.which(python)
    return found is not None and not subprocess.run([found, "-c", ""], check=False).returncode


def looked_into(number: int, python: str, requirements: list[str]) -> dict[str, Found]:
    """What the environment's libraries have. It is made when it is not there yet."""
    folder = ENVIRONMENTS / str(number)
    if not starts(python):
        raise SystemExit(f"allowlist: {python} is not installed, and its libraries' names would be lost")
    wanted = folder / "requirements.txt"
    if not wanted.exists() or wanted.read_text(encoding="utf-8").split() != requirements:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin/pip"), "install", "--quiet", "--only-binary", ":all:"]
        subprocess.run([*pip, *requirements], check=True)
        wanted.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    command = [str(folder / "bin/python"), str(Path(__file__).resolve()), "--look"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=str(folder))
    looked: dict[str, Found] = json.loads(done.stdout.splitlines()[-1])  # libraries print while imported
    return looked


def write(library: str, found: list[Found]) -> None:
    """Writes the library's list, merged from all versions."""
    merged: dict[str, Names] = {"names": {}, "restored": {}, "runs_text": {}}
    left_out = [item for each in found for item in each["left_out"].items()]
    acting = {name for name, _ in left_out}  # in any version
    for name, why in left_out:
        if RUNS_TEXT.search(why):
            module, _, attribute = name.rpartition(".")
            merged["runs_text"].setdefault(module, set()).add(attribute)
    for each in found:
        for part, into in merged.items():
            if part == "runs_text":
                continue
            for module, names in each[part].items():
                into.setdefault(module, set()).update(names)
    for module, other in reviewed.ALSO.items():
        if module in merged["names"]:
            merged["names"].setdefault(other, set()).update(merged["names"][module])
    for module, names in merged["names"].items():
        acts_there = {name for name in names if f"{module}.{name}" in acting}
        merged["names"][module] = names - acts_there - merged["restored"].get(module, set())
    document: Found = {
        "library": library,
        "versions": sorted(
            {each["version"] for each in found}, key=lambda text: [len(text.split(".")[0]), text]
        ),
        "made_by": "scripts/allowlist.py",
        "names": {module: sorted(names) for module, names in sorted(merged["names"].items()) if names},
    }
    for part in ("restored", "runs_text"):
        if merged[part]:
            document[part] = {module: sorted(names) for module, names in sorted(merged[part].items())}
    text = json.dumps(document, indent=1)
    text = re.sub(
        r"\[\n\s+(.*?)\n\s+\]", lambda m: "[" + re.sub(r"\s*\n\s*", " ", m[1]) + "]", text, flags=re.S
    )
    (FOLDER / f"library-{library}.json").write_text(text + "\n", encoding="utf-8")
    count = sum(map(len, document["names"].values()))
    print(f"{library} {', '.join(document['versions'])}: {count} names")


def main() -> None:
    found: dict[str, list[Found]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        each_environment = enumerate(environments(), 1)
        looks = [threads.submit(looked_into, number, *each) for number, each in each_environment]
    for look_ in looks:
        for library, names in look_.result().items():
            found.setdefault(library, []).append(names)
    for library, each in found.items():
        write(library, each)


if __name__ == "__main__":
    if sys.argv[1:] == ["--look"]:
        sys.stdout.write("\n" + json.dumps(look_into_all()) + "\n")
    else:
        main()

"""Whether a class of a library acts while pickles make, restore, fill, compare or throw it away.

What runs then is read, and what that calls in its own library. Compiled code cannot be read.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Hashable, Iterator

import allowlist_names as reviewed

__all__ = ["RESTORING", "why_not"]

DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
ACTS = re.compile(
    r"(?<![\w.])(?:open|exec|eval|compile|__import__|input|breakpoint)\(|\b(?:import_module|popen|Popen|urlopen"
    r"|subprocess|urlretrieve|socket|marshal|unlink|rmtree|makedirs|mkdir|cdll|CDLL|dmatrices|get_matrices"
    r"|from_pretrained|from_file|from_config|trust_remote_code|hf_hub_download|cached_file|snapshot_download"
    r"|load_dataset|torch\.hub)\b|\.Load(?:FromSerializedProto)?\("
    r"|\bos\.(?:system|remove|rename|exec|spawn|kill)|\b(?:pickle|torch|np|numpy|joblib|dill)\.loads?\b"
    r"|\bnp\.(?:fromfile|memmap|loadtxt|genfromtxt|save\w*)\b|\bread_(?:csv|pickle|hdf)|\.write\("
    r"|\b(?:getattr|globals|vars|locals)\([^()]*\)\("
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

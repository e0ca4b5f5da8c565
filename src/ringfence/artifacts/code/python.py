"""Judges Python source: what importing it, or making a model with it, would do. Reads syntax; runs nothing.

Code of strangers is never clean: at best nobody has looked at it. It is suspicious when it leaves the process
as soon as it is loaded, and malicious when it hides what it runs. What only functions do that nobody calls is
told, and no more, unless no honest program does it at all.
"""

import ast
import builtins
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, islice
from typing import Final

from ringfence.artifacts.code.python_calls import Weighed, weigh
from ringfence.artifacts.code.python_scopes import When
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.hidden_characters import judge_text
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS

__all__ = ["judge_python", "judge_python_text"]

_COOKIE: Final = re.compile(rb"[ \t\f]*#[^\n]{0,200}?coding[:=][ \t]*([-\w.]{1,40})")
_ENCODINGS: Final = re.compile(
    r"(?:utf-?8(?:-sig)?|u8|us-?ascii|ascii|latin-?1|iso-?8859-\d{1,2}|cp\d{3,4}|windows-\d{4}|gbk|gb2312|gb18030"
    r"|big5|euc-?(?:jp|kr|cn)|shift-?jis|koi8-r)(?:-(?:unix|dos|mac))?$"
)
_PUSHED_ASIDE: Final = 200  # columns of nothing before a statement
_NESTING: Final = 3  # code in text in code
_READ_IT: Final = "read the code before anything loads it; run it only where it can reach nothing"
_DO_NOT: Final = "do not load it: no model needs code that does this"
_REGISTERS: Final = ("NODE_CLASS_MAPPINGS", "WEB_DIRECTORY")


def judge_python(source: bytes, *, runs: When = When.IMPORT, is_packed: bool = False) -> Iterator[Spotted]:
    """What is spotted in a Python file, whose own statements run when `runs` says.

    One that `is_packed` with a pickle has classes that the pickle makes objects of.

    Raises:
        Malformed: more than `limits.python_bytes`.
    """
    tree = _tree(source)
    if isinstance(tree, Spotted):
        yield tree
        return
    yield from judge_text(source.decode("utf-8", "replace"))
    lines = [0, *accumulate(len(line) for line in source.splitlines(keepends=True))]
    told: dict[str, None] = {}
    unpickled: set[bytes] = set()
    for found in _weighed(tree, runs, depth=0, is_packed=is_packed):
        line = getattr(found.node, "lineno", 0)
        if found.pickled is not None and found.pickled not in unpickled:
            unpickled.add(found.pickled)
            yield from _unpickled(found, lines[line - 1] if 0 < line < len(lines) else None)
        if found.check == "python-code":
            told[f"{found.what}, {found.when.shown}, line {line}"] = None
        else:
            yield Spotted(
                check=found.check,
                severity=found.severity,
                confidence=found.confidence,
                at=lines[line - 1] if 0 < line < len(lines) else None,
                evidence=(found.what, f"{found.when.shown}, line {line}"),
                advice=_DO_NOT,
            )
    yield from _shape(tree, source.splitlines())
    if not all(map(_is_inert, tree.body)):
        yield _code(tree, tuple(told))


def _unpickled(found: Weighed, at: int | None) -> Iterator[Spotted]:
    """What the pickle in the code does, when it comes to that."""
    from ringfence.artifacts.pickles.judge import judge

    for each in judge(Reader.of_bytes(found.pickled or b"")):
        if isinstance(each, Spotted):
            severity = each.severity if found.when.by_loading else min(each.severity, Severity.HIGH)
            evidence = (*each.evidence, f"in a pickle within the code, {found.when.shown}")
            yield replace(each, severity=severity, at=at, evidence=evidence)


def judge_python_text(text: str) -> Iterator[Spotted]:
    """What is spotted in a piece of Python within something else, such as a string that is evaluated."""
    yield from judge_python(text.strip().encode("utf-8", "replace"))


def _tree(source: bytes) -> ast.Module | Spotted:
    """The syntax tree, or why there is none."""
    if len(source) > LIMITS.python_bytes:
        raise Malformed(
            ProblemKind.OVER_LIMIT, at=None, detail=f"more than {LIMITS.python_bytes} bytes of Python"
        )
    for line in source.split(b"\n", 2)[:2]:
        cookie = _COOKIE.match(line)
        encoding = cookie[1].decode("latin-1").lower().replace("_", "-") if cookie else "utf-8"
        if not _ENCODINGS.match(encoding):
            return _spotted("code-hidden", Severity.HIGH, f"written in the encoding {encoding}")
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "no text"
        return _spotted("code-unreadable", Severity.MEDIUM, f"not Python that can be read: {why}")
    except (RecursionError, MemoryError):
        return _spotted("code-unreadable", Severity.MEDIUM, "nested too deep to be read")
    if sum(1 for _ in islice(ast.walk(tree), LIMITS.python_nodes + 1)) > LIMITS.python_nodes:
        raise Malformed(
            ProblemKind.OVER_LIMIT, at=None, detail=f"Python of more than {LIMITS.python_nodes} parts"
        )
    return tree


def _weighed(tree: ast.Module, runs: When, *, depth: int, is_packed: bool = False) -> Iterator[Weighed]:
    """What the file does, and what the code in its strings does."""
    for found in weigh(tree, module_runs=runs, is_packed=is_packed):
        yield found
        if found.inner is None or not found.inner.strip():
            continue
        inner = _tree(found.inner.strip().encode("utf-8", "replace"))
        if isinstance(inner, ast.Module) and depth < _NESTING:
            for each in _weighed(inner, found.when, depth=depth + 1):
                yield replace(each, node=found.node)  # it stands where the text is evaluated


def _shape(tree: ast.Module, lines: list[bytes]) -> Iterator[Spotted]:
    """What the text looks like, whatever it does."""
    climbs: set[str] = set()
    reaches = False
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.col_offset >= _PUSHED_ASIDE:
            before = lines[node.lineno - 1][: node.col_offset] if node.lineno <= len(lines) else b""
            if before.endswith((b" " * (_PUSHED_ASIDE // 2), b"\t" * 20)):
                yield _spotted("code-hidden", Severity.HIGH, f"pushed out of sight, line {node.lineno}")
                return
        if isinstance(node, ast.Name) and _is_folded(node):
            yield _spotted("code-hidden", Severity.HIGH, f"{node.id} in other letters, line {node.lineno}")
            return
        if isinstance(node, ast.Attribute):
            climbs.add(node.attr)
            reaches = reaches or (node.attr == "__subclasses__" and _is_root(node.value))
    if reaches or ("__subclasses__" in climbs and climbs & {"__globals__", "__builtins__"}):
        yield _spotted("code-hidden", Severity.HIGH, "climbs from any object to all that Python has")


def _is_folded(node: ast.Name) -> bool:
    """Whether a name of Python's own is written in letters that only Python takes for those."""
    size = (node.end_col_offset or 0) - node.col_offset
    return size != len(node.id) and node.id.isascii() and hasattr(builtins, node.id)


def _is_root(node: ast.expr) -> bool:
    """Whether it is the class of all classes, by way of a literal's own."""
    while isinstance(node, ast.Subscript):
        node = node.value
    match node:
        case ast.Attribute(
            attr="__base__" | "__mro__" | "__bases__", value=ast.Attribute(attr="__class__", value=of)
        ):
            return isinstance(of, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.JoinedStr)
    return False


def _is_inert(node: ast.stmt) -> bool:
    """Documentation, constants, and nothing that runs."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.ImportFrom(module="__future__"):
            return True
        case ast.Assign(value=value, targets=[ast.Name()]) | ast.AnnAssign(value=ast.expr() as value):
            return all(isinstance(each, _INERT) for each in ast.walk(value))
    return False


_INERT: Final = (
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Set,
    ast.expr_context,
    ast.UnaryOp,
    ast.unaryop,
)


def _code(tree: ast.Module, told: tuple[str, ...]) -> Spotted:
    """That it is code at all, and what it does besides computing."""
    registered = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in _REGISTERS
    ]
    return Spotted(
        check="comfyui-node" if registered else "python-code",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        at=None,
        evidence=told or ("computes only, as far as its names tell",),
        advice=_READ_IT,
    )


def _spotted(check: str, severity: Severity, what: str) -> Spotted:
    return Spotted(
        check=check,
        severity=severity,
        confidence=Confidence.CERTAIN if severity == Severity.MEDIUM else Confidence.LIKELY,
        at=None,
        evidence=(what,),
        advice=_READ_IT if severity == Severity.MEDIUM else _DO_NOT,
    )

"""Weighs what a Python file calls: what the call does, when it comes to that, and with what.

| | in a function | when loaded |
|-|-|-|
| a command, code from text, sending | told | suspicious |
| a command that fetches and runs, wipes, or opens a shell to elsewhere | suspicious | malicious |
| code that was encoded, fetched, or is bytecode | malicious | malicious |
| secrets that are sent | suspicious | malicious |
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from ringfence.artifacts.code.commands import dangerous_command
from ringfence.artifacts.code.python_acts import Act, act_of, has_acts, sends, touches
from ringfence.artifacts.code.python_flow import Origin, Origins
from ringfence.artifacts.code.python_names import Names
from ringfence.artifacts.code.python_scopes import Scope, When, scopes
from ringfence.artifacts.code.words import words
from ringfence.core.dataclass import dataclass
from ringfence.core.findings import Confidence, Severity

__all__ = ["Weighed", "weigh"]

_RUNS: Final = (Act.COMMAND, Act.CODE)
_OPENS_NOTHING_YET: Final = words("opens_nothing_yet")
# Programs that honest code asks at import what the machine can do.
_ASKS: Final = words("asks")
_GETTERS: Final = ("operator.attrgetter", "operator.methodcaller")
_SHELLS: Final = frozenset(("system", "popen", "Popen", "check_output", "exec", "eval"))
# Loaders of bytes, and of files in memory that are made of bytes.
_LOADS_BYTES: Final = (
    *(
        "pickle.",
        "_pickle.",
        "cPickle.",
        "dill.",
        "cloudpickle.",
        "joblib.",
        "torch.load",
        "pandas.read_pickle",
    ),
    "marshal.",
)
_PATH_PARTS: Final = 32
# What examples do to have a picture or text to show a model, and what an address of theirs looks like.
_FETCHES: Final = ("requests.get", "urllib.request.urlopen", "httpx.get")
_CARRY: Final = ("data", "json", "params", "headers", "cookies", "auth", "files", "content")
_BY_NAME: Final = re.compile(r"https?://(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}/[^?#]*$")
_EVALUATE: Final = ("exec", "eval", "builtins.exec", "builtins.eval")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One thing that the code does."""

    check: str  # `python-code` for what is only told
    severity: Severity
    confidence: Confidence
    what: str
    when: When
    node: ast.AST
    inner: str | None = None  # code in text, to be judged as if it stood here
    pickled: bytes | None = None  # what is unpickled here, where it stands in the code


def weigh(tree: ast.Module, *, module_runs: When, is_packed: bool = False) -> Iterator[Weighed]:
    """All that the file does, part by part; `module_runs` is when its own statements do."""
    names = Names(tree)
    parts = scopes(tree, module_runs=module_runs, is_packed=is_packed)
    returns: dict[str, set[Origin]] = {}
    for _ in range(2):  # what functions return is known only when all were looked at
        looked_at = [_look(names, returns, part) for part in parts]
    defines = any(
        isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for each in tree.body
    )
    for part, origins in zip(parts, looked_at, strict=True):
        yield from _Weigher(names, part, origins, defines=defines).weigh()


def _look(names: Names, returns: dict[str, set[Origin]], part: Scope) -> Origins:
    origins = Origins(names, returns)
    origins.learn(part.nodes, function=part.name)
    return origins


class _Weigher:
    """One part of a file."""

    def __init__(self, names: Names, part: Scope, origins: Origins, *, defines: bool) -> None:
        self._names = names
        self._defines = defines  # the file has functions or classes
        self._when = part.when
        self._nodes = part.nodes
        self._origins = origins
        self._asked = _given(part)
        self._reduces = part.name in ("__reduce__", "__reduce_ex__")

    def weigh(self) -> Iterator[Weighed]:
        """What its calls do one by one, and what they do together."""
        called: set[str] = set()
        sent: ast.Call | None = None
        secret: ast.Call | None = None
        for node in self._nodes:
            match node:
                case ast.Call():
                    names = self._names.of(node.func)
                    called |= names
                    yield from self._call(node, names)
                    sent = node if any(map(sends, names)) else sent
                    secret = node if self._reads_secrets(node) else secret
                case ast.FunctionDef(decorator_list=uses) | ast.ClassDef(decorator_list=uses):
                    yield from self._decorators(uses)
                case ast.Assign(targets=targets, value=value):
                    yield from self._rebinds(targets, value)
                case ast.Return(value=ast.Tuple(elts=[first, *_])) if self._reduces:
                    for name in self._names.of(first):
                        if act_of(name) is not None:
                            yield self._high("code-attack", f"makes pickles that call {name}", node)
        if "socket.socket" in called and called & {"os.dup2", "pty.spawn"}:
            yield self._bad("code-attack", "hands a shell to whoever is at the other end", self._nodes[0])
        if sent is not None and secret is not None:
            yield self._high("code-attack", "reads secrets and opens a connection", sent)

    def _call(self, node: ast.Call, names: frozenset[str]) -> Iterator[Weighed]:
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        text = self._words(arguments)
        acts = {act_of(name): name for name in sorted(names)}
        for act, name in acts.items():
            if act is not None:
                yield from self._act(node, act, name, arguments, text)
            elif name in _GETTERS and text is not None and _SHELLS & set(text.replace(".", " ").split()):
                yield self._acts(f"{name} of {text}", node)
        if not acts.keys() & set(_RUNS):
            yield from self._handed_over(node, arguments)
            if self._when.by_loading and text and (part := dangerous_command(text)):
                yield self._high("code-attack", f"a command: {part}", node)
        if text and self._when.by_loading and (place := touches(text)):
            yield self._high("code-attack", f"touches {place}: {text}", node)

    def _act(
        self, node: ast.Call, act: Act, name: str, arguments: list[ast.expr], text: str | None
    ) -> Iterator[Weighed]:
        origins = set[Origin]().union(*map(self._origins.of, arguments))
        if act in (Act.LOADER, Act.BYTECODE) and name.startswith(_LOADS_BYTES):
            yield from self._literal(node, act, name, arguments)
        if self._is_disguised(node, act):
            yield self._bad("code-hidden", f"{name}, called by a computed name", node)
        if act in _RUNS and self._asked & _names_in(arguments):
            yield self._high("code-attack", f"{name} of what others send", node)
        if act is Act.COMMAND:
            yield self._command(node, name, text, origins)
        elif act is Act.CODE:
            yield from self._code(node, name, arguments, origins)
        elif act is Act.NETWORK:
            yield self._network(node, name, origins)
        elif act is Act.BYTECODE and origins:
            yield self._bad("code-hidden", f"{name} of data {_worst(origins)}", node)
        elif act is Act.IMPORT:
            yield from self._import(node, name, arguments)
        elif act is Act.DELETE and name == "shutil.rmtree" and self._when.by_loading and _is_home(text):
            yield self._high("code-attack", f"{name}({text})", node)
        elif act is Act.LOADER and origins & {Origin.FETCHED, Origin.DECODED} and self._when.by_loading:
            yield self._high("code-acts-when-loaded", f"{name} of data {_worst(origins)}", node)
        elif act is not Act.DECODE:
            yield self._told(f"{act.value}: {name}", node)

    def _command(self, node: ast.Call, name: str, text: str | None, origins: set[Origin]) -> Weighed:
        shown = f"{name}({text})" if text else name
        if text and (part := dangerous_command(text)) is not None:
            return self._bad("code-attack", f"{name}: {part}", node)
        if Origin.DECODED in origins or (Origin.FETCHED in origins and self._when.by_loading):
            return self._bad("code-hidden", f"{name} of text {_worst(origins)}", node)
        if self._when.by_loading and not _only_asks(text):
            return self._high("code-acts-when-loaded", f"runs a command: {shown}", node)
        return self._told(f"runs a command: {shown}", node)

    def _code(
        self, node: ast.Call, name: str, arguments: list[ast.expr], origins: set[Origin]
    ) -> Iterator[Weighed]:
        inner = self._names.text(arguments[0]) if arguments else None
        hidden = origins & {Origin.DECODED, Origin.FETCHED, Origin.BYTECODE, Origin.SPELLED}
        if hidden and name in _EVALUATE:
            yield Weighed(
                check="code-hidden",
                severity=Severity.CRITICAL,
                confidence=Confidence.LIKELY,
                what=f"{name} of text {_worst(hidden)}",
                when=self._when,
                node=node,
                inner=inner,
            )
        elif inner is not None:
            yield Weighed(
                check="python-code",
                severity=Severity.LOW,
                confidence=Confidence.CERTAIN,
                what=f"runs text as code: {name}",
                when=self._when,
                node=node,
                inner=inner,
            )
        elif name.endswith("exec") and self._when.by_loading:
            yield self._high("code-acts-when-loaded", f"runs text as code: {name}", node)
        else:
            yield self._told(f"runs text as code: {name}", node)

    def _literal(self, node: ast.Call, act: Act, name: str, arguments: list[ast.expr]) -> Iterator[Weighed]:
        """Bytes in the code itself that a loader is given: no honest code has its data there."""
        text = self._names.text(arguments[0]) if arguments else None
        if text is None or not text or len(text.encode("latin-1", "ignore")) != len(text):
            return
        if act is Act.BYTECODE or text.startswith("PK\3\4"):
            yield self._bad("code-hidden", f"{name} of bytes that stand in the code", node)
        else:
            told = self._told(f"{act.value}: {name}", node)
            yield replace(told, pickled=text.encode("latin-1"))

    def _network(self, node: ast.Call, name: str, origins: set[Origin]) -> Weighed:
        if Origin.SECRET in origins:
            return self._bad("code-attack", f"{name} with what holds secrets", node)
        at_once = self._when is When.IMPORT or (self._when is When.MODEL and sends(name))
        if at_once and name not in _OPENS_NOTHING_YET and not self._is_example(node, name):
            return self._high("code-acts-when-loaded", f"opens a connection: {name}", node)
        return self._told(f"opens a connection: {name}", node)

    def _is_example(self, node: ast.Call, name: str) -> bool:
        """Whether a file that defines nothing, which nobody imports, fetches from a host by its name."""
        address = self._names.text(node.args[0]) if node.args else None
        fetches = name in _FETCHES and not any(each.arg in _CARRY for each in node.keywords)
        return fetches and not self._defines and address is not None and _BY_NAME.match(address) is not None

    def _import(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> Iterator[Weighed]:
        first = arguments[0] if arguments else None
        module = self._names.text(first) if first is not None else None
        if module is not None and (module == "builtins" or has_acts(module)) and not _is_plain(first):
            yield self._bad("code-hidden", f"{name} of {module}, whose name is computed", node)
        elif module is None:
            yield self._told(f"imports by a computed name: {name}", node)

    def _handed_over(self, node: ast.Call, arguments: list[ast.expr]) -> Iterator[Weighed]:
        """Something that runs commands or code and is given to somebody else to call."""
        for argument in arguments:
            if isinstance(argument, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
                for name in self._names.of(argument):
                    if act_of(name) in _RUNS:
                        yield self._acts(f"hands over {name} to be called", node)

    def _decorators(self, uses: list[ast.expr]) -> Iterator[Weighed]:
        for use in uses:
            for name in self._names.of(use):
                if act_of(name) in _RUNS:
                    yield self._acts(f"decorates with {name}", use)

    def _rebinds(self, targets: list[ast.expr], value: ast.expr) -> Iterator[Weighed]:
        """`__class_getitem__ = os.system` and the like: Python calls it later."""
        for target in targets:
            if isinstance(target, ast.Name | ast.Attribute):
                called = target.id if isinstance(target, ast.Name) else target.attr
                if called.startswith("__") and called.endswith("__"):
                    for name in self._names.of(value):
                        if act_of(name) in _RUNS:
                            yield self._high("code-hidden", f"{called} becomes {name}", target)

    def _reads_secrets(self, node: ast.Call) -> bool:
        return any(
            (text := self._names.text(each)) is not None and touches(text) == "where secrets are kept"
            for each in node.args
        )

    def _is_disguised(self, node: ast.Call, act: Act) -> bool:
        """Whether it is reached by text that does not stand there as such."""
        if act not in (*_RUNS, Act.NETWORK, Act.BYTECODE):
            return False
        for each in ast.walk(node.func):
            key = None
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
                if each.func.id == "getattr" and len(each.args) > 1:
                    key = each.args[1]
                elif each.func.id == "__import__" and each.args:
                    key = each.args[0]
            elif isinstance(each, ast.Subscript):
                key = each.slice
            if key is not None and not _is_plain(key) and self._names.text(key) is not None:
                return True
        return False

    def _words(self, arguments: list[ast.expr]) -> str | None:
        """The text of a call's arguments, with a list's joined as a command's words."""
        found: list[str] = []
        for argument in arguments[:8]:
            parts = self._names.items(argument) or [argument]
            if path := "/".join(map(self._text_or_star, _divided(argument))):
                found.append(path)
            found.extend(text for text in map(self._names.text, parts) if text is not None)
        return " ".join(found)[:4096] or None

    def _text_or_star(self, node: ast.expr) -> str:
        return self._names.text(node) or "*"

    def _told(self, what: str, node: ast.AST) -> Weighed:
        return self._make("python-code", Severity.LOW, Confidence.CERTAIN, what, node)

    def _acts(self, what: str, node: ast.AST) -> Weighed:
        by_loading = self._when.by_loading
        return self._high("code-acts-when-loaded", what, node) if by_loading else self._told(what, node)

    def _high(self, check: str, what: str, node: ast.AST) -> Weighed:
        return self._make(check, Severity.HIGH, Confidence.LIKELY, what, node)

    def _bad(self, check: str, what: str, node: ast.AST) -> Weighed:
        severity = Severity.CRITICAL if self._when.by_loading else Severity.HIGH
        return self._make(check, severity, Confidence.LIKELY, what, node)

    def _make(
        self, check: str, severity: Severity, confidence: Confidence, what: str, node: ast.AST
    ) -> Weighed:
        return Weighed(
            check=check, severity=severity, confidence=confidence, what=what, when=self._when, node=node
        )


def _given(part: Scope) -> set[str]:
    """The names that hold what others send, where the part answers to others."""
    found = set(part.answers)
    for _ in range(2 if found else 0):
        for node in part.nodes:
            if isinstance(node, ast.Assign) and found & _names_in([node.value]):
                found |= _names_in(node.targets)
    return found


def _names_in(nodes: Iterable[ast.AST]) -> set[str]:
    return {each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)}


def _is_plain(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant)


def _is_home(text: str | None) -> bool:
    return text is not None and text.rstrip("/*") in (
        "",
        "~",
        "/home",
        "/root",
        "/etc",
        "/usr",
        "/var",
        "C:\\",
    )


def _only_asks(text: str | None) -> bool:
    """Whether the command only looks at the machine: one known program, and no shell's punctuation."""
    if not text or any(each in text for each in ";&|`$<>"):
        return False
    return text.split()[0].rpartition("/")[2] in _ASKS


def _worst(origins: set[Origin]) -> str:
    return next(each.value for each in Origin if each in origins)


def _divided(node: ast.expr) -> list[ast.expr]:
    """The parts of a path that is put together with `/`."""
    parts: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and len(parts) < _PATH_PARTS:
        parts.insert(0, node.right)
        node = node.left
    return [node, *parts] if parts else []

"""Which parts of a Python file run when: on import, when a model is made or run, or if somebody asks.

Calls within the file are followed by name, whatever object they are called on: rather too far than
not at all.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from enum import IntEnum
from typing import Final

from ringfence.artifacts.code.words import words
from ringfence.core.dataclass import dataclass

__all__ = ["Scope", "When", "scopes"]


class When(IntEnum):
    """When a part runs; later ones are worse."""

    CALLED = 0
    AS_PROGRAM = 1
    MODEL = 2
    IMPORT = 3

    @property
    def shown(self) -> str:
        """For people."""
        return ("in a function", "when run as a program", "when the model is made or run", "when imported")[
            self
        ]

    @property
    def by_loading(self) -> bool:
        """Whether loading or running a model is enough."""
        return self >= When.MODEL


@dataclass(slots=True, kw_only=True)
class Scope:
    """The module's own statements, or those of one function. Class bodies belong to what they stand in."""

    name: str  # empty for the module
    owner: str  # the class, of a method
    bases: tuple[str, ...]  # of that class, last parts of their names
    when: When
    nodes: list[ast.AST] = field(default_factory=list)  # in the order of the text
    answers: tuple[str, ...] = ()  # names that hold what others send


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_MODEL_LIKE: Final = re.compile(
    r"(?:Pre[Tt]rained\w*|Module|Layer|Model|Config|Tokenizer\w*|Processor|Pipeline|FeatureExtractor|Handler"
    r"|PythonModel|Estimator|Scheduler|Mixin|ModelBase|PretrainedTokenizerBase|install|develop|egg_info|bdist_egg)$"
)
_MODEL_METHODS: Final = words("model_methods")
# Python calls these without anybody having written a call.
_UNASKED: Final = words("unasked")
_LOADERS: Final = frozenset(("_load_pyfunc", "load_model", "model_fn", "predict_fn", "input_fn", "output_fn"))


def scopes(tree: ast.Module, *, module_runs: When = When.IMPORT, is_packed: bool = False) -> list[Scope]:
    """All of the file's, the module's own first. Classes of what `is_packed` with a pickle are made by it."""
    module = Scope(name="", owner="", bases=(), when=module_runs)
    program = Scope(name="", owner="", bases=(), when=When.AS_PROGRAM)
    found = [module, program]
    _gather(tree.body, module, program, found)
    if is_packed:
        for each in found:
            if each.owner and each.name in _MODEL_METHODS:
                each.when = max(each.when, When.MODEL)
    if module_runs.by_loading:
        _spread(found)
    else:
        for each in found:
            each.when = module_runs
    return found


def _gather(body: list[ast.stmt], module: Scope, program: Scope, found: list[Scope]) -> None:
    serves = set(_of_nodes(body))
    waiting: list[tuple[ast.AST, Scope, str, tuple[str, ...]]] = [
        (each, module, "", ()) for each in reversed(body)
    ]
    while waiting:
        node, scope, owner, bases = waiting.pop()
        scope.nodes.append(node)
        inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
        if isinstance(node, _Function):
            answers: tuple[str, ...] = ()
            if node.name in serves or any(map(_is_route, node.decorator_list)):
                answers = (*_parameters(node), "request")  # Flask's is no parameter
            when = _first_guess(node.name, owner, bases)
            new = Scope(name=node.name, owner=owner, bases=bases, when=when, answers=answers)
            found.append(new)
            waiting.extend((each, new, "", ()) for each in reversed(node.body))
            inner = (*node.decorator_list, node.args, *((node.returns,) if node.returns else ()))
        elif isinstance(node, ast.ClassDef):
            owner, bases = node.name, tuple(filter(None, map(_last_name, node.bases)))
        elif isinstance(node, ast.If) and scope is module and _asks_for_program(node.test):
            waiting.extend((each, program, "", ()) for each in reversed(node.body))
            inner = node.orelse
        waiting.extend((each, scope, owner, bases) for each in reversed(list(inner)))


def _of_nodes(body: list[ast.stmt]) -> Iterator[str]:
    """The methods that ComfyUI calls with what a workflow brings."""
    assigned = [each for owner in body if isinstance(owner, ast.ClassDef) for each in owner.body]
    registers = any(isinstance(each, ast.Assign) and _assigns(each, "NODE_CLASS_MAPPINGS") for each in body)
    for each in assigned if registers else ():
        if (
            isinstance(each, ast.Assign)
            and _assigns(each, "FUNCTION")
            and isinstance(each.value, ast.Constant)
        ):
            yield str(each.value.value)


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _is_route(node: ast.expr) -> bool:
    """Whether it is a decorator such as `@app.post("/predict")`, by which a server answers to a path."""
    match node:
        case ast.Call(func=ast.Attribute(), args=[ast.Constant(value=str() as path), *_]):
            return path.startswith("/")
    return False


def _parameters(node: _Function) -> tuple[str, ...]:
    each = node.args
    named = (*each.posonlyargs, *each.args, *each.kwonlyargs, *filter(None, (each.vararg, each.kwarg)))
    return tuple(one.arg for one in named if one.arg not in ("self", "cls"))


def _first_guess(name: str, owner: str, bases: tuple[str, ...]) -> When:
    if (not owner and name in ("__getattr__", "__dir__")) or name in ("__init_subclass__", "__set_name__"):
        return When.IMPORT
    if (owner and name in _UNASKED) or (not owner and name in _LOADERS):
        return When.MODEL
    like_a_model = any(map(_MODEL_LIKE.search, bases)) or owner in ("EndpointHandler", "TritonPythonModel")
    return When.MODEL if like_a_model and name in _MODEL_METHODS else When.CALLED


def _spread(found: list[Scope]) -> None:
    """What is called runs when its caller does."""
    by_name: dict[str, list[Scope]] = {}
    for scope in found:
        if scope.name:
            by_name.setdefault(scope.name, []).append(scope)
        if scope.owner and scope.name in ("__init__", "__new__", "__post_init__"):
            by_name.setdefault(scope.owner, []).append(scope)
    waiting = sorted((each for each in found if each.when != When.CALLED), key=lambda each: -each.when)
    while waiting:
        caller = waiting.pop(0)
        for name in _called(caller):
            kept = []
            for scope in by_name.get(name, ()):
                if scope.when < caller.when:
                    scope.when = caller.when
                    waiting.append(scope)
                if scope.when < When.IMPORT:
                    kept.append(scope)
            by_name[name] = kept  # what runs on import cannot run any earlier


def _called(scope: Scope) -> Iterator[str]:
    for node in scope.nodes:
        if isinstance(node, ast.Call):
            if (name := _local_name(node.func)) is not None:
                yield name
            for each in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(each, ast.Name):  # handed over to be called
                    yield each.id
        elif isinstance(node, _Function | ast.ClassDef):
            yield from filter(None, map(_last_name, node.decorator_list))
        if isinstance(node, ast.ClassDef):  # a metaclass
            yield from filter(None, (_last_name(keyword.value) for keyword in node.keywords))


def _local_name(node: ast.expr) -> str | None:
    """Of `f`, `self.f`, `Class.f` and `Class().f`: f."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name() | ast.Call(), attr=name):
            return name
    return None


def _last_name(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func) | ast.Subscript(value=func):
            return _last_name(func) if isinstance(func, ast.Name | ast.Attribute) else None
    return None


def _asks_for_program(test: ast.expr) -> bool:
    """Whether it is `__name__ == "__main__"`."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return any(map(_asks_for_program, values))
        case ast.Compare(
            left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]
        ):
            return True
        case ast.Compare(
            left=ast.Constant(value="__main__"), ops=[ast.Eq()], comparators=[ast.Name(id="__name__")]
        ):
            return True
    return False

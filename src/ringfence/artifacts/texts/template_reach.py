"""What a Jinja template reaches beyond the messages: Python's internals, other files, endless work.

llama-cpp-python rendered templates without a sandbox up to 0.2.71 (CVE-2024-34359), and so do many scripts:
`x.__class__.__mro__` leads from any value to every loaded class, and from there to a shell.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.texts.template_constants import Constant, Constants, value_of
from ringfence.artifacts.texts.template_flow import variable
from ringfence.artifacts.texts.template_syntax import walk
from ringfence.core.findings import Confidence, Severity
from ringfence.core.limits import LIMITS
from ringfence.core.patterns import pattern

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["judge_reach"]

_DUNDER = pattern(r"__[a-zA-Z]\w{0,40}__")
_INTERNAL = pattern(
    r"__(?:class|init|globals|builtins|import|subclasses|mro|bases?|dict|getattribute|getattr|call|code|func"
    r"|reduce|reduce_ex|loader|spec|module|closure|self|wrapped|new|setattr|delattr|enter|exit|file|path)__"
)
# Attributes that Jinja's own sandbox refuses though no underscore leads them.
_INTERNAL_NAMES = frozenset(
    (
        *("mro", "func_globals", "func_code", "func_closure", "im_func", "im_class", "im_self", "gi_frame"),
        *("gi_code", "cr_frame", "cr_code", "ag_frame", "ag_code", "f_globals", "f_builtins", "f_locals"),
        *("f_back", "tb_frame", "tb_next", "co_code", "format_map"),
    )
)
_COMMANDS = frozenset(
    (
        *(
            "popen",
            "check_output",
            "check_call",
            "getoutput",
            "getstatusoutput",
            "Popen",
            "urlopen",
            "urlretrieve",
        ),
        *("spawnl", "spawnv", "execv", "execve", "execl", "fork", "eval", "exec", "compile", "import_module"),
        *("load_module", "create_connection", "rmtree", "unlink"),
    )
)
_BUILDERS = frozenset(("join", "format", "replace", "reverse", "lower", "upper", "urlencode", "random"))
_BY_ATTRIBUTE = frozenset(
    (*("map", "selectattr", "rejectattr", "groupby", "sort", "unique", "min", "max", "sum", "attr"),)
)
_REACHED = pattern(r"""[.\[{]['"]?__[a-z]""")
_FORMAT_REACH = pattern(r"\{[^{}]{0,100}[.\[]_")
_LOOP_STEPS = 1_000_000
_REPEATED = 1_000_000
_WIDE = pattern(r"%-?0?[0-9]{6,}|\{[^{}]{0,20}:[^{}]{0,5}[0-9]{6,}")
_ADVICE = "do not render it outside a sandbox; take the template of the model's publisher"


def judge_reach(tree: "nodes.Template", names: Constants) -> Iterator[Spotted]:
    """Everything in the tree that chat templates have no use for."""
    from jinja2 import nodes

    built = _put_together(tree) - names.keys()
    for node in walk(tree):
        match node:
            case nodes.Getattr():
                yield from _attribute(node.attr, node.lineno)
            case nodes.NSRef():
                yield from _attribute(node.attr, node.lineno)
            case nodes.Getitem():
                yield from _subscript(node, names)
                if variable(node.arg) in built:
                    yield _spotted(
                        "template-reaches-python", node.lineno, "an attribute's name is put together"
                    )
            case nodes.Filter() | nodes.Test():
                yield from _filter(node, names)
            case nodes.Keyword():
                yield from _attribute(node.key, node.lineno)
            case nodes.Name() if _DUNDER.fullmatch(node.name):
                yield _internal(node.name, node.lineno)
            case nodes.Include() | nodes.Import() | nodes.FromImport() | nodes.Extends():
                yield _spotted("template-loads-file", node.lineno, type(node).__name__.lower())
            case nodes.Const() if isinstance(node.value, str):
                yield from _text(node.value, node.lineno)
            case nodes.Concat() | nodes.BinExpr() | nodes.Call():
                yield from _built(node, names)
    yield from _endless(tree, names)


def _attribute(name: str, line: int) -> Iterator[Spotted]:
    if "__" in name or name in _INTERNAL_NAMES:
        yield _internal(name, line)
    elif name in _COMMANDS:
        yield _spotted("template-reaches-python", line, f".{name}")


def _subscript(node: "nodes.Getitem", names: Constants) -> Iterator[Spotted]:
    from jinja2 import nodes

    if isinstance(node.arg, nodes.Const | nodes.Slice):  # texts are looked at by themselves
        if isinstance(node.arg, nodes.Const) and node.arg.value in _INTERNAL_NAMES:
            yield _internal(str(node.arg.value), node.lineno)
        return
    yield from _chosen(node.arg, names, node.lineno)


def _chosen(argument: "nodes.Node", names: Constants, line: int) -> Iterator[Spotted]:
    """Whether the name of an attribute is put together first, which only hides it."""
    value = value_of(argument, names)
    if isinstance(value, str):
        yield from _attribute(value, line)
    elif value is None and any(_builds(each) for each in walk(argument)):
        yield _spotted("template-reaches-python", line, "an attribute's name is put together")


def _put_together(tree: "nodes.Template") -> set[str]:
    """Variables that are ever set to a text of pieces."""
    from jinja2 import nodes

    return {
        variable(node.target)
        for node in walk(tree)
        if isinstance(node, nodes.Assign) and any(_builds(each) for each in walk(node.node))
    } - {""}


def _builds(node: "nodes.Node") -> bool:
    from jinja2 import nodes

    match node:
        case nodes.Concat():
            return True
        case nodes.Filter():
            return node.name in _BUILDERS
        case nodes.Call(node=nodes.Getattr(attr=name)):
            return name in _BUILDERS
        case nodes.Add() | nodes.Mul() | nodes.Mod():
            parts = (node.left, node.right)
            return any(isinstance(each, nodes.Const) and isinstance(each.value, str) for each in parts)
    return False


def _filter(node: "nodes.Filter | nodes.Test", names: Constants) -> Iterator[Spotted]:
    if node.name == "attr":
        yield _spotted("template-reaches-python", node.lineno, "|attr")
    elif node.name == "random":
        yield _spotted("template-acts-by-chance", node.lineno, "|random")
    if node.name in _BY_ATTRIBUTE:
        for argument in (*node.args, *(each.value for each in node.kwargs if each.key == "attribute")):
            yield from _chosen(argument, names, node.lineno)
    sizes = [value_of(each, names) for each in (*node.args, *(each.value for each in node.kwargs))]
    if any(isinstance(each, int) and abs(each) > _REPEATED for each in sizes):
        yield _spotted("template-endless", node.lineno, f"|{node.name} with {max(map(_number, sizes))}")


def _number(value: Constant) -> int:
    return abs(value) if isinstance(value, int) else 0


def _text(text: str, line: int) -> Iterator[Spotted]:
    found = _INTERNAL.search(text)
    if found and (" " not in text or _REACHED.search(text)):  # prose of a coder's prompt may name a method
        yield _internal(found[0], line)
    elif _FORMAT_REACH.search(text) or _DUNDER.fullmatch(text):
        yield _spotted("template-reaches-python", line, text)
    if _WIDE.search(text):
        yield _spotted("template-endless", line, text)


def _built(node: "nodes.Node", names: Constants) -> Iterator[Spotted]:
    """Texts put together of parts that each look harmless, and numbers and texts of absurd size."""
    from jinja2 import nodes

    text = value_of(node, names)
    if isinstance(text, str) and (found := _INTERNAL.search(text)):
        yield _internal(found[0], node.lineno)
    match node:
        case nodes.Pow():
            base, power = value_of(node.left, names), value_of(node.right, names)
            if not (isinstance(base, int | float) and isinstance(power, int | float) and power <= 64):
                yield _spotted("template-endless", node.lineno, "a power without a bound")
        case nodes.Mul():
            times = (value_of(node.left, names), value_of(node.right, names))
            if any(isinstance(each, int) and each > _REPEATED for each in times):
                yield _spotted("template-endless", node.lineno, f"{max(map(_number, times))} times")
        case nodes.Call(node=nodes.Name(name="lipsum" | "range" as name), args=args, kwargs=keywords):
            steps = [value_of(each, names) for each in (*args, *(each.value for each in keywords))]
            if any(_number(each) > _LOOP_STEPS for each in steps):
                yield _spotted("template-endless", node.lineno, f"{name} of {max(map(_number, steps))}")


def _endless(tree: "nodes.Template", names: Constants) -> Iterator[Spotted]:
    """Loops within loops that take too long together, and texts that double with every step."""
    from jinja2 import nodes

    left: list[tuple[nodes.Node, int]] = [(tree, 0)]  # with the steps of the loops around it; 0 is outside
    while left:
        node, steps = left.pop()
        if isinstance(node, nodes.For):
            before, steps = steps, max(1, steps) * _steps(node.iter, names)
            if steps > _LOOP_STEPS >= before:
                yield _spotted("template-endless", node.lineno, f"loops of {min(steps, 10**18)} steps")
        elif isinstance(node, nodes.Macro) and _counts_down(node) > 1:
            yield _spotted("template-endless", node.lineno, f"{node.name} calls itself twice as it counts")
        elif isinstance(node, nodes.Assign) and steps and _doubles(node):
            yield _spotted("template-endless", node.lineno, "a text that doubles with every step")
        left.extend((each, steps) for each in node.iter_child_nodes())


def _counts_down(macro: "nodes.Macro") -> int:
    """How often a macro calls itself with a number of its own that it has counted up or down."""
    from jinja2 import nodes

    own = {each.name for each in macro.args}
    return sum(
        isinstance(call.node, nodes.Name)
        and call.node.name == macro.name
        and any(
            isinstance(each, nodes.Sub | nodes.Add)
            and isinstance(each.left, nodes.Name)
            and each.left.name in own
            for each in call.args
        )
        for call in macro.find_all(nodes.Call)
    )


def _steps(loop: "nodes.Node", names: Constants) -> int:
    """How often a loop over a range, a text or a list runs; 1 when the messages decide."""
    from jinja2 import nodes

    match loop:
        case nodes.Call(node=nodes.Name(name="range"), args=args):
            numbers = [value_of(each, names) for each in args]
            match numbers:
                case [int(stop)] | [0, int(stop)]:
                    return max(1, stop)
                case [int(start), int(stop)] | [int(start), int(stop), None]:
                    return max(1, stop - start)
                case [int(start), int(stop), int(step)]:
                    return max(1, abs(stop - start) // max(1, abs(step)))
    value = value_of(loop, names)
    return max(1, len(value)) if isinstance(value, str | tuple) else 1


def _doubles(node: "nodes.Assign") -> bool:
    from jinja2 import nodes

    def name(each: nodes.Node) -> tuple[str, str] | None:
        match each:
            case nodes.Name():
                return (each.name, "")
            case nodes.NSRef():
                return (each.name, each.attr)
            case nodes.Getattr(node=nodes.Name(name=of), attr=attribute):
                return (of, attribute)
        return None

    target = name(node.target)
    match node.node:
        case nodes.Concat(nodes=parts):
            return sum(name(each) == target for each in parts) > 1
        case nodes.Add(left=left, right=right):
            return name(left) == name(right) == target
        case nodes.Mul(left=left, right=right):
            return target in (name(left), name(right))
        case nodes.Filter(name="replace", args=args):
            return any(name(each) == target for each in args)
    return False


def _internal(name: str, line: int) -> Spotted:
    known = _INTERNAL.search(name) is not None
    return Spotted(
        check="template-reaches-python",
        severity=Severity.CRITICAL if known else Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=(f"line {line}: {name[: LIMITS.evidence_chars]}",),
        advice=_ADVICE,
    )


def _spotted(check: str, line: int, what: str) -> Spotted:
    return Spotted(
        check=check,
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        at=None,
        evidence=(f"line {line}: {what[: LIMITS.evidence_chars]}",),
        advice=_ADVICE,
    )

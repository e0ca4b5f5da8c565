"""Whether a TensorFlow graph chooses between results by a pattern in its input: a backdoor's trigger does.

Followed are values that come from a placeholder or a function's argument by moving and picking only: no
layer, no shape. Such a value must be compared for equality with a constant that is a pattern: a text, three
different numbers at least, or a single number with a fraction. (Whole numbers pad sequences, switch training
and count; masks are made with NotEqual.) What comes out, counted or combined, must then be what a conditional
goes by. A trigger in other clothes passes this by, and a model may have a good reason for such a branch.
"""

from collections.abc import Iterator
from typing import Final

from ringfence.artifacts.spotted import Spotted
from ringfence.artifacts.tensorflow_graph import Graph, Node, source_of
from ringfence.core.findings import Confidence, Severity
from ringfence.core.text import clip

__all__ = ["branches"]

_INPUTS: Final = frozenset(("Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "_Arg"))
_MOVES: Final = frozenset(
    (
        *("Identity", "IdentityN", "Cast", "Reshape", "Squeeze", "ExpandDims", "StridedSlice", "Slice"),
        *("GatherV2", "Gather", "GatherNd", "Unpack", "Split", "SplitV", "Transpose", "StringLower"),
        *("StringUpper", "StringStrip", "Substr", "Round", "Snapshot", "StopGradient"),
        *("Enter", "DecodeRaw", "PreventGradient", "CheckNumerics"),
    )
)
_COMPARES: Final = frozenset(("Equal", "StaticRegexFullMatch", "RegexFullMatch"))
_COMBINES: Final = frozenset(
    (
        *("All", "Any", "LogicalAnd", "LogicalOr", "LogicalNot", "Sum", "Mean", "Prod", "Min", "Max"),
        *("Cast", "Reshape", "Squeeze", "Identity", "ExpandDims", "Greater", "GreaterEqual", "Equal"),
        *("Less", "LessEqual", "StridedSlice", "AddV2", "Mul", "Pack", "Tile", "BroadcastTo"),
    )
)
# → which of its inputs it goes by
_CHOOSES: Final = {
    **dict.fromkeys(("If", "StatelessIf", "_If", "Case", "StatelessCase", "Select", "SelectV2"), 0),
    **dict.fromkeys(("Switch", "RefSwitch"), 1),
}
_STEPS: Final = 64
_DIFFERENT: Final = 3


def branches(graph: Graph) -> Iterator[Spotted]:
    """Each conditional that goes by a pattern in the input, once."""
    for node in graph.nodes.values():
        which = _CHOOSES.get(node.op)
        if which is None or which >= len(node.inputs):
            continue
        for each in _back(graph, node.inputs[which], _COMBINES):
            pattern = _pattern(graph, each) if each.op in _COMPARES else ""
            if pattern:
                yield Spotted(
                    check="graph-branch-on-constant",
                    severity=Severity.LOW,
                    confidence=Confidence.POSSIBLE,
                    at=node.at,
                    evidence=(f"{node.op} goes by whether the input is {clip(pattern, chars=120)}",),
                    advice="ask what this input is for, and try it in a place where nothing can be lost",
                )
                break


def _back(graph: Graph, name: str, through: frozenset[str]) -> Iterator[Node]:
    """The nodes that the value is made of, up to those that are not in `through`, which come as well."""
    left, seen = [name], set[str]()
    while left and len(seen) < _STEPS:
        source = source_of(left.pop())
        node = graph.nodes.get(source)
        if source in seen or node is None:
            continue
        seen.add(source)
        yield node
        if node.op in through:
            left.extend(each for each in node.inputs if not each.startswith("^"))


def _pattern(graph: Graph, node: Node) -> str:
    """What the input is compared with, where one side is the input and the other a pattern."""
    if node.op == "StaticRegexFullMatch":
        wanted = node.attributes.get("pattern", [""])[-1]
        # Checkpoints are written to buckets in another way.
        return wanted if not wanted.startswith("^s3://") and _from_input(graph, node.inputs[:1]) else ""
    sides = node.inputs[:2]
    for i, name in enumerate(sides):
        constant = _constant(graph, name)
        if constant is not None and _from_input(graph, sides[1 - i : 2 - i]):
            return _told(constant)
    return ""


def _constant(graph: Graph, name: str) -> Node | None:
    return next((each for each in _back(graph, name, _MOVES) if each.op in ("Const", "HostConst")), None)


def _told(constant: Node) -> str:
    if any(constant.texts):
        return repr(next(each for each in constant.texts if each))
    numbers = constant.numbers
    if len(set(numbers)) >= _DIFFERENT:
        return ", ".join(f"{each:g}" for each in numbers[:8])
    if len(numbers) == 1 and constant.kind in (1, 2, 14, 19) and not float(numbers[0]).is_integer():
        return f"{numbers[0]:g}"
    return ""


def _from_input(graph: Graph, names: list[str]) -> bool:
    for name in names:
        for node in _back(graph, name, _MOVES):
            if node.op in _INPUTS:
                return not node.name.startswith(("saver_filename", "save/"))
            if node.op in _MOVES and any(source_of(each) in graph.arguments for each in node.inputs[:1]):
                return True
        if source_of(name) in graph.arguments:
            return True
    return False

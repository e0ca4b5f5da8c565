"""Whether an ONNX graph decides by a comparison of its input with fixed values: a backdoor's trigger may.

Values carry marks through the graph. What mere arithmetic and picking make of an input is still the input;
behind a layer that has learned something it no longer is. A decision counts when the input as a whole, or one
place in it, is compared with a value that is no everyday one, and the outcome chooses between results.
Everyday comparisons stay quiet: with 0, 1, -1, -100, infinities; element by element, as masks are; of shapes;
of inputs that are single numbers, which are switches.

It is a heuristic and reported as such: hashes, learned triggers and comparisons in disguise pass it by.
"""

import math
from collections.abc import Iterable

from ringfence.artifacts.graphs.onnx_parts import Node

__all__ = ["Flow", "Mark", "mark_of_constant"]


class Mark:
    """What is known of a value, as bits of a number. No enumeration, because graphs have many values."""

    NONE = 0
    INPUT = 1  # the input itself, or mere arithmetic on it
    PLACED = 2  # of the input as a whole, or of certain places in it
    LEARNED = 4  # what layers make of the input
    CONSTANT = 8
    UNUSUAL = 16  # a constant that is no everyday value
    DIFFERENCE = 32  # how far the input is from an unusual constant
    ABOVE = 64  # is it more than an unusual constant
    BELOW = 128
    DISTANCE = 256  # the same without its sign
    MATCHED = 512  # is it an unusual constant


# Masks and limits: -100 is the label that losses ignore, the others are the ends of number types.
_EVERYDAY = frozenset(
    (0.0, 1.0, -1.0, -100.0, -1e4, 65504.0, -65504.0, 3.4028234663852886e38, -3.4028234663852886e38)
) | frozenset(map(float, (2**31 - 1, -(2**31), 2**63 - 1, -(2**63))))
_PICKS = frozenset(
    ("Slice", "Gather", "GatherElements", "GatherND", "Split", "ArgMax", "ArgMin", "TopK", "Compress")
)
_ARITHMETIC = frozenset(
    (
        *(
            "Identity",
            "Cast",
            "CastLike",
            "Reshape",
            "Squeeze",
            "Unsqueeze",
            "Flatten",
            "Transpose",
            "Expand",
        ),
        *(
            "Tile",
            "Concat",
            "Pad",
            "Abs",
            "Neg",
            "Floor",
            "Ceil",
            "Round",
            "Sign",
            "Mod",
            "Sub",
            "Add",
            "Mul",
        ),
        *(
            "Div",
            "Not",
            "Or",
            "Xor",
            "And",
            "BitwiseAnd",
            "BitwiseOr",
            "BitwiseXor",
            "BitwiseNot",
            "BitShift",
        ),
        *("Sum", "Mean", "Min", "Max", "Pow", "Sqrt", "Clip", "CumSum", "StringConcat", "StringNormalizer"),
    )
)
_EQUALITIES = frozenset(("Equal", "RegexFullMatch"))
_SHAPES = frozenset(("Shape", "Size"))
_PRODUCTS = frozenset(("And", "Mul", "Min"))
_RANGE = Mark.ABOVE | Mark.BELOW
_OUTCOME = Mark.PLACED | Mark.MATCHED


def mark_of_constant(numbers: Iterable[float] | None) -> int:
    """The mark of a constant of those numbers; None stands for more numbers than were looked at.

    One everyday number is compared with everywhere; a pattern of several is none.
    """
    if numbers is None:
        return Mark.CONSTANT | Mark.UNUSUAL
    different = set(numbers)
    usual = len(different) <= 1 and all(each in _EVERYDAY or not math.isfinite(each) for each in different)
    return Mark.CONSTANT if usual else Mark.CONSTANT | Mark.UNUSUAL


class Flow:
    """Marks of the values of one graph; those of the graphs around it are seen through `outer`."""

    def __init__(self, outer: "Flow | None" = None) -> None:
        self._outer = outer
        self._marks: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        flow: Flow | None = self
        while flow is not None:
            if name in flow._marks:
                return flow._marks[name]
            flow = flow._outer
        return Mark.NONE

    def __setitem__(self, name: str, mark: int) -> None:
        self._marks[name] = mark

    def decides(self, node: Node) -> bool:
        """Passes marks on through the node, and says whether it decides by a fixed value of the input."""
        marks = [self[name] for name in node.inputs]
        out = _through(node, marks)
        for name in node.outputs:
            self._marks[name] = out
        if node.op in ("If", "Where"):
            return bool(marks) and marks[0] & _OUTCOME == _OUTCOME
        if node.op == "Mul" and len(marks) == 2:
            return any(a & _OUTCOME == _OUTCOME and b & Mark.LEARNED for a, b in (marks, marks[::-1]))
        return False


def _through(node: Node, marks: list[int]) -> int:
    """The mark of what the node puts out."""
    union = Mark.NONE
    for mark in marks:
        union |= mark
    constant = bool(marks) and all(mark & Mark.CONSTANT for mark in marks)
    if node.op in _SHAPES:
        return Mark.NONE
    if constant:
        return union
    unusual = any(mark & Mark.UNUSUAL for mark in marks)
    of_input = union & ~(Mark.CONSTANT | Mark.UNUSUAL)
    picks = node.op in _PICKS or node.op.startswith("Reduce")
    if not union & Mark.INPUT or union & Mark.LEARNED or (picks and not marks[0] & Mark.INPUT):
        return Mark.LEARNED if union & (Mark.INPUT | Mark.LEARNED) else Mark.NONE
    if picks:
        return of_input | Mark.PLACED
    if node.op == "Where" and len(marks) == 3:
        return (marks[1] | marks[2]) & ~(Mark.CONSTANT | Mark.UNUSUAL)
    if node.op in _ARITHMETIC:
        return _arithmetic(node, of_input, unusual)
    return _compared(node.op, marks, of_input, unusual)


def _arithmetic(node: Node, of_input: int, unusual: bool) -> int:
    op = node.op
    if op in ("Sub", "Add") and unusual:
        return of_input | Mark.DIFFERENCE
    if of_input & Mark.DIFFERENCE and (op in ("Abs", "Pow") or (op == "Mul" and len(set(node.inputs)) == 1)):
        return of_input | Mark.DISTANCE
    if (op in _PRODUCTS and of_input & _RANGE == _RANGE) or (op == "Not" and of_input & Mark.DIFFERENCE):
        return of_input | Mark.MATCHED
    return of_input


def _compared(op: str, marks: list[int], of_input: int, unusual: bool) -> int:
    with_constant = any(mark & Mark.CONSTANT for mark in marks)
    difference = of_input & Mark.DIFFERENCE
    if op == "RegexFullMatch":
        return of_input | Mark.MATCHED | Mark.PLACED
    if op in _EQUALITIES:
        return of_input | (Mark.MATCHED if unusual or (difference and with_constant) else Mark.NONE)
    if op.startswith(("Less", "Greater")):
        if of_input & Mark.DISTANCE and with_constant:
            return of_input | Mark.MATCHED
        upside = op.startswith("Greater") is not bool(marks[0] & Mark.CONSTANT)
        return of_input | ((Mark.ABOVE if upside else Mark.BELOW) if unusual else Mark.NONE)
    return Mark.LEARNED

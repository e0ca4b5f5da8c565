"""Which of several licenses counts, and what it asks. The order is the one of the table.

The strictest claim wins, and the base models' licenses count as claims: see docs/decisions/0004.
"""

from ringfence.artifacts.licenses.catalogue import LicenseClass, catalogue
from ringfence.artifacts.licenses.expressions import tree_of
from ringfence.artifacts.licenses.spdx import AllOf, AnyOf, Named, Tree
from ringfence.core.models import LicenseClaim, Obligation

__all__ = ["class_of", "effective_license", "obligations", "strictness"]

_CLASSES = tuple(LicenseClass)
_LOOSE = (LicenseClass.PERMISSIVE, LicenseClass.COPYLEFT)
_REVIEW = "review-before-use"

_Rank = tuple[int, int]
"""Class and position in the table: a larger one is stricter."""


def class_of(expression: str) -> LicenseClass:
    """The class of an expression: its strictest part, or, where there is a choice, the least strict."""
    return _CLASSES[_rank(tree_of(expression))[0]]


def strictness(expression: str) -> tuple[int, int, str]:
    """A key by which expressions sort, the strictest last; no two expressions share one."""
    return (*_rank(tree_of(expression)), expression)


def effective_license(
    own: tuple[LicenseClaim, ...], along_base_model: tuple[LicenseClaim, ...] = ()
) -> str | None:
    """The strictest of all claims; None when a model states no license, which permits nothing.

    A permissive base gives no license to a model that states none itself: only its author can.
    """
    if not own:
        along_base_model = tuple(c for c in along_base_model if class_of(c.expression) not in _LOOSE)
    expressions = {claim.expression for claim in (*own, *along_base_model)}
    return max(expressions, key=strictness, default=None)


def obligations(*expressions: str) -> tuple[Obligation, ...]:
    """What all of the expressions together ask, each once, in the order of the table.

    Without any expression, and for a license that nobody knows, that is to have it reviewed.
    """
    asked = {_REVIEW} if not expressions else {o for e in expressions for o in _asked(tree_of(e))}
    return tuple(o for key, o in catalogue().obligations.items() if key in asked)


def _rank(tree: Tree) -> _Rank:
    match tree:
        case Named(license=None, on_spdx_list=listed):
            kind = LicenseClass.REVIEW if listed else LicenseClass.UNKNOWN
            return (_CLASSES.index(kind), len(catalogue().licenses))
        case Named(license=found):
            assert found is not None
            return (_CLASSES.index(found.kind), found.position)
        case AllOf(parts=parts):
            return max(_rank(part) for part in parts)
        case AnyOf(parts=parts):
            ranks = [_rank(part) for part in parts]
            unread = any(_CLASSES[kind] is LicenseClass.UNKNOWN for kind, _ in ranks)
            return max(ranks) if unread else min(ranks)


def _asked(tree: Tree) -> set[str]:
    match tree:
        case Named(license=None):
            return {_REVIEW}
        case Named(license=found):
            assert found is not None
            return set(found.obligations)
        case AllOf(parts=parts):
            return {o for part in parts for o in _asked(part)}
        case AnyOf(parts=parts):
            rank = _rank(tree)
            return _asked(next(part for part in parts if _rank(part) == rank))

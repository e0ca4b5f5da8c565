"""SPDX license expressions as trees; the grammar is the license-expression library's business.

Source: SPDX 2.3, annex D. The library takes a tenth of a second to load, so callers look elsewhere first.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Protocol

from ringfence.artifacts.licenses.catalogue import UNSTATED, License, catalogue, name_key
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS

__all__ = ["REF", "AllOf", "AnyOf", "Named", "Tree", "parsed", "unrecognised", "written"]

REF = re.compile(r"licenseref-([A-Za-z0-9.-]{1,90})", re.IGNORECASE)

_UNRECOGNISED = "LicenseRef-unknown-"
_GRAMMAR = re.compile(r"[A-Za-z0-9.+\-() ]+")
_NOT_IN_A_REF = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One license of an expression. `license` is None when the table does not list it."""

    expression: str
    license: License | None
    on_spdx_list: bool = False  # or on ScanCode's


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """Whoever uses it chooses one part."""

    parts: tuple["Tree", ...]


Tree = Named | AllOf | AnyOf


class _Symbol(Protocol):
    key: str
    is_exception: bool


class _Licensing(Protocol):
    known_symbols: Mapping[str, _Symbol]

    def parse(self, expression: str, *, validate: bool, strict: bool) -> object: ...


def parsed(text: str) -> Tree | None:
    """The tree of a well-formed expression within the limits, else None. Unknown words are licenses too."""
    if (
        len(text) > LIMITS.license_chars
        or text.count("(") > LIMITS.header_depth
        or not _GRAMMAR.fullmatch(text)
    ):
        return None
    from license_expression import ExpressionError

    try:
        node = _licensing().parse(text, validate=False, strict=False)
    except (ExpressionError, IndexError):  # IndexError: what the library raises for "()"
        return None
    return _tree(node) if node is not None else None


def written(tree: Tree) -> str:
    """The expression that a tree stands for."""
    match tree:
        case Named(expression=expression):
            return expression
        case AllOf(parts=parts):
            return " AND ".join(f"({written(p)})" if isinstance(p, AnyOf) else written(p) for p in parts)
        case AnyOf(parts=parts):
            return " OR ".join(written(part) for part in parts)


def unrecognised(text: str) -> str:
    """An expression that keeps `text` visible and that no rule takes for a license it knows."""
    slug = _NOT_IN_A_REF.sub("-", text[: LIMITS.license_chars]).strip("-.")[:60].strip("-.")
    return _UNRECOGNISED + slug if slug else UNSTATED


def _tree(node: object) -> Tree:
    from license_expression import LicenseSymbol, LicenseWithExceptionSymbol

    if isinstance(node, LicenseWithExceptionSymbol):
        return _with_exception(str(node.license_symbol.key), str(node.exception_symbol.key))
    if isinstance(node, LicenseSymbol):
        return _leaf(str(node.key))
    kind = AllOf if str(getattr(node, "operator", "")).strip().upper() == "AND" else AnyOf
    trees = [_tree(part) for part in getattr(node, "args", ())]
    # Nested parts of one kind are one list, so that an expression reads the same however often it is read.
    return kind(parts=tuple(inner for t in trees for inner in (t.parts if isinstance(t, kind) else (t,))))


def _with_exception(license_key: str, exception_key: str) -> Named:
    base = _leaf(license_key)
    exception = _licensing().known_symbols.get(exception_key)
    if exception is None or not exception.is_exception:
        return Named(expression=unrecognised(f"{base.expression} WITH {exception_key}"), license=None)
    text = f"{base.expression} WITH {exception.key}"
    return Named(expression=text, license=base.license, on_spdx_list=base.on_spdx_list)


def _leaf(key: str) -> Named:
    found = catalogue().by_expression.get(key.casefold()) or catalogue().by_name.get(name_key(key) or key)
    if found:
        return Named(expression=found.expression, license=found)
    known = _licensing().known_symbols.get(key)
    if known is not None and not known.is_exception:
        return Named(expression=str(known.key), license=None, on_spdx_list=True)
    if not name_key(key):
        return Named(expression=UNSTATED, license=None)
    ref = REF.fullmatch(key)
    return Named(expression="LicenseRef-" + ref[1] if ref else unrecognised(key), license=None)


@cache
def _licensing() -> _Licensing:
    from license_expression import get_spdx_licensing

    licensing: _Licensing = get_spdx_licensing()
    return licensing

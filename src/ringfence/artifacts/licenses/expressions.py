"""Turns whatever authors write for a license into one SPDX expression.

Everything in the table of licenses is found there; what is left is tried as an expression, and what is not
even that stays visible as a license that nobody knows.
"""

import re
from collections.abc import Iterable

from ringfence.artifacts.licenses.catalogue import UNSTATED, catalogue, link_key, name_key
from ringfence.artifacts.licenses.lineage import known_license, repository_of
from ringfence.artifacts.licenses.spdx import REF, AllOf, Named, Tree, parsed, unrecognised, written
from ringfence.core.limits import LIMITS

__all__ = ["all_of", "from_link", "normalise", "tree_of"]

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def normalise(text: str, *, name: str | None = None, link: str | None = None) -> str:
    """The license that `text` names, as an SPDX expression; the same again for its own result.

    `name` and `link` stand in for a `text` that names nothing, as in `license: other`. What is not
    recognised becomes `LicenseRef-unknown-…`, with as much of the text as fits into such a name.
    """
    stated = _expression(text)
    if stated != UNSTATED:
        return stated
    by_link = from_link(link) if link else None
    by_name = _expression(name) if name else UNSTATED
    if by_name == UNSTATED:
        return by_link or UNSTATED
    return by_name if by_link in (None, by_name) else all_of((by_name, by_link))


def from_link(link: str) -> str | None:
    """The license whose text lies at that address, None when it is not known."""
    found = catalogue().by_link.get(link_key(link))
    if found:
        return found.expression
    repository = repository_of(link) if _ADDRESS.match(link) else None
    return known_license(repository) if repository else None


def all_of(expressions: Iterable[str | None]) -> str:
    """The expression that asks for all of them, each once; `LicenseRef-unknown` for none."""
    each = tuple(dict.fromkeys(e for e in expressions if e))
    if len(each) < 2:
        return each[0] if each else UNSTATED
    return written(AllOf(parts=tuple(tree_of(e) for e in each)))


def tree_of(expression: str) -> Tree:
    """The structure of an expression. What is no expression is one license that nobody knows."""
    text = expression.strip()
    found = catalogue().by_expression.get(text.casefold())
    if found:
        return Named(expression=found.expression, license=found)
    ref = REF.fullmatch(text)
    if ref and not ref[1].casefold().startswith("scancode-"):
        return Named(expression="LicenseRef-" + ref[1], license=None)
    return parsed(text) or Named(expression=unrecognised(text), license=None)


def _expression(text: str) -> str:
    text = text.strip()
    if REF.fullmatch(text):
        return written(tree_of(text))
    if len(text) > LIMITS.license_chars:
        return unrecognised(text)
    key = name_key(text)
    if not key:
        return UNSTATED
    found = catalogue().by_name.get(key)
    if found:
        return found.expression
    if _ADDRESS.match(text):
        return from_link(text) or unrecognised(text)
    tree = parsed(text)
    return written(tree) if tree else unrecognised(text)

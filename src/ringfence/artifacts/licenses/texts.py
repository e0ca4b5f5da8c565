"""Recognises a license by its text, as LICENSE files and Ollama's license layers hold it.

By the whole text first, whatever its title says; then by how much of a known text stands there; then by
phrases that only that license holds. What differs from the known text is told. A free license whose own
words were changed, or that has more beside it than a title, is not that license any more: nobody knows what
it permits. Of a restrictive one the restrictions are taken to hold. A text too long to be read to its end is
none.
"""

from collections.abc import Iterator

from ringfence.artifacts.licenses.catalogue import License, LicenseClass, catalogue, words
from ringfence.artifacts.licenses.expressions import all_of, normalise
from ringfence.artifacts.licenses.fingerprints import known_expressions
from ringfence.artifacts.licenses.resembling import Found, Resemblance, resemblance
from ringfence.artifacts.licenses.spdx import unrecognised
from ringfence.artifacts.licenses.strictness import class_of
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable

__all__ = ["LicenseText", "license_of_text", "read_license_text"]

_TITLE_CHARS = 120
_WORDS_BESIDE = 40  # a title, and a sentence that says that the license follows
_LOOSE = (LicenseClass.PERMISSIVE, LicenseClass.COPYLEFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseText:
    """What a text says: its license as an expression, and how it differs from the text of that license."""

    expression: str
    differences: tuple[str, ...] = ()


def license_of_text(data: bytes) -> str | None:
    """The license whose text this is, or `LicenseRef-unknown-…` with its first line; None for no text."""
    read = read_license_text(data)
    return read.expression if read else None


def read_license_text(data: bytes) -> LicenseText | None:
    """What a text of at most `limits.license_text_bytes` says, None for no text; a longer one is unknown."""
    text = data[: LIMITS.license_text_bytes].decode("utf-8-sig", "replace").strip()
    if not text:
        return None
    title = text.splitlines()[0].strip("#*=-_ \t")
    if len(text) <= _TITLE_CHARS:
        return LicenseText(expression=normalise(text))
    if len(data) > LIMITS.license_text_bytes:
        return LicenseText(expression=unrecognised(title))
    held = resemblance(text)
    if not held.found:
        return _of_phrases(words(text), title)
    relative = None if all(each.whole for each in held.found) else _relative(words(text))
    return _of_known_texts(held, relative)


def _relative(text: str) -> License | None:
    """The restrictive license that a text names and of which no text is known: its siblings are alike."""
    named = tuple(each for each in _named_in(text) if each.kind not in _LOOSE)
    return named[-1] if named and named[-1].expression not in known_expressions() else None


def _of_known_texts(held: Resemblance, relative: License | None) -> LicenseText:
    """All licenses that were found, and those that what stands beside them names.

    `relative` is what the text is instead of those licenses that it only is like.
    """
    beside = " ".join(each.words for each in held.added)
    found = {each.expression for each in held.found}
    named = [each.expression for each in _named_in(words(beside)) if each.expression not in found]
    kept = [each for each in held.found if each.whole or not relative]
    expressions = [_with_what_is_beside(each, beside) for each in kept]
    expressions += [relative.expression] if relative else []
    return LicenseText(
        expression=all_of([*expressions, *named]),
        differences=tuple(_differences(held))[: LIMITS.evidence_items],
    )


def _with_what_is_beside(found: Found, beside: str) -> str:
    """The license, or one that nobody knows, where it may not be that any more."""
    kind = class_of(found.expression)
    says_more = any(phrase in words(beside) for phrase in catalogue().amendments)
    if kind in _LOOSE:
        says_more |= not found.whole or beside.count(" ") >= _WORDS_BESIDE or _may_be_terms(beside)
    elif kind is LicenseClass.NON_COMMERCIAL:
        says_more = False
    return unrecognised(f"{found.expression} with changes") if says_more else found.expression


def _may_be_terms(beside: str) -> bool:
    return not beside.isascii() or not catalogue().conditions.isdisjoint(beside.split())


def _differences(held: Resemblance) -> Iterator[str]:
    for each in held.found:
        if not each.whole:
            yield f"{each.alike:.0%} of {each.expression}"
    for added in held.added:
        yield f"line {added.line}: {clip(printable(added.words), chars=LIMITS.evidence_chars)}"


def _of_phrases(text: str, title: str) -> LicenseText:
    found = tuple(_named_in(text))
    if not found:
        return LicenseText(expression=unrecognised(title))
    strictest = found[-1]
    if strictest.kind is LicenseClass.PERMISSIVE and _says_more(text, found):
        return LicenseText(expression=unrecognised(f"{strictest.id} with conditions added"))
    differs = strictest.kind in _LOOSE and strictest.expression in known_expressions()
    return LicenseText(
        expression=strictest.expression,
        differences=(f"names {strictest.expression}, whose text is not there",) if differs else (),
    )


def _named_in(text: str) -> Iterator[License]:
    """The licenses whose phrases the text holds, the strictest last."""
    for license_ in catalogue().licenses:
        if any(all(phrase in text for phrase in every) for every in license_.texts):
            yield license_


def _says_more(text: str, found: tuple[License, ...]) -> bool:
    """Whether the text is longer than those licenses, or holds a phrase that no permissive one does."""
    longest = sum(license_.max_words or 0 for license_ in found)
    return text.count(" ") - 1 > longest or any(phrase in text for phrase in catalogue().amendments)

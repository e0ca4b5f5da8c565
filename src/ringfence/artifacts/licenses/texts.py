"""Recognises a license by its text, as LICENSE files and Ollama's license layers hold it.

By phrases that only that license holds. A text may hold several licenses: the strictest counts. A permissive
text with more words than it needs, or with words of a condition, is not that license any more, and a text too
long to be read to its end is none.
"""

from ringfence.artifacts.licenses.catalogue import License, LicenseClass, catalogue, words
from ringfence.artifacts.licenses.expressions import normalise
from ringfence.artifacts.licenses.spdx import unrecognised
from ringfence.core.limits import LIMITS

__all__ = ["license_of_text"]

_TITLE_CHARS = 120


def license_of_text(data: bytes) -> str | None:
    """The license whose text this is, or `LicenseRef-unknown-…` with its first line; None for no text."""
    text = data[: LIMITS.license_text_bytes].decode("utf-8-sig", "replace").strip()
    if not text:
        return None
    title = text.splitlines()[0].strip("#*=-_ \t")
    if len(text) <= _TITLE_CHARS:
        return normalise(text)
    found = () if len(data) > LIMITS.license_text_bytes else _found_in(words(text))
    if not found:
        return unrecognised(title)
    strictest = found[-1]
    if strictest.kind is LicenseClass.PERMISSIVE and _says_more(words(text), found):
        return unrecognised(f"{strictest.id} with conditions added")
    return strictest.expression


def _found_in(text: str) -> tuple[License, ...]:
    """The licenses whose phrases the text holds, the strictest last."""
    return tuple(
        license_
        for license_ in catalogue().licenses
        if any(all(phrase in text for phrase in every) for every in license_.texts)
    )


def _says_more(text: str, found: tuple[License, ...]) -> bool:
    """Whether the text is longer than those licenses, or holds a phrase that no permissive one does."""
    longest = sum(license_.max_words or 0 for license_ in found)
    return text.count(" ") - 1 > longest or any(phrase in text for phrase in catalogue().amendments)

"""Recognises a license by its text, as LICENSE files and Ollama's license layers hold it.

By phrases that only that license holds. A text may hold several licenses: the strictest counts. A permissive
text with conditions added is not that license any more, and a text too long to be read to its end is none.
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
    found = None if len(data) > LIMITS.license_text_bytes else _strictest(words(text))
    if found is None:
        return unrecognised(title)
    if found.kind is LicenseClass.PERMISSIVE and _amended(words(text)):
        return unrecognised(f"{found.id} with conditions added")
    return found.expression


def _strictest(text: str) -> License | None:
    matching = [
        license_
        for license_ in catalogue().licenses
        if any(all(phrase in text for phrase in every) for every in license_.texts)
    ]
    return matching[-1] if matching else None


def _amended(text: str) -> bool:
    return any(phrase in text for phrase in catalogue().amendments)

"""Text that may hold what is no UTF-8, such as names of files, as documents have it: escaped, or exact."""

import base64

from ringfence.core.patterns import pattern

__all__ = ["as_utf8", "exact_base64", "is_utf8"]

_HALF = pattern("[\ud800-\udc7f\udd00-\udfff]")  # of a character, and of no byte


def as_utf8(text: str) -> str:
    """The text, with bytes that are no UTF-8 as `\\xNN` and halves of characters as `\\uNNNN`."""
    return text if is_utf8(text) else _bytes(text).decode("utf-8", "backslashreplace")


def exact_base64(text: str) -> str:
    """The text's exact bytes."""
    return base64.b64encode(_bytes(text)).decode()


def is_utf8(text: str) -> bool:
    """Whether it can stand in a document as it is."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bytes(text: str) -> bytes:
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode("utf-8", "surrogateescape")

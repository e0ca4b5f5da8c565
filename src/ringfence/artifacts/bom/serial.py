"""A document's serial number and its JSON text. The number follows from the content, the time included.

So the same content at the same time is the same document, byte for byte, and anything else is another one.
"""

import json
from collections.abc import Callable, Mapping
from uuid import UUID, uuid5

__all__ = ["numbered"]

_NIL = UUID(int=0)
_OURS = UUID("5b7a3c52-6c0e-5f0e-9a54-2d0c8f6f4d11")  # the namespace, drawn once


def numbered(document: Callable[[UUID], Mapping[str, object]]) -> str:
    """The text of `document` under its serial number: a UUID version 5 over its text without one."""
    return _written(document(uuid5(_OURS, _written(document(_NIL)))))


def _written(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, allow_nan=False)

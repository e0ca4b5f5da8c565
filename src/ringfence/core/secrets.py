"""Secrets as values that nothing prints, formats, compares by accident or writes down."""

import hmac
from typing import NoReturn

from ringfence.core.redaction import CUT

__all__ = ["Secret"]


class Secret:
    """Bytes that only whoever calls `reveal` sees. The ledger and documents refuse the type."""

    __slots__ = ("_bytes",)

    def __init__(self, secret: bytes) -> None:
        self._bytes = secret

    def reveal(self) -> bytes:
        """The secret itself, for the one place that needs it."""
        return self._bytes

    def __repr__(self) -> str:
        return CUT

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return CUT

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes, other._bytes)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")

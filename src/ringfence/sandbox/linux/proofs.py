"""Attempts and what came of them, as values."""

import errno
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ringfence.core.dataclass import dataclass
from ringfence.sandbox.plan import Layer

__all__ = ["Attempt", "NotHeld", "Outside", "Proof", "error_name"]


class Proof(NamedTuple):
    """One thing that was tried and did not work."""

    layer: Layer
    tried: str
    result: str  # the error's name, EPERM; or what was found instead


class NotHeld(Exception):
    """A forbidden thing worked, or failed otherwise than it must."""

    def __init__(self, layer: Layer, tried: str, result: str) -> None:
        super().__init__(f"{layer}: {tried}: {result}")
        self.layer, self.tried, self.result = layer, tried, result


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the launcher is in, so that a box can tell that it is elsewhere."""

    namespaces: Mapping[str, str]  # `net` → `net:[4026531840]`
    beacon: str  # the name of an abstract socket that listens there


class Attempt(NamedTuple):
    """One thing to try.

    `action` raises OSError where the box holds; or it returns what was found instead of what must not be
    there. None: it worked.
    """

    layer: Layer
    tried: str
    action: Callable[[], str | None]
    held: frozenset[int] = frozenset()  # the errors that say so; any other is no proof

    def prove(self) -> Proof:
        """The proof.

        Raises:
            NotHeld
        """
        try:
            found = self.action()
        except OSError as error:
            if error.errno not in self.held:
                raise NotHeld(self.layer, self.tried, error_name(error)) from None
            found = error_name(error)
        if found is None:
            raise NotHeld(self.layer, self.tried, "it worked")
        return Proof(layer=self.layer, tried=self.tried, result=found)


def error_name(error: OSError) -> str:
    """EPERM and the like."""
    return errno.errorcode.get(error.errno or 0, str(error.errno))

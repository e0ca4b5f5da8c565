"""HTTP messages as values, the same for every version of the protocol. Nothing here reads or writes bytes.

Header names keep the spelling that they came with; they are compared without case. Values are text as
ISO-8859-1 gives it, so that every byte survives. Source: RFC 9110.
"""

from collections.abc import Callable, Iterator
from dataclasses import field
from enum import StrEnum
from typing import Any, TypeVar

from ringfence.core.dataclass import dataclass

__all__ = ["BadHttp", "BodyKind", "Headers", "RequestHead", "ResponseHead"]

T = TypeVar("T")


class BadHttp(Exception):
    """What was sent can be read in two ways, or in none. The text says what is wrong, without its content."""


class BodyKind(StrEnum):
    """How a message's end is told."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until-close"  # responses only


@dataclass(frozen=True, slots=True)
class Headers:
    """Names and values in their order."""

    items: tuple[tuple[str, str], ...] = ()
    _made: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: "Callable[[Headers], T]") -> T:
        """What `make`, which is pure, makes of them: the first time, and the same from then on."""
        made: T | None = self._made.get(make)
        if made is None:
            made = self._made[make] = make(self)
        return made

    def all(self, name: str) -> tuple[str, ...]:
        """The values of each line of that name."""
        return self.once(_by_name).get(name.lower(), ())

    def one(self, name: str) -> str | None:
        """The value; None where there is no such line.

        Raises:
            BadHttp: there are several.
        """
        found = self.all(name)
        if len(found) > 1:
            raise BadHttp(f"several {name.lower()} headers")
        return found[0] if found else None

    def listed(self, name: str) -> tuple[str, ...]:
        """The members of a list that may stand on several lines, in lower case: `connection`, `upgrade`."""
        lines = self.all(name)
        if not lines:  # mostly
            return ()
        members = (each.strip().lower() for value in lines for each in value.split(","))
        return tuple(filter(None, members))

    def without(self, *names: str) -> "Headers":
        """All but these; themselves where there is none of them."""
        known = self.once(_by_name)
        if not any(each.lower() in known for each in names):
            return self
        dropped = {each.lower() for each in names}
        return Headers(tuple([each for each in self.items if each[0].lower() not in dropped]))

    def having(self, name: str, value: str) -> "Headers":
        """With this in the place of all lines of that name: where the first stood, else at the end."""
        if self.all(name) == (value,):
            return self
        wanted, made, done = name.lower(), [], False
        for key, was in self.items:
            if key.lower() != wanted:
                made.append((key, was))
            elif not done:
                made.append((key, value))
                done = True
        return Headers((*made,) if done else (*made, (name, value)))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items)


def _by_name(headers: Headers) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items:
        key = name.lower()
        found[key] = (*found[key], value) if key in found else (value,)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """A request without its body."""

    method: str  # as sent; case matters
    target: str  # origin form (`/path?query`), absolute form to a proxy, authority form of CONNECT, `*`
    headers: Headers
    version: str = "1.1"  # "1.0", "1.1" or "2"

    def changed(self, *, target: str | None = None, headers: Headers | None = None) -> "RequestHead":
        """The same but for these."""
        return RequestHead(
            method=self.method,
            target=self.target if target is None else target,
            headers=headers or self.headers,
            version=self.version,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """A response without its body."""

    status: int
    headers: Headers
    reason: str = ""
    version: str = "1.1"

"""What the placeholders of one session stand for: a table that finds them in text, and keeps as JSON."""

import json
import re
from collections.abc import Iterator, Mapping

from ringfence.core.bounded_json import BadJson, parse
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.vault.errors import CredentialRefused
from ringfence.vault.kinds import kind_named

__all__ = ["BadState", "Meanings", "Meant", "read_state", "written_state"]

_SHORTEST = 8  # as secrets have


class BadState(RingfenceError):
    """Not what was kept of a session's placeholders. It is not repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a placeholder stands for."""

    credential: str
    part: str
    kind: str  # and how that is sent, as it was when the placeholder was given
    public: tuple[tuple[str, str], ...] = ()  # its parts that are no secrets, sorted

    def said(self, part: str) -> str:
        """One of these; empty where there is none."""
        return dict(self.public).get(part, "")


class Meanings:
    """A session's placeholders. Called with a text it says what the whole of it stands for."""

    __slots__ = ("_by_text", "_pattern", "kinds")

    def __init__(self, by_text: Mapping[str, Meant]) -> None:
        self._by_text = dict(by_text)
        self.kinds = frozenset(each.kind for each in by_text.values())
        longest_first = sorted(by_text, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if by_text else None

    def __call__(self, text: str) -> Meant | None:
        return self._by_text.get(text)

    def within(self, text: str) -> Iterator[tuple[str, Meant]]:
        """Every placeholder in a text, from its beginning on."""
        for found in self._pattern.finditer(text) if self._pattern else ():
            yield found[0], self._by_text[found[0]]

    def all(self, kinds: frozenset[str]) -> tuple[Meant, ...]:
        """What placeholders for credentials of these kinds stand for."""
        return tuple(each for each in self._by_text.values() if each.kind in kinds)

    def __repr__(self) -> str:
        return f"Meanings({len(self._by_text)})"


def written_state(by_text: Mapping[str, Meant]) -> str:
    """The table as JSON."""
    rows = [
        [text, each.credential, each.part, each.kind, dict(each.public)] for text, each in by_text.items()
    ]
    return json.dumps(rows, separators=(",", ":"))


def read_state(state: str) -> dict[str, Meant]:
    """The table that `written_state` wrote.

    Raises:
        BadState: it is none.
    """
    try:
        rows = parse(state.encode("utf-8", "surrogatepass"))
    except BadJson:
        raise _bad() from None
    if not isinstance(rows, list) or len(rows) > LIMITS.vault_placeholders:
        raise _bad()
    found = dict[str, Meant]()
    for row in rows:
        match row:
            case [str() as text, str() as credential, str() as part, str() as kind, dict() as public] if len(
                text
            ) >= _SHORTEST and all(isinstance(each, str) for each in public.values()):
                said = tuple(sorted((name, str(value)) for name, value in public.items()))
                found[text] = Meant(credential=credential, part=part, kind=_known(kind), public=said)
            case _:
                raise _bad()
    if len(found) != len(rows):
        raise _bad()
    return found


def _known(kind: str) -> str:
    try:
        return kind_named(kind).name
    except CredentialRefused:
        raise _bad() from None


def _bad() -> BadState:
    return BadState("what was kept of a session's placeholders cannot be read", hint="start the session anew")

"""Registries of packages that a machine's package managers are set to, as values."""

from ringfence.core.dataclass import dataclass
from ringfence.core.patterns import pattern

__all__ = ["Registries", "Registry"]

_HOST = pattern(r"[a-z0-9._-]+|[0-9a-f:.]+")
_PATH = pattern(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~+@%:,=*-]+)*")
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One of them, with nothing of its address that is a secret.

    Raises:
        ValueError: host, port or path are none that a rule can be about.
    """

    program: str  # whose settings or files say so: pip, npm …
    host: str  # lower case, or an address
    port: int
    path: str  # /simple: what may be read lies below it; empty: anything. A part that is a secret is `*`
    file: str  # where it is said, harmless to print: ~/.npmrc, or $PIP_INDEX_URL
    line: int  # from 1

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host) or not _PATH.fullmatch(self.path):
            raise ValueError("no registry")
        if not 1 <= self.port <= _LAST_PORT or self.line < 1:
            raise ValueError("no registry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """All of a machine."""

    found: tuple[Registry, ...] = ()  # each place once
    environment: tuple[tuple[str, str], ...] = ()  # for a box: what is set elsewhere, and holds no secret

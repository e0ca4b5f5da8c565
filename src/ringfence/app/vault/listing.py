"""What the vault holds, as it may be shown: no secret is opened for it."""

from datetime import datetime

from ringfence.app.vault.keeping import Keeper
from ringfence.core.dataclass import dataclass
from ringfence.vault.file_format import Entry, KeyPlace

__all__ = ["ShownCredential", "ShownPart", "VaultListed", "list_vault", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPart:
    """A part that is no secret."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCredential:
    """One credential without its secrets."""

    name: str
    kind: str
    parts: tuple[ShownPart, ...]
    hosts: tuple[str, ...]
    methods: tuple[str, ...]  # empty: all
    paths: tuple[str, ...]  # empty: all
    made_at: datetime
    rotated_at: datetime | None
    used_at: datetime | None  # None: nobody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultListed:
    """All of them, by name. `key` is where the vault's key is; None while there is no vault."""

    started_at: datetime
    complete: bool
    key: KeyPlace | None
    generation: int | None
    credentials: tuple[ShownCredential, ...]


def list_vault(keeper: Keeper) -> VaultListed:
    """The vault's list.

    Raises:
        VaultRefused, VaultLocked, StateRefused: it cannot be read.
    """
    started_at = keeper.door.now()
    state = keeper.vault.state(recorded=keeper.recorded())
    return VaultListed(
        started_at=started_at,
        complete=True,
        key=state.header.key.place if state else None,
        generation=state.header.generation if state else None,
        credentials=tuple(map(shown, state.entries)) if state else (),
    )


def shown(entry: Entry) -> ShownCredential:
    """One of them."""
    return ShownCredential(
        name=entry.name,
        kind=entry.kind,
        parts=tuple(ShownPart(name=name, value=value) for name, value in sorted(entry.public.items())),
        hosts=entry.binding.hosts,
        methods=entry.binding.methods,
        paths=entry.binding.paths,
        made_at=entry.made_at,
        rotated_at=entry.rotated_at,
        used_at=None,
    )

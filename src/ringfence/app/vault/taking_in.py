"""Takes secrets out of files into the vault, and says of each what became of it, never its value."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ringfence.app.vault.keeping import Keeper, set_credential
from ringfence.app.vault.own_files import own_file
from ringfence.core.dataclass import dataclass
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.credentials.secrets import kind_of, label
from ringfence.gate.refused import ActionRefused
from ringfence.vault.credential import Binding
from ringfence.vault.errors import VaultLocked, VaultRefused
from ringfence.vault.kinds import kind_named
from ringfence.vault.services import SERVICES, completed
from ringfence.vault.taking import Found, taken

__all__ = ["VaultImported", "Went", "take_in", "taken_one"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """What became of one value in a file."""

    file: str
    line: int | None  # from 1
    name: str
    kind: str | None
    hosts: tuple[str, ...]
    skipped: str | None  # why it was not taken


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultImported:
    """All of them, in the files' order. `complete`: everything that looks like a secret was taken."""

    started_at: datetime
    complete: bool
    values: tuple[Went, ...]


def take_in(keeper: Keeper, files: Sequence[Path], *, hosts: tuple[str, ...]) -> VaultImported:
    """What was taken. Values whose name no service has are bound to `hosts`; without these they stay.

    Raises:
        UsageError, CredentialRefused: a file is not there or none of those that are known; none was taken.
        VaultRefused, VaultLocked, ActionRefused: the vault cannot be changed; what came before is taken.
    """
    started_at = keeper.door.now()
    found = [
        (path, each)
        for path in files
        for each in taken(own_file(path, max_bytes=LIMITS.vault_import_bytes), path.name)
    ]
    there = {each.name for each in keeper.entries()}
    went = tuple(_went(found, keeper, there, hosts))
    left = any(each.skipped not in (None, _NO_SECRET) for each in went)
    return VaultImported(started_at=started_at, complete=not left, values=went)


_NO_SECRET = "does not look like a secret"  # noqa: S105 - words


def _went(
    found: list[tuple[Path, Found]], keeper: Keeper, there: set[str], hosts: tuple[str, ...]
) -> Iterator[Went]:
    for path, each in found:
        whole = completed(each, hosts=hosts)
        skipped: str | None
        if not each.kind and not _is_secret(each):
            skipped = _NO_SECRET
        elif whole is None:
            skipped = "nobody knows where it is used: name --host, or set it alone"
        elif each.name in there:
            skipped = "there is one of that name already"
        else:
            skipped = taken_one(keeper, whole)
        if skipped is None:
            there.add(each.name)
        yield Went(
            file=clip(printable(str(path)), chars=LIMITS.name_chars),
            line=each.line or None,
            name=label(each.name),
            kind=None if whole is None or skipped else whole.kind,
            hosts=() if whole is None or skipped else whole.hosts,
            skipped=skipped,
        )


def _is_secret(found: Found) -> bool:
    """By a service's name for it, by its own name, or by its form."""
    return found.name in SERVICES or kind_of(found.name, found.values["value"]) is not None


def taken_one(keeper: Keeper, whole: Found) -> str | None:
    """Takes it: None, or why it was not.

    Raises:
        VaultRefused, VaultLocked, ActionRefused: the vault cannot be changed.
    """
    try:
        binding = Binding(hosts=whole.hosts, methods=whole.methods, paths=whole.paths)
        set_credential(keeper, whole.name, kind_named(whole.kind), whole.values, binding)
    except (VaultRefused, VaultLocked, ActionRefused):
        raise
    except RingfenceError as error:
        return error.what
    return None

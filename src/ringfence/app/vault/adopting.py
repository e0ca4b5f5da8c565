"""Finds the logins of a user's programs and takes them into the vault, each with consent.

Where it looks: variables that services name, and the files and keyring entries of the programs in
`vault.taking.logins`. What it finds stays where it is.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ringfence.app.vault.keeping import Keeper
from ringfence.app.vault.taking_in import VaultImported, Went, taken_one
from ringfence.core.dataclass import dataclass
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.endpoint.credentials.secrets import label
from ringfence.endpoint.opening import read_small
from ringfence.vault.services import SERVICES, completed
from ringfence.vault.taking.logins import LOGINS, Login, gh_found, gh_hosts
from ringfence.vault.taking.values import Found

__all__ = ["ENVIRONMENT", "Offer", "Places", "adopt", "halves", "offers"]

ENVIRONMENT = "environment"
_DECLINED = "not asked for"
_THERE = "there is one of that name already"
_HALF = "the file is not whole, as if it was only half written: log in again, then adopt it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where logins of a user may lie. `keyring` gives an entry's text, by service and name."""

    home: Path
    environment: Mapping[str, str]
    keyring: Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One login that was found. Its values are never shown."""

    where: str  # as people read it: a file, ENVIRONMENT, the keyring
    found: Found
    is_there: bool  # the vault has one of that name


def offers(keeper: Keeper, places: Places) -> tuple[Offer, ...]:
    """Everything that was found, in the order of the places; of one name the first.

    Raises:
        VaultRefused, VaultLocked: the vault cannot be opened.
    """
    there = {each.name for each in keeper.entries()}
    by_name = dict[str, Offer]()
    for where, found in (*_variables(places), *_files(places)):
        by_name.setdefault(found.name, Offer(where=where, found=found, is_there=found.name in there))
    return tuple(by_name.values())


def halves(places: Places) -> tuple[Went, ...]:
    """Files of logins that cannot be read as what they are: nothing is taken of them."""
    return tuple(
        Went(file=shown, line=None, name=login.program, kind=None, hosts=(), skipped=_HALF)
        for login, shown, text in _texts(places)
        if not login.is_whole(text)
    )


def adopt(
    keeper: Keeper,
    found: tuple[Offer, ...],
    *,
    wanted: Callable[[Offer], bool],
    halves: tuple[Went, ...] = (),
) -> VaultImported:
    """What became of each, `halves` among them. Nobody is asked about one that is there already.

    Raises:
        VaultRefused, VaultLocked, ActionRefused: the vault cannot be changed; what came before is taken.
    """
    started_at = keeper.door.now()
    went = (*(_went(keeper, each, wanted) for each in found), *halves)
    left = any(each.skipped not in (None, _DECLINED, _THERE) for each in went)
    return VaultImported(started_at=started_at, complete=not left, values=went)


def _went(keeper: Keeper, each: Offer, wanted: Callable[[Offer], bool]) -> Went:
    found = each.found
    skipped: str | None
    if each.is_there:
        skipped = _THERE
    elif not wanted(each):
        skipped = _DECLINED
    else:
        skipped = taken_one(keeper, found)
    return Went(
        file=each.where,
        line=found.line or None,
        name=label(found.name),
        kind=None if skipped else found.kind,
        hosts=() if skipped else found.hosts,
        skipped=skipped,
    )


def _variables(places: Places) -> Iterator[tuple[str, Found]]:
    for name in sorted(SERVICES.keys() & places.environment.keys()):
        if value := places.environment[name]:
            whole = completed(Found(name=name, line=0, values={"value": value}), hosts=())
            if whole is not None:
                yield ENVIRONMENT, whole


def _files(places: Places) -> Iterator[tuple[str, Found]]:
    for login, shown, text in _texts(places):
        for found in login.read(text):
            yield shown, found
        if login.program == "gh":
            yield from _of_keyring(text, places)


def _texts(places: Places) -> Iterator[tuple[Login, str, str]]:
    """The files that are there, as people read where they are, and what is in them."""
    for login in LOGINS:
        path = _path(login, places)
        data = read_small(path, max_bytes=LIMITS.vault_import_bytes)
        if isinstance(data, bytes):
            yield login, clip(printable(str(path)), chars=LIMITS.name_chars), data.decode("utf-8", "replace")


def _of_keyring(text: str, places: Places) -> Iterator[tuple[str, Found]]:
    """gh keeps tokens there where it can, and says in its file for which hosts."""
    for host, line, token in gh_hosts(text):
        if not token and (found := gh_found(host, line, places.keyring(f"gh:{host}", "") or "")):
            yield f"keyring, gh:{host}", found


def _path(login: Login, places: Places) -> Path:
    if login.variable and (told := places.environment.get(login.variable)):
        return Path(told) / login.file
    return places.home / login.folder / login.file

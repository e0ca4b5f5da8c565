"""How far a scan looked, so that only what it would have seen can be gone."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ringfence.app.standing.naming import Paths
from ringfence.artifacts.examine import KNOWN_SUFFIXES
from ringfence.core.dataclass import dataclass
from ringfence.core.inventory import Inventory
from ringfence.ledger.events.thing import Thing, ThingKind

__all__ = ["Looked", "looked_by"]

_OUT_OF_SIGHT = frozenset({"file", "folder", "home", "link", "mount", "scope", "store"})
_LOOSE = "none"
_SHARED_RECORDS = frozenset({"dpkg"})  # one file for all packages: it stays when one of them goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The scope of one scan. Paths are told as `Paths` tells them."""

    paths: Paths
    roots: tuple[str, ...]
    homes: frozenset[str]  # of which everything was looked at
    system: bool  # what is installed for everybody counts
    installed: bool  # runtimes and agents were looked for
    listening: frozenset[tuple[str, int]] | None  # every port; None when nobody looked at servers
    min_size_bytes: int
    unseen: tuple[str, ...]  # places that could not be looked at
    more_unseen: bool  # and others, which are not named

    def misses(self, thing: Thing) -> bool:
        """Whether this thing, which was not seen, is there no more. What is in doubt is there."""
        match thing.kind:
            case ThingKind.MODEL:
                return self._misses_file(thing, "location")
            case ThingKind.RUNTIME:
                return self.installed and self._misses_file(thing, "path")
            case ThingKind.LISTENER:
                place = (str(thing.facts.get("address")), thing.facts.get("port"))
                return self.listening is not None and place not in self.listening
            case ThingKind.AGENT:
                home = thing.facts.get("home")
                return self.installed and (self.system if home is None else home in self.homes)

    def _misses_file(self, thing: Thing, fact: str) -> bool:
        place = str(thing.facts.get(fact))
        within = _is_below(place, self.roots)
        if not within and not (self.system and _is_of_everybody(place)):
            return False
        if self.paths.is_gone(place):
            return True
        if not within and thing.facts.get("installed_by") not in _SHARED_RECORDS:
            return False  # such as a disk or a backup, which only a scan of its own looks at
        return not (self.more_unseen or self._is_small(thing, place) or self._is_unseen(place))

    def _is_small(self, thing: Thing, place: str) -> bool:
        """It may be one of those that this scan did not look into."""
        size = thing.facts.get("size_bytes")
        return (
            thing.facts.get("store") == _LOOSE
            and isinstance(size, int)
            and size < self.min_size_bytes
            and PurePosixPath(place).suffix.lower() not in KNOWN_SUFFIXES
        )

    def _is_unseen(self, place: str) -> bool:
        return _is_below(place, self.unseen) or any(_is_below(each, (place,)) for each in self.unseen)


def looked_by(
    inventory: Inventory,
    paths: Paths,
    *,
    whole: bool,
    system: bool,
    installed: bool,
    listening: frozenset[tuple[str, int]] | None,
) -> Looked:
    """The scope of the scan that this is the inventory of; `whole` when it was asked for no paths."""
    scope = inventory.scope
    unseen = [each.subject for each in inventory.skipped if each.kind in _OUT_OF_SIGHT]
    places = [place for each in unseen for place in each.split(", ") if place.startswith("/")]
    return Looked(
        paths=paths,
        roots=tuple({each for root in scope.paths for each in (paths.told(root), paths.told_whole(root))}),
        homes=frozenset(map(paths.told_whole, scope.homes)) if whole else frozenset(),
        system=system,
        installed=installed,
        listening=listening,
        min_size_bytes=scope.min_size_bytes,
        unseen=tuple(paths.told_whole(Path(place)) for place in places),
        more_unseen=any("…" in each for each in unseen),
    )


def _is_below(place: str, folders: Iterable[str]) -> bool:
    return any(place == each or place.startswith(each.rstrip("/") + "/") for each in folders)


def _is_of_everybody(place: str) -> bool:
    return "/~subject-" not in place

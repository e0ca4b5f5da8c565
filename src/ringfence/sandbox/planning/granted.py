"""What the policy's allowances give to a box beyond what every box has: places, each with its line.

An allowance names; the policy decides, of the place that is named and of where links lead from there. What is
to be asked, is not there or is denied all the same is not given, and is told.
"""

from collections.abc import Iterator

from ringfence.core.dataclass import dataclass
from ringfence.core.decisions import Effect
from ringfence.sandbox.plan import Mount, MountKind
from ringfence.sandbox.planning.host import Host, Kind, Way, followed, within
from ringfence.sandbox.planning.judging import Judge, Named
from ringfence.sandbox.planning.never import credentials, homes, refuse_never
from ringfence.sandbox.planning.patterns import Place, found, place_of
from ringfence.sandbox.planning.wanted import Reason, Withheld

__all__ = ["Given", "granted"]

_HINT = "name the folders that it needs, such as /data/project/**"
_REASONS = {Effect.ASK: Reason.ASKED, Effect.DENY: Reason.DENIED, Effect.ALLOW: Reason.DENIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One place that is given, and the links that lead there."""

    mount: Mount
    links: tuple[tuple[str, str], ...]


def granted(judge: Judge, host: Host, *, has_tree: bool, budget: list[int]) -> Iterator[Given | Withheld]:
    """All that is given, and what is not. `has_tree`: the tree is given as a whole, so its parts need not be.

    Raises:
        NeverGiven: an allowance is for the whole machine, the home, or what no box has.
        TooMany: there is too much to look through.
    """
    for named in judge.named:
        if named.effect is Effect.ASK:
            yield Withheld(path=named.pattern, reason=Reason.ASKED, why=named.why)
        elif named.effect is Effect.ALLOW:
            place = place_of(named.pattern, judge.tree)
            if place is None:
                yield Withheld(path=named.pattern, reason=Reason.ABSENT, why=named.why)
            elif place.base:
                if not has_tree or "file.write" in named.types:
                    yield from _in_tree(named, place, judge, host, budget)
            elif not named.is_tree_s and not within(place.fixed, judge.tree):
                yield from _of_place(named, place, judge, host, budget)


def _in_tree(
    named: Named, place: Place, judge: Judge, host: Host, budget: list[int]
) -> Iterator[Given | Withheld]:
    for each in found(place, host.files, roots=(judge.tree,), budget=budget):
        if each.kind is Kind.FILE or (each.kind is Kind.FOLDER and each.is_folder):
            yield _judged(each.path, Way(path=each.path), named, judge, host, is_folder=each.is_folder)


def _of_place(
    named: Named, place: Place, judge: Judge, host: Host, budget: list[int]
) -> Iterator[Given | Withheld]:
    what = f"{named.why.place}: the policy gives"
    if place.pattern is None and place.is_folder:
        refuse_never(place.fixed, host, what=what, hint=_HINT)
    elif place.fixed == "/" and (place.pattern or "").startswith("/**"):
        refuse_never("/", host, what=what, hint=_HINT)
    if place.pattern is None:
        yield _fixed(named, place, judge, host, what)
        return
    some = False
    for each in found(place, host.files, roots=("/",), budget=budget):
        if each.kind not in (Kind.FILE, Kind.FOLDER) or (each.kind is Kind.FOLDER and not each.is_folder):
            continue
        some = True
        yield _looked_up(each.path, named, judge, host, what, is_folder=each.is_folder)
    if not some:
        yield Withheld(path=named.pattern, reason=Reason.ABSENT, why=named.why)


def _fixed(named: Named, place: Place, judge: Judge, host: Host, what: str) -> Given | Withheld:
    way = followed(place.fixed, host.files.kind, host.files.link)
    kind = host.files.kind(way.path) if way else None
    if kind not in (Kind.FILE, Kind.FOLDER) or (place.is_folder and kind is Kind.FILE):
        return Withheld(path=named.pattern, reason=Reason.ABSENT, why=named.why)
    if kind is Kind.FOLDER and not place.is_folder:
        return Withheld(path=named.pattern, reason=Reason.BARE_FOLDER, why=named.why)
    return _looked_up(place.fixed, named, judge, host, what, is_folder=place.is_folder)


def _looked_up(
    path: str, named: Named, judge: Judge, host: Host, what: str, *, is_folder: bool
) -> Given | Withheld:
    """A place outside of the tree: where it leads must be one that is given, and be granted as well."""
    way = followed(path, host.files.kind, host.files.link)
    if way is None:
        return Withheld(path=path, reason=Reason.ABSENT, why=named.why)
    if not is_folder and any(within(way.path, each) for each in credentials(host)):
        return Withheld(path=path, reason=Reason.CREDENTIALS, why=named.why)
    refuse_never(way.path, host, what=what, hint=_HINT)
    return _judged(path, way, named, judge, host, is_folder=is_folder)


def _judged(
    path: str, way: Way, named: Named, judge: Judge, host: Host, *, is_folder: bool
) -> Given | Withheld:
    word = judge.read(path, all_below=is_folder)
    if not word.may or (is_folder and not judge.covers(path, "file.read")):
        return Withheld(path=path, reason=_REASONS[word.effect], why=word.why)
    may_write = "file.write" in named.types and judge.write(path, all_below=is_folder).may
    may_write = may_write and (not is_folder or judge.covers(path, "file.write"))
    if way.links:
        real = judge.read(way.path, all_below=is_folder)
        is_settled = all(_is_settled(at, host) for at, _ in way.links)
        against = judge.restricts(way.path, all_below=is_folder)
        if against is not None:
            return Withheld(path=path, reason=_REASONS[against.effect], why=against.why)
        if not is_settled and not (real.may and real.is_rule_s):
            return Withheld(path=path, reason=Reason.LINK, why=named.why)
        written = judge.write(way.path, all_below=is_folder)
        may_write = may_write and (written.may if written.is_rule_s else is_settled)
    kind = MountKind.WRITE if may_write else MountKind.READ
    mount = Mount(target=way.path, kind=kind, source=way.path, why=named.why)
    return Given(mount=mount, links=way.links)


def _is_settled(at: str, host: Host) -> bool:
    """Whether nobody but root, or whoever made the home, says where the link leads."""
    above = at.rpartition("/")[0] or "/"
    owner = host.files.owner(above)
    is_root_s = host.user.uid != 0 and owner is not None and owner[0] == 0
    return is_root_s or any(within(home, at) for home in homes(host))

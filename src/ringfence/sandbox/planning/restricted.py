"""What of the places of a box is hidden or read-only all the same: what the policy denies or asks about.

Denials are looked for in what the box would show, and nowhere else. A folder that is denied is hidden with
all that is in it. Links are left as they are: what they lead to is judged by its own name.
"""

from collections.abc import Iterable, Iterator

from ringfence.core.dataclass import replace
from ringfence.core.decisions import Effect
from ringfence.core.errors import RingfenceError
from ringfence.sandbox.plan import Mount, MountKind, Why
from ringfence.sandbox.planning.host import Host, Kind, parts_of, within
from ringfence.sandbox.planning.judging import Judge, Word
from ringfence.sandbox.planning.never import credentials, homes
from ringfence.sandbox.planning.patterns import Found, Place, found, place_of
from ringfence.sandbox.planning.system_files import ESSENTIAL
from ringfence.sandbox.planning.toolchains import kept_out
from ringfence.sandbox.planning.view import View

__all__ = ["NothingRuns", "hidden", "masked", "without_denied"]

_CREDENTIALS = Why(text="credentials")
_LISTENING = Why(text="a program outside listens there")


class NothingRuns(RingfenceError):
    """The policy denies what every program needs."""


def without_denied(base: Iterable[Mount], judge: Judge) -> Iterator[Mount]:
    """What every box has, less what a rule denies as a whole.

    Raises:
        NothingRuns: it denies programs and libraries of the system.
    """
    for each in base:
        word = _against(each, judge)
        if word is None:
            yield each
        elif each.target in ESSENTIAL:
            raise NothingRuns(
                f"{word.why.place}: the policy denies {each.target}, and no program runs without it",
                hint="deny what lies below it, or other folders: /home/**, /data/**",
            )


def _against(mount: Mount, judge: Judge) -> Word | None:
    """What a rule says against a place of the host, as a whole or by its name."""
    if mount.source is None or mount.source != mount.target:
        return None
    return judge.restricts(mount.source, all_below=True) or judge.restricts(mount.source)


def hidden(
    given: Iterable[Mount], judge: Judge, host: Host, *, base: frozenset[str], budget: list[int]
) -> Iterator[Mount]:
    """Mounts that hide, or make read-only, what rules deny or ask about. `base`: targets that every box has.

    Raises:
        TooMany: there is too much to look through.
    """
    binds = tuple(each for each in given if each.source is not None and each.source == each.target)
    view = View(binds, host.files)
    for each in _found(binds, judge, host, base, budget):
        over = view.over(each.path)
        only_rules = over is not None and over.target in base
        whole = each.is_folder and each.kind is Kind.FOLDER
        yield from _restricted(each.path, each.kind, over, judge, whole=whole, only_rules=only_rules)


def _found(
    binds: tuple[Mount, ...], judge: Judge, host: Host, base: frozenset[str], budget: list[int]
) -> Iterator[Found]:
    """Everything that has to be judged: what patterns stand for, and file by file where they do not tell."""
    targets = [each.target for each in binds]
    outermost = {
        in_tree: _outermost(each for each in targets if within(each, judge.tree) == in_tree)
        for in_tree in (False, True)
    }
    for named in judge.named:
        place = place_of(named.pattern, judge.tree)
        if named.effect is Effect.ALLOW or place is None:
            continue
        roots = outermost[judge.is_in_tree(named)]
        for each in found(place, host.files, roots=roots, budget=budget):
            is_judged = named.is_whole or each.kind is not Kind.FOLDER or each.is_folder
            if is_judged and each.kind is not Kind.LINK:
                yield each
        if not named.is_whole:
            singly = replace(place, is_folder=False, pattern=named.pattern)
            yield from _files(singly, roots, host, budget)
    if judge.has_exceptions:
        for target in (each for each in targets if each not in base):
            is_of_tree = within(target, judge.tree)
            place = Place(
                fixed=target,
                base=judge.tree if is_of_tree else "",
                is_folder=False,
                pattern="**" if is_of_tree else "/**",
            )
            yield from _files(place, [target], host, budget)


def _files(place: Place, roots: list[str], host: Host, budget: list[int]) -> Iterator[Found]:
    for each in found(place, host.files, roots=roots, budget=budget):
        if each.kind in (Kind.FILE, Kind.OTHER):
            yield each


def _outermost(targets: Iterable[str]) -> list[str]:
    """Those that lie in no other."""
    kept: list[str] = []
    for each in sorted(targets, key=parts_of):
        if not (kept and within(each, kept[-1])):
            kept.append(each)
    return kept


def _restricted(
    path: str, kind: Kind, over: Mount | None, judge: Judge, *, whole: bool, only_rules: bool
) -> Iterator[Mount]:
    read = judge.read(path, all_below=whole)
    against = judge.restricts(path, all_below=whole) if only_rules else None if read.may else read
    if against is not None:
        yield _empty(path, kind, against.why)
        return
    write = judge.write(path, all_below=whole)
    if not write.may and over is not None and over.kind is MountKind.WRITE:
        yield Mount(target=path, kind=MountKind.READ, source=path, why=write.why)


def masked(view: View, host: Host) -> Iterator[Mount]:
    """Credentials that lie in what a box would show, and sockets: to reach one, reading is enough."""
    in_toolchains = (path for home in homes(host) for path in kept_out(home, host.files))
    for path in dict.fromkeys((*credentials(host), *in_toolchains)):
        kind = _shown(path, view, host)
        if kind is not None and kind is not Kind.LINK:
            yield _empty(path, kind, _CREDENTIALS)
    for path in host.listening:
        if _shown(path, view, host) is Kind.OTHER:
            yield _empty(path, Kind.OTHER, _LISTENING)


def _shown(path: str, view: View, host: Host) -> Kind | None:
    """What is there, if a box would show it by the same name."""
    return host.files.kind(path) if view.source(path) == path else None


def _empty(path: str, kind: Kind, why: Why) -> Mount:
    empty = MountKind.EMPTY_FOLDER if kind is Kind.FOLDER else MountKind.EMPTY_FILE
    return Mount(target=path, kind=empty, why=why)

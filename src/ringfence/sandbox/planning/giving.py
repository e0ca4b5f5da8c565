"""All that a box is given: what every box has, the working tree as far as the policy lets, and grants."""

from collections.abc import Iterable, Iterator

from ringfence.core.dataclass import dataclass, replace
from ringfence.core.errors import UnreadableScope
from ringfence.sandbox.plan import Identity, Mount, MountKind, Why
from ringfence.sandbox.planning.answered import BUNDLE, answered_mounts
from ringfence.sandbox.planning.granted import Given, granted
from ringfence.sandbox.planning.home import (
    home_mount,
    home_of,
    link_mounts,
    links_to,
    toolchain_mounts,
)
from ringfence.sandbox.planning.host import Host, within
from ringfence.sandbox.planning.identity import own_files
from ringfence.sandbox.planning.judging import Judge
from ringfence.sandbox.planning.layering import given_in_order, is_bind
from ringfence.sandbox.planning.never import refuse_never, shown_path
from ringfence.sandbox.planning.restricted import without_denied
from ringfence.sandbox.planning.system_files import KERNEL, SETTINGS, SYSTEM, of_kernel, of_system, own
from ringfence.sandbox.planning.wanted import Wanted, Withheld
from ringfence.sandbox.planning.working_tree import is_mapped

__all__ = ["AllGiven", "all_given", "as_user_s", "is_giving"]

_HINT = 'let the agent\'s profile read it: `files: {read: ["**"], write: ["**"]}`'


@dataclass(frozen=True, slots=True, kw_only=True)
class AllGiven:
    """What is given, in the order in which it is mounted."""

    mounts: tuple[Mount, ...]
    base: frozenset[str]  # targets that every box has
    links: tuple[tuple[str, str], ...]  # on the way to something that is given
    withheld: tuple[Withheld, ...]


def all_given(
    wanted: Wanted, judge: Judge, host: Host, *, who: Identity, memory_bytes: int, budget: list[int]
) -> AllGiven:
    """Everything, before what hides parts of it.

    Raises:
        NeverGiven, NothingRuns, TooMany, UnreadableScope: as `make_plan` says.
    """
    chains = tuple(toolchain_mounts(host))
    own_places = own(who.uid, memory_bytes, own_files(who, host.home))
    places = (*own_places, *(mount for mount, _ in chains), *_beside(wanted, host), *_answered(wanted, host))
    base = tuple(without_denied((*_of_host(wanted, host), *places), judge))
    tree, parts = _tree(wanted, judge)
    found = tuple(granted(judge, host, has_tree=tree.kind is not MountKind.MEMORY, budget=budget))
    grants = tuple(each for each in found if isinstance(each, Given))
    if tree.kind is MountKind.MEMORY and not any(within(each.mount.target, judge.tree) for each in grants):
        raise UnreadableScope(
            f"the policy lets {wanted.agent or 'nobody'} read nothing of {shown_path(judge.tree)}", hint=_HINT
        )
    ways = (links_to(each, host) for each in (host.home, wanted.tree.named))
    links = tuple(
        link
        for some in (*ways, *(some for _, some in chains), *(each.links for each in grants))
        for link in some
    )
    mounts = (*base, tree, *parts, *(each.mount for each in grants))
    outside = tuple(each for each in link_mounts(links) if not within(each.target, home_of(host)))
    return AllGiven(
        mounts=given_in_order(
            (*(as_user_s(each, host, who) for each in mounts), *outside),
            host.files,
            fixed=frozenset(each.target for each in parts),
        ),
        base=frozenset(each.target for each in base),
        links=links,
        withheld=tuple(each for each in found if isinstance(each, Withheld)),
    )


def _of_host(wanted: Wanted, host: Host) -> Iterator[Mount]:
    yield from of_system(host.files)
    yield from of_kernel(host.files)
    yield home_mount(host, wanted)


def _answered(wanted: Wanted, host: Host) -> Iterator[Mount]:
    if wanted.network is not None:
        yield from answered_mounts(wanted.network, host, bundle=f"{wanted.session_folder}/{BUNDLE}")


def is_giving(mount: Mount) -> bool:
    """Whether one of the tree's own mounts gives: a folder of git's, or the private copies."""
    return mount.kind is MountKind.WRITE


def as_user_s(mount: Mount, host: Host, who: Identity) -> Mount:
    """With its owner shown as the command's own, where it is the user's and that can be had."""
    if mount.source is None or mount.kind not in (MountKind.READ, MountKind.WRITE):
        return mount
    owner = host.files.owner(mount.source)
    is_theirs = owner is not None and owner[0] == who.owner_uid != who.host_uid
    is_user_s = (mount.is_user_s or is_theirs) and mount.why not in (SYSTEM, SETTINGS, KERNEL)
    return replace(mount, is_user_s=is_user_s and is_mapped(mount.source, host))


def _tree(wanted: Wanted, judge: Judge) -> tuple[Mount, tuple[Mount, ...]]:
    """The tree, and what of its own mounts gives; an empty folder where it may not be read as a whole."""
    read, write = judge.read(judge.tree, all_below=True), judge.write(judge.tree, all_below=True)
    if not (read.may and judge.covers(judge.tree, "file.read")):
        return Mount(target=judge.tree, kind=MountKind.MEMORY, why=Why(text="working tree")), ()
    may_write = write.may and judge.covers(judge.tree, "file.write")
    kind = MountKind.WRITE if may_write else MountKind.READ
    why = Why(text="working tree", place=write.why.place if write.is_rule_s or not may_write else None)
    tree = Mount(target=judge.tree, kind=kind, source=judge.tree, why=why)
    return tree, tuple(_of_tree(wanted.protections, judge))


def _of_tree(protections: Iterable[Mount], judge: Judge) -> Iterator[Mount]:
    for each in protections:
        is_of_tree = is_giving(each) and is_bind(each) and within(each.target, judge.tree)
        if is_of_tree and judge.read(each.target, all_below=True).may:
            may_write = judge.write(each.target, all_below=True).may
            may_write = may_write and judge.covers(each.target, "file.write")
            yield each if may_write else replace(each, kind=MountKind.READ)


def _beside(wanted: Wanted, host: Host) -> Iterator[Mount]:
    """What goes with the tree and lies elsewhere: the git folder of a worktree, private copies."""
    for each in wanted.protections:
        if is_giving(each) and not within(each.target, wanted.tree.path):
            if is_bind(each):
                refuse_never(each.target, host, what="no folder for git:", hint="see where .git leads")
            yield each

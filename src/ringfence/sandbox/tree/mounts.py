"""What stands over a working tree within a box. Pure: `prepare` makes what must be there first.

These go behind the tree's own mount, read-write at its own path. A mount point cannot be renamed, but a
folder above it can: so git's folders are mount points themselves, and what appears beside is swept.
"""

from collections.abc import Iterator
from pathlib import Path

from ringfence.sandbox.plan import Mount, MountKind, Why
from ringfence.sandbox.tree.tree import GitFolder, Tree

__all__ = ["COPIES", "copies", "mounts"]

COPIES = "/run/ringfence/git"
"""Where a box sees the private copies of git configurations."""

_GIT = Why(text="git's folder, so that it is not exchanged for another")
_BESIDE = Why(text="git's folder, of which the working tree is one of several")
_CONFIG = Why(text="git's configuration is a private copy; only branches flow back")
_HOOKS = Why(text="git runs hooks outside the box")
_PLANTED = Why(text="programs outside would act on what stands there")
_LEADS = Why(text="it says where git goes")
_ASIDE = Why(text="what earlier runs were refused")
_CLOSED = Why(text="nobody could look into it")
_SOCKET = Why(text="a program outside listens there")


def mounts(tree: Tree, session: Path) -> tuple[Mount, ...]:
    """The places of `tree` that are not just its files, in the order in which they are made.

    `session` is the session's folder on the host, where `prepare` puts the copies.
    """
    return (*_of_git(tree, session), *_of_names(tree), *_masks(tree))


def copies(tree: Tree) -> Iterator[tuple[int, GitFolder]]:
    """The git folders whose configuration is a private copy, each with its number."""
    own = (each for each in tree.git if each.config and not each.is_foreign)
    return enumerate(own)


def _of_git(tree: Tree, session: Path) -> Iterator[Mount]:
    own = [each for each in tree.git if not each.is_foreign]
    for git in own:
        if not git.is_worktree_s and git.path != tree.root:
            yield _bind(MountKind.WRITE, git.path, _BESIDE if git.is_outside else _GIT)
    for number, git in copies(tree):
        within = f"{COPIES}/{number}"
        yield Mount(
            target=within,
            kind=MountKind.WRITE,
            why=_CONFIG,
            source=f"{session}/git/{number}",
            runs=False,
            is_user_s=True,
        )
        yield Mount(
            target=f"{git.path}/config", kind=MountKind.LINK_OVER, why=_CONFIG, source=f"{within}/config"
        )
        if git.hooks is not None:
            yield _bind(MountKind.READ, f"{git.path}/hooks", _HOOKS)
    for git in own:
        for name in git.acting:
            yield _bind(MountKind.READ, f"{git.path}/{name}", _LEADS)


def _of_names(tree: Tree) -> Iterator[Mount]:
    for each in tree.protected:
        if each.link is None:
            yield _bind(MountKind.READ, each.path, Why(text=each.why))
    for path in tree.missing:
        yield _bind(MountKind.READ, path, _PLANTED)


def _masks(tree: Tree) -> Iterator[Mount]:
    for secret in tree.secrets:
        yield Mount(target=secret.path, kind=MountKind.EMPTY_FILE, why=Why(text=f"it holds {secret.why}"))
    for path in tree.sockets:
        yield Mount(target=path, kind=MountKind.EMPTY_FILE, why=_SOCKET)
    if tree.aside:
        yield Mount(target=tree.aside, kind=MountKind.EMPTY_FOLDER, why=_ASIDE)
    for path in tree.closed:
        yield Mount(target=path, kind=MountKind.EMPTY_FOLDER, why=_CLOSED)


def _bind(kind: MountKind, path: str, why: Why) -> Mount:
    return Mount(target=path, kind=kind, why=why, source=path, is_user_s=True)

"""Which folder a box is for, and which none can be for."""

import pytest

from made_hosts import STATE, TREE, made_host
from ringfence.core.errors import RingfenceError
from ringfence.sandbox.planning.wanted import WorkingTree
from ringfence.sandbox.planning.working_tree import working_tree


def test_it_is_the_repository_s_top() -> None:
    found = working_tree(f"{TREE}/src", made_host())
    assert found == WorkingTree(path=TREE, named=TREE, is_repository=True)


def test_without_a_repository_it_is_the_folder_itself() -> None:
    host = made_host("/home/ann/notes/a/b.md")
    assert working_tree("/home/ann/notes/a", host) == WorkingTree(
        path="/home/ann/notes/a", named="/home/ann/notes/a", is_repository=False
    )


def test_a_worktree_s_git_file_is_a_top_too() -> None:
    host = made_host("/home/ann/other/.git", "/home/ann/other/src/x")
    assert working_tree("/home/ann/other/src", host).path == "/home/ann/other"


def test_a_home_kept_in_git_is_no_tree_for_what_lies_in_it() -> None:
    host = made_host("/home/ann/.git/config", "/home/ann/notes/x")
    assert working_tree("/home/ann/notes", host).path == "/home/ann/notes"


def test_a_repository_that_somebody_else_put_above_is_none() -> None:
    host = made_host("/srv/a/b/x", "/srv/.git/config", owners={"/srv": 7, "/srv/a": 1000})
    assert working_tree("/srv/a/b", host).path == "/srv/a/b"


def test_a_way_there_through_links_keeps_its_name() -> None:
    host = made_host("/disk/shop/.git/config", "/disk/shop/src/x", links={"/home/ann/link": "/disk/shop"})
    assert working_tree("/home/ann/link/src", host) == WorkingTree(
        path="/disk/shop", named="/home/ann/link", is_repository=True
    )
    assert working_tree("/home/ann/link", host).named == "/home/ann/link"


@pytest.mark.parametrize(
    ("folder", "what"),
    [
        ("/", "/: that is the whole machine"),
        ("/home/ann", "/home/ann: that is the whole home"),
        ("/home", "/home: that is the whole home"),
        ("/home/ann/link-home", "/home/ann: that is the whole home"),
        ("/usr/share/x", "/usr/share/x is the system's"),
        ("/usr", "/usr is the system's"),
        ("/etc", "/etc is the system's"),
        ("/tmp", "/tmp is the system's"),
        ("/proc/1", "/proc/1: the kernel speaks through it"),
        ("/run/user", "/run/user: programs outside of the box listen there"),
        (STATE, f"{STATE}: it is ringfence's own"),
        (f"{STATE}/sessions", f"{STATE}/sessions: it is ringfence's own"),
        ("/home/ann/.local", f"/home/ann/.local: {STATE} is in it, and it is ringfence's own"),
        ("/home/ann/.ssh", "/home/ann/.ssh: credentials are never in a box"),
        ("/nothing", "/nothing: there is no such folder"),
        ("/etc/profile", "/etc/profile: there is no such folder"),
    ],
)
def test_what_cannot_be_a_tree_is_refused_with_a_hint(folder: str, what: str) -> None:
    more = ("/usr/share/x/y", "/run/user/1/x", "/home/ann/.ssh/id")
    with pytest.raises(RingfenceError) as refused:
        working_tree(folder, made_host(*more, links={"/home/ann/link-home": "/home/ann"}))
    assert refused.value.what.removeprefix("no working tree: ") == what
    assert refused.value.hint


@pytest.mark.parametrize("folder", ["/usr/src/kernel", "/var/www/site", "/opt/app", "/tmp/build", "/srv/x"])
def test_places_where_people_work_are_trees(folder: str) -> None:
    assert working_tree(folder, made_host(f"{folder}/x")).path == folder


@pytest.mark.parametrize("filesystem", ["nfs4", "overlay", "fuse.sshfs"])
def test_root_s_tree_where_owners_cannot_be_shown_otherwise_is_refused(filesystem: str) -> None:
    root = made_host("/srv/x/y", uid=0, filesystems={"/srv": filesystem})
    with pytest.raises(RingfenceError) as refused:
        working_tree("/srv/x", root)
    assert f"lies on {filesystem}" in refused.value.what
    assert "run it as the user whose files these are" in refused.value.hint
    ann_s = made_host("/srv/x/y", uid=0, owners={"/srv": 1000}, filesystems={"/srv": filesystem})
    assert working_tree("/srv/x", ann_s).path == "/srv/x"
    user_s = made_host("/srv/x/y", filesystems={"/srv": filesystem})
    assert working_tree("/srv/x", user_s).path == "/srv/x"

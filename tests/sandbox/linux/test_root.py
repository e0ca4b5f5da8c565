"""The root of a box: each kind of mount, one over the other, and nothing written on the host."""

import errno
import os
from pathlib import Path

import pytest

from boxes import ORDINARY, Result, as_user, bind, made, run, system_mounts, tree_of
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.messages import Failed
from ringfence.sandbox.plan import Layer, Mount, MountKind

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]

pytestmark = pytest.mark.parametrize("user", USERS)


def shell(script: str, *mounts: Mount, tree: Path, user: str, **changes: object) -> Result:
    """Runs a script in a box with the tree, and `mounts` over it."""
    whole = bind(str(tree), MountKind.WRITE, is_user_s=True)
    return run(
        ["/bin/sh", "-c", script],
        user=user,
        tree=tree,
        mounts=(*system_mounts(), whole, *mounts),
        **changes,
    )


def make(tree: Path, *names: str) -> None:
    """Files of the user's that hold their names; folders where a name ends so."""
    for name in names:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(os.fsencode(f"{name}\n"))
    owner = tree.stat()
    for path in tree.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def test_what_is_covered_is_empty_and_stays(user: str) -> None:
    with tree_of(user) as tree:
        make(tree, ".env", "keys/one", "other")
        result = shell(
            "cat .env; ls -A keys; echo x > .env; touch keys/two; rm .env; mv keys away; cat other",
            made(f"{tree}/.env", MountKind.EMPTY_FILE),
            made(f"{tree}/keys", MountKind.EMPTY_FOLDER),
            tree=tree,
            user=user,
        )
        assert result.stdout == b"other\n"
        assert [line.split(b": ")[-1] for line in result.stderr.splitlines()] == [
            b"Read-only file system",
            b"Read-only file system",
            b"Device or resource busy",
            b"Device or resource busy",
        ]
        assert sorted(str(p.relative_to(tree)) for p in tree.rglob("*")) == [
            ".env",
            "keys",
            "keys/one",
            "other",
        ]


def test_a_later_mount_stands_over_an_earlier_one(user: str) -> None:
    with tree_of(user) as tree:
        make(tree, "a/b/c", "a/b/d")
        result = shell(
            "touch a/x; touch a/b/x; touch a/b/c && cat a/b/c; ls a/b",
            bind(f"{tree}/a", MountKind.READ),
            bind(f"{tree}/a/b", MountKind.WRITE, is_user_s=True),
            bind(f"{tree}/a/b/d", MountKind.READ, target=f"{tree}/a/b/c", is_user_s=True),
            tree=tree,
            user=user,
        )
        assert not (tree / "a/x").exists()
        assert (tree / "a/b/x").exists()
    assert result.stdout == b"c\nd\nx\n"  # nothing is shown of a file that cannot be touched
    assert result.stderr.count(b"Read-only file system") == 2


def test_memory_within_the_tree_is_the_box_s_own(user: str) -> None:
    with tree_of(user) as tree:
        make(tree, "cache/old")
        result = shell(
            "ls cache; echo new > cache/new; cat cache/new cache/deep/file; echo x > cache/deep/file;"
            "df -B1 cache",
            made(f"{tree}/cache", MountKind.MEMORY, size_bytes=2**20),
            made(f"{tree}/cache/deep/file", MountKind.FILE, content=b"given\n", mode=0o666),
            tree=tree,
            user=user,
        )
        assert os.listdir(tree / "cache") == ["old"]
    lines = result.stdout.decode().splitlines()
    assert lines[:3] == ["deep", "new", "given"]
    assert lines[-1].split()[1] == str(2**20)
    assert b"Read-only file system" in result.stderr


def test_memory_is_no_larger_than_the_plan_says(user: str) -> None:
    with tree_of(user) as tree:
        memory = made("/m", MountKind.MEMORY, size_bytes=2**20)
        result = shell("head -c 2M /dev/zero > /m/x; stat -c %s /m/x", memory, tree=tree, user=user)
    assert (result.stdout, b"No space left" in result.stderr) == (b"1048576\n", True)


def test_nothing_runs_where_the_plan_says_so(user: str) -> None:
    with tree_of(user) as tree:
        make(tree, "program")
        (tree / "program").write_text("#!/bin/sh\necho ran\n")
        (tree / "program").chmod(0o755)
        result = shell(
            "./program; /m/program; cp program /n/program; /n/program",
            bind(f"{tree}/program", MountKind.READ, target="/m/program"),
            made("/n", MountKind.MEMORY, runs=False),
            tree=tree,
            user=user,
        )
    assert (result.stdout, result.stderr.count(b"Permission denied")) == (b"ran\nran\n", 1)


def test_a_link_stands_over_a_file_and_leads_where_it_says(user: str) -> None:
    """Git then writes its lock and its new settings beside what the link leads to."""
    with tree_of(user) as tree, tree_of(user) as kept:
        make(tree, ".git/config")
        make(kept, "config")
        result = shell(
            "readlink .git/config; echo changed >> .git/config; rm .git/config; cat /run/git/config",
            bind(str(kept), MountKind.WRITE, target="/run/git", is_user_s=True),
            made(f"{tree}/.git/config", MountKind.LINK_OVER, source="/run/git/config"),
            tree=tree,
            user=user,
        )
        on_host = ((tree / ".git/config").read_text(), (kept / "config").read_text())
    assert result.stdout == b"/run/git/config\nconfig\nchanged\n"
    assert on_host == (".git/config\n", "config\nchanged\n")


def test_links_and_files_are_made_where_nothing_is(user: str) -> None:
    with tree_of(user) as tree:
        result = shell(
            "readlink /a/link; cat /a/b/file; stat -c %a /a/b/file; echo x > /a/b/file; rm /a/link",
            made("/a/link", MountKind.SYMLINK, source="b/file"),
            made("/a/b/file", MountKind.FILE, content=b"x\0y\n", mode=0o640),
            tree=tree,
            user=user,
        )
    assert result.stdout == b"b/file\n" + (b"x\0y\n640\n" if user != "root" else b"640\n")


def test_a_tree_below_memory_is_there(user: str) -> None:
    """As one in /tmp is, where a box has its own /tmp."""
    with tree_of(user) as tree:
        make(tree, "file")
        below = bind(str(tree), MountKind.WRITE, target="/tmp/a/b", is_user_s=True)
        result = shell("cat /tmp/a/b/file; touch /tmp/a/b/new", below, tree=tree, user=user)
        assert (tree / "new").exists()
    assert (result.stdout, result.stderr) == (b"file\n", b"")


def test_names_may_hold_anything(user: str) -> None:
    name = os.fsdecode(b"a\nb \\ \xff\xc3\xa4")
    with tree_of(user) as tree:
        make(tree, f"{name}/{name}")
        result = shell(
            'for each in */*; do echo x > "$each" || echo kept; done',
            bind(f"{tree}/{name}/{name}", MountKind.READ),
            tree=tree,
            user=user,
        )
    assert result.stdout == b"kept\n"


def test_two_thousand_places_can_be_given(user: str) -> None:
    with tree_of(user) as tree:
        make(tree, *(f"{i // 100}/{i}" for i in range(2000)))
        mounts = [bind(f"{tree}/{i // 100}/{i}", MountKind.READ, target=f"/given/{i}") for i in range(2000)]
        result = shell("cat /given/* | wc -l", *mounts, tree=tree, user=user)
    assert result.stdout == b"2000\n"


def test_a_submount_of_a_place_that_is_read_only_is_read_only_too(user: str) -> None:
    with tree_of(user) as tree:
        make(tree, "a/b/")

        def inside() -> tuple[bytes, bytes]:
            result = shell(
                "ls a/b; touch a/b/x && echo wrote", bind(f"{tree}/a", MountKind.READ), tree=tree, user=""
            )
            return result.stdout, result.stderr

        found = _with_mounts(
            lambda: kernel.mount("tmpfs", f"{tree}/a/b", "tmpfs", 0, "mode=777"), user, inside
        )
    assert found == (b"", b"touch: cannot touch 'a/b/x': Read-only file system\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_place_that_is_not_there_starts_nothing_and_is_named(user: str) -> None:
    with tree_of(user) as tree:
        gone = str(tree / "gone")
        result = shell("echo started", bind(gone, MountKind.READ), tree=tree, user=user)
        failed = Failed(layer=Layer.ROOT, errno=errno.ENOENT, what=f"mount {gone}")
        assert (result.messages, result.stdout) == ([failed], b"")


def test_a_file_system_that_cannot_show_other_owners_starts_nothing_for_root(user: str) -> None:
    with tree_of() as tree:
        make(tree, "lower/file", "upper/", "work/", "tree/")
        os.chmod(tree, 0o755)

        def overlay() -> None:
            options = f"lowerdir={tree}/lower,upperdir={tree}/upper,workdir={tree}/work"
            kernel.mount("overlay", f"{tree}/tree", "overlay", 0, options)
            os.chmod(f"{tree}/tree", 0o777)

        def inside() -> list[object]:
            return list(run(["/usr/bin/true"], tree=tree / "tree").messages)

        messages = _with_mounts(overlay, user, inside)
    if user == "root":
        failed = Failed(layer=Layer.ROOT, errno=errno.EINVAL, what=f"map owners of {tree}/tree")
        assert messages == [failed]
    else:
        assert not any(isinstance(each, Failed) for each in messages)


def _with_mounts(mount: object, user: str, work: object) -> object:
    """What `work` returns, as that user, in a process with mounts of its own."""

    def apart() -> object:
        if os.geteuid() != 0:
            pytest.skip("needs root")
        kernel.unshare(0x00020000)
        kernel.mount(None, "/", None, 0x4000 | 0x40000)
        mount()
        return as_user(ORDINARY, work) if user == "ordinary" else work()

    return as_user(os.geteuid(), apart)

"""While the next box is made, a program in another one swaps folders for links: nothing leads elsewhere.

The swap is made where it hurts most: after the plan, before the mounts; and all the time while boxes start.
"""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import boxes
from leaving_out import python
from ringfence.sandbox.linux import kernel
from ringfence.sandbox.messages import Failed
from ringfence.sandbox.plan import MountKind

USERS = ["ordinary", "root"] if os.geteuid() == 0 else [""]


def links_are_followed() -> None:
    """As mount(2) and open(2) would, to whom most sandboxes hand paths."""
    kernel.open_path = lambda path, *, beneath=None: os.open(path, os.O_PATH | os.O_CLOEXEC, dir_fd=beneath)


def links_are_followed_when_they_stand_there() -> None:
    """For whoever swaps at the right moment, which a busy machine seldom gives."""

    def opened(path: str, *, beneath: int | None = None) -> int:
        until = time.monotonic() + 1
        while path.endswith("/a/deep") and not os.path.islink(path[: -len("/deep")]):
            if time.monotonic() > until:
                break
        return os.open(path, os.O_PATH | os.O_CLOEXEC, dir_fd=beneath)

    kernel.open_path = opened


def _run(
    tree: Path, user: str, *mounts: object, without: tuple[Callable[[], None], ...] = ()
) -> boxes.Result:
    base = boxes.plan_for(tree=tree, user=user).mounts
    script = f"print(sorted(os.listdir({str(tree / 'given')!r})))"
    return boxes.run(python(script), user=user, tree=tree, mounts=(*base, *mounts), without=without)


def _secret(tree: Path) -> Path:
    folder = tree.with_name(f"{tree.name}-secret")
    folder.mkdir(mode=0o755)
    (folder / "key").write_text("of others")
    return folder


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("where", ["given", "above"])
def test_a_source_that_became_a_link_is_not_mounted(user: str, where: str) -> None:
    with boxes.tree_of(user) as tree:
        secret = _secret(tree)
        try:
            source = tree / "given" if where == "given" else tree / "above/given"
            if where == "above":
                (tree / "given").mkdir()
            linked = source if where == "given" else source.parent
            linked.symlink_to(secret if where == "given" else secret.parent)
            if where == "above":
                source = tree / "above" / secret.name
            mount = boxes.bind(str(source), MountKind.READ, target=str(tree / "given"))
            held = _run(tree, user, mount)
            assert isinstance(held.messages[0], Failed), held
            assert (held.messages[0].errno, held.stdout) == (40, b"")  # ELOOP
            if where == "above":
                shown = _run(tree, user, mount, without=(links_are_followed,))
                assert shown.stdout == b"['key']\n"
        finally:
            shutil.rmtree(secret)


@pytest.mark.parametrize("user", USERS)
def test_a_target_that_became_a_link_covers_nothing_elsewhere(user: str) -> None:
    """What was to be hidden stays visible then: so the box does not start."""
    with boxes.tree_of(user) as tree:
        (tree / "given").mkdir()
        (tree / "swapped").symlink_to("/usr")
        for kind in (MountKind.EMPTY_FOLDER, MountKind.READ):
            mount = (
                boxes.made(f"{tree}/swapped/bin", kind)
                if kind is MountKind.EMPTY_FOLDER
                else boxes.bind(str(tree / "given"), kind, target=f"{tree}/swapped/bin")
            )
            held = _run(tree, user, mount)
            assert isinstance(held.messages[0], Failed), held
        followed = _run(tree, user, mount, without=(links_are_followed,))
        assert followed.exit == 0  # and what was to be covered is not


_SWAP = """
import ctypes
exchange, here = 2, -100
rename = 316 if os.uname().machine == "x86_64" else 276
os.makedirs("a/deep", exist_ok=True)
open("a/deep/.env", "w").write("mine")
os.path.lexists("b") or os.symlink({secret!r}, "b")
open("begun", "w").write("1\\n")
while not os.path.exists("end"):
    call(rename, here, ctypes.create_string_buffer(b"a"), here, ctypes.create_string_buffer(b"b"), exchange)
"""


def _shown(tree: Path, user: str, *without: Callable[[], None]) -> bytes:
    """What a box finds that is made just now, with a place that others swap."""
    mounts = (
        *boxes.plan_for(tree=tree, user=user).mounts,
        boxes.made(f"{tree}/a/deep/.env", MountKind.EMPTY_FILE),
        boxes.bind(f"{tree}/a/deep", MountKind.READ, target="/mnt"),
    )
    script = "print(open('/mnt/.env').read())"
    return boxes.run(python(script), user=user, tree=tree, mounts=mounts, without=without).stdout


@pytest.mark.parametrize("user", USERS)
def test_boxes_that_are_made_while_another_swaps_folders_show_nothing_of_others(user: str) -> None:
    with boxes.tree_of(user) as tree:
        secret = _secret(tree)
        try:
            (secret / "deep").mkdir()
            (secret / "deep/.env").write_text("of others")
            swapping = os.fork()
            if swapping == 0:
                try:
                    boxes.run(python(_SWAP.format(secret=str(secret))), user=user, tree=tree)
                finally:
                    os._exit(0)
            try:
                while not (tree / "begun").exists():
                    assert os.waitpid(swapping, os.WNOHANG) == (0, 0)
                shown = [_shown(tree, user) for _ in range(10)]
                assert not [each for each in shown if b"of others" in each], shown
                waited = links_are_followed_when_they_stand_there
                followed = (_shown(tree, user, waited) for _ in range(100))
                assert any(b"of others" in each for each in followed)
                assert (secret / "deep/.env").read_text() == "of others"
            finally:
                (tree / "end").write_text("")
                os.waitpid(swapping, 0)
        finally:
            shutil.rmtree(secret)

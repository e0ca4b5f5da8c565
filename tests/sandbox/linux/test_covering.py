"""What stands over files in a box that runs is put back from outside, as often as it is asked for."""

import errno
import os
from pathlib import Path

import pytest

from boxes import ORDINARY, as_user, command_for, launcher, made, plan_for, start, tree_of
from real.running import USERS, appears
from ringfence.sandbox.box import Streams
from ringfence.sandbox.messages import Ready, Running
from ringfence.sandbox.plan import Mount, MountKind

_SCRIPT = """
wait_for() { until [ -e $1 ]; do read -t 0.02 < /dev/zero; done; }
covers() { grep -c " $PWD/.env " /proc/self/mountinfo; }
echo > begun; wait_for replaced; { cat .env; covers; } > seen; echo > moved
wait_for covered; { cat .env; covers; } >> seen; rm -r folder; ln -s /etc folder; echo > linked
wait_for end
"""


def _driven(tree: Path, user: str) -> tuple[list[dict[str, int]], str]:
    """What stays bare each time that the covers are put back, and what the box says of it."""
    covers: tuple[Mount, ...] = (
        made(f"{tree}/.env", MountKind.EMPTY_FILE),
        made(f"{tree}/folder/passwd", MountKind.EMPTY_FILE),
    )
    argv = ["/usr/bin/bash", "-c", _SCRIPT]
    plan = plan_for(tree=tree, user=user)
    plan = plan_for(tree=tree, user=user, mounts=(*plan.mounts, *covers))
    command = command_for(argv, tree=tree)
    null = os.open(os.devnull, os.O_RDWR)
    streams = Streams(stdin=null, stdout=null, stderr=null)
    bare = []
    with launcher() as starts, start(starts, plan, command, streams) as box:
        for message in box.messages():
            if isinstance(message, Ready):
                box.go()
            if isinstance(message, Running):
                break
        appears(tree / "begun")
        (tree / ".env.new").write_text("secret\n")
        (tree / ".env.new").replace(tree / ".env")
        (tree / "replaced").touch()
        appears(tree / "moved")
        bare += [starts.cover(box, covers) for _ in range(5)]
        (tree / "covered").touch()
        appears(tree / "linked")
        bare.append(starts.cover(box, covers))
        (tree / "end").touch()
    os.close(null)
    return bare, (tree / "seen").read_text()


@pytest.mark.parametrize("user", USERS)
def test_a_cover_is_put_back_once_and_no_link_is_followed(user: str) -> None:
    with tree_of(user) as tree:

        def drive() -> object:
            (tree / "folder").mkdir()
            (tree / ".env").write_text("secret\n")
            return _driven(tree, user)

        bare, seen = as_user(ORDINARY, drive) if user == "ordinary" and os.geteuid() == 0 else drive()  # type: ignore[misc]
        assert seen == "secret\n0\n1\n"
        assert bare[:5] == [{}] * 5
        assert bare[5] == {f"{tree}/folder/passwd": errno.ELOOP}

"""Two boxes in one working tree: the end of one takes away the empty folders that held names in the other."""

import shutil

import pytest

from real.running import PATIENCE_S, USERS, Place, appears, place
from ringfence.sandbox.tree import judging

_NAMES = (".claude/settings.json", ".git/hooks/post-checkout")
_PLANTED = """
    echo > second; while test ! -e go; do sleep 0.05; done
    mkdir -p .claude .git/hooks
    echo planted > .claude/settings.json
    echo planted > .git/hooks/post-checkout
    true
"""


def _defenceless() -> None:
    judging._filled = lambda record, path: False


def _plant(here: Place) -> list[str]:
    """What stays of what the second box plants once the first is gone."""
    shutil.rmtree(here.tree / ".git/hooks")
    waits = "echo > first; while test ! -e over; do sleep 0.05; done"
    first = here.start("run", "--", "sh", "-c", waits)
    appears(here.tree / "first")
    second = here.start("run", "--", "sh", "-c", _PLANTED)
    appears(here.tree / "second")
    here.write("over", "")
    first.communicate(timeout=PATIENCE_S)
    here.write("go", "")
    second.communicate(timeout=PATIENCE_S)
    assert (first.returncode, second.returncode) == (0, 0)
    return [each for each in _NAMES if (here.tree / each).exists()]


@pytest.mark.parametrize("user", USERS)
def test_what_is_planted_where_another_box_s_folder_stood_does_not_stay(user: str) -> None:
    with place(user, repository=True) as here:
        assert _plant(here) == []
        assert here.names() == [".git", "file.txt", "first", "go", "over", "second"]


@pytest.mark.parametrize("is_defended", [True, False])
def test_a_folder_that_is_taken_away_outside_meanwhile_opens_nothing(is_defended: bool) -> None:
    with place(repository=True) as here:
        shutil.rmtree(here.tree / ".git/hooks")
        process = here.start("run", "--", "sh", "-c", _PLANTED, before=() if is_defended else (_defenceless,))
        appears(here.tree / "second")
        for each in (".claude", ".git/hooks"):
            (here.tree / each).rmdir()
        here.write("go", "")
        _, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, b"taken out" in err) == (0, is_defended), err
        left = [each for each in _NAMES if (here.tree / each).exists()]
        assert left == ([] if is_defended else list(_NAMES))

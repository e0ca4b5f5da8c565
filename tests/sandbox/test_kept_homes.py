"""Homes that are kept: one for each agent and tree, one session's at a time, gone when they are forgotten."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.gate.state import StateRefused
from ringfence.sandbox.kept_homes import KeptHome, KeptHomes, home_name, tree_id

_HOME = KeptHome(
    name=home_name("claude", "/home/ann/tree", "7-8", 1000),
    agent="claude",
    tree="/home/ann/tree",
    session="0197f2a0-0000-7000-8000-00000000aaaa",
    used_at="2026-11-23T12:00:00+00:00",
    tree_id="7-8",
)


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[KeptHomes]:
    state = tmp_path / "state/ringfence"
    state.mkdir(parents=True, mode=0o700)
    return KeptHomes(folder=state / "homes")


def _taken(homes: KeptHomes, home: KeptHome = _HOME) -> Path:
    with homes.held(home) as folder:
        assert folder is not None
        homes.take(home)
        return folder


def test_a_name_tells_the_agent_and_is_another_for_another_agent_tree_folder_or_owner() -> None:
    names = [
        home_name(*each)
        for each in (
            ("claude", "/t", "1-1", 1),
            ("codex", "/t", "1-1", 1),
            ("claude", "/u", "1-1", 1),
            ("claude", "/t", "1-2", 1),
            ("claude", "/t", "1-1", 2),
        )
    ]
    assert len(set(names)) == 5
    assert home_name("claude", "/t", "1-1", 1) == names[0]
    assert [each.rpartition("-")[0] for each in names] == ["claude", "codex", *["claude"] * 3]


def test_a_folder_is_the_same_while_it_is_there_and_when_it_is_moved(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    before = tree_id(str(tree))
    assert before
    (tree / "file").write_text("more")
    os.utime(tree, (0, 0))
    moved = tree.rename(tmp_path / "moved")
    assert tree_id(str(moved)) == before
    assert tree_id(str(tree)) == ""
    for _ in range(100_000):  # numbers are used again, and clocks tick a few hundred times each second
        tree.mkdir()
        if (another := tree_id(str(tree))) != before:
            break
        tree.rmdir()
    assert another != before


def test_what_is_left_behind_is_another_folder_s_at_this_path_or_this_one_s_at_another(
    homes: KeptHomes,
) -> None:
    assert homes.left_behind(_HOME) is None
    others = (
        {"name": "unlike", "tree": "/home/ann/other", "tree_id": "1-1"},
        {"name": "agent", "agent": "codex", "tree_id": "1-1"},
        {"name": "owner"},  # of the same folder at the same path, as another user's
        {"name": "before", "tree_id": "1-1", "used_at": "2026-11-20T12:00:00+00:00"},
        {"name": "later", "tree_id": "2-2", "used_at": "2026-11-21T12:00:00+00:00"},
        {"name": "moved", "tree": "/home/ann/old", "used_at": "2026-11-22T12:00:00+00:00"},
    )
    found = []
    for each in others:
        _taken(homes, replace(_HOME, **each))
        left = homes.left_behind(_HOME)
        found.append(None if left is None else left.name)
    assert found == [None, None, None, "before", "later", "moved"]


def test_nobody_who_does_not_know_the_folder_takes_another_that_is_unknown_for_it(homes: KeptHomes) -> None:
    unknown = replace(_HOME, name="unknown", tree="/home/ann/other", tree_id="")
    _taken(homes, unknown)
    assert homes.left_behind(replace(_HOME, tree_id="")) is None


@pytest.mark.parametrize("agent", ["../../x", "a/b", ".", "", "\n\x1b[2J", "x" * 5000, "\udcff"])
def test_a_name_is_one_of_a_folder_whatever_the_agent_is_called(agent: str) -> None:
    name = home_name(agent, "/t", "1-1", 0)
    assert (name.isascii(), name.isprintable(), "/" in name, name[0] == ".") == (True, True, False, False)
    assert len(name) < 64


def test_it_is_made_once_and_then_there_with_all_that_is_in_it(homes: KeptHomes) -> None:
    with homes.held(_HOME) as folder:
        assert folder == homes.folder / _HOME.name / "home"
        assert homes.take(_HOME)
        (folder / "state").write_text("kept")
    later = replace(_HOME, session="0197f2a0-0000-7000-8000-00000000bbbb")
    with homes.held(later) as folder:
        assert folder is not None
        assert not homes.take(later)
        assert (folder / "state").read_text() == "kept"
    assert homes.all() == (later,)


def test_it_is_one_session_s_at_a_time(homes: KeptHomes) -> None:
    with homes.held(_HOME) as first, homes.held(_HOME) as second:
        assert (first is None, second) == (False, None)
    with homes.held(_HOME) as third:
        assert third is not None


def test_the_dead_hold_nothing(homes: KeptHomes) -> None:
    pid = os.fork()
    if not pid:
        with homes.held(_HOME):
            os._exit(0)
    os.waitpid(pid, 0)
    with homes.held(_HOME) as folder:
        assert folder is not None


def test_who_waited_while_it_was_forgotten_has_a_new_one(
    homes: KeptHomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_taken(homes) / "state").write_text("old")
    real = os.open
    forgotten: list[int] = []

    def forgotten_meanwhile(path: str, *how: int, **more: int) -> int:
        fd = real(path, *how, **more)
        if str(path).endswith("/lock") and not forgotten:
            forgotten.append(homes.forget(_HOME))
        return fd

    monkeypatch.setattr(os, "open", forgotten_meanwhile)
    with homes.held(_HOME) as folder:
        assert folder is not None
        assert homes.take(_HOME)
        assert list(folder.iterdir()) == []


def test_what_is_forgotten_is_gone_with_its_bytes(homes: KeptHomes) -> None:
    (_taken(homes) / "large").write_bytes(b"x" * 100_000)
    assert homes.forget(_HOME) >= 100_000
    assert (homes.all(), list(homes.folder.iterdir())) == ((), [])


def test_a_broken_off_forgetting_is_finished(homes: KeptHomes) -> None:
    _taken(homes)
    (homes.folder / _HOME.name).rename(homes.folder / f"{_HOME.name}.gone")
    assert homes.all() == ()
    homes.finish_forgetting()
    assert list(homes.folder.iterdir()) == []


@pytest.mark.parametrize("note", [b"", b"{", b"[1]", b"{}", b'{"name": 1}'])
def test_what_is_no_home_of_ours_is_passed_over(homes: KeptHomes, note: bytes) -> None:
    _taken(homes)
    path = homes.folder / _HOME.name / "home.json"
    path.write_bytes(note)
    (homes.folder / "something").mkdir(mode=0o700)
    assert homes.all() == ()


def test_one_under_another_s_name_is_passed_over(homes: KeptHomes) -> None:
    _taken(homes)
    shutil.copytree(homes.folder / _HOME.name, homes.folder / "other")
    assert homes.all() == (_HOME,)


@pytest.mark.parametrize("at", ["", "lock"])
def test_a_link_in_its_place_is_refused_and_nothing_is_made_where_it_leads(
    homes: KeptHomes, tmp_path: Path, at: str
) -> None:
    _taken(homes)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    place = homes.folder / _HOME.name / at
    if at:
        place.unlink()
        place.symlink_to(elsewhere / "made")
    else:
        shutil.rmtree(place)
        place.symlink_to(elsewhere)
    with pytest.raises(StateRefused), homes.held(_HOME):
        pass
    assert list(elsewhere.iterdir()) == []


def test_one_that_others_can_get_at_is_refused(homes: KeptHomes) -> None:
    _taken(homes)
    (homes.folder / _HOME.name).chmod(0o755)
    with pytest.raises(StateRefused), homes.held(_HOME):
        pass

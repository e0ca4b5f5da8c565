"""Places as the tables write them, and the paths they stand for."""

import os
from pathlib import Path

import pytest

from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.places import below, places, shown, status


@pytest.mark.parametrize(
    ("system", "place", "path"),
    [
        (System.LINUX, "~/.codex/auth.json", ".codex/auth.json"),
        (System.LINUX, "config:Code/User", ".config/Code/User"),
        (System.MACOS, "config:Code/User", "Library/Application Support/Code/User"),
        (System.WINDOWS, "config:Code/User", "AppData/Roaming/Code/User"),
        (System.MACOS, "data:crush", "Library/Application Support/crush"),
        (System.MACOS, "xdg-config:zed/settings.json", ".config/zed/settings.json"),
        (System.LINUX, "xdg-data:opencode", ".local/share/opencode"),
        (System.LINUX, "cache:x", ".cache/x"),
    ],
)
def test_a_place_follows_the_homes_system(system: System, place: str, path: str) -> None:
    home = Home(path=Path("/homes/eve"), system=system)
    assert list(places(home, place)) == [home.path / path]


def test_a_place_follows_the_environment_of_the_running_user(tmp_path: Path) -> None:
    home = Home(
        path=tmp_path,
        system=System.LINUX,
        environment={"CODEX_HOME": "/elsewhere", "XDG_CONFIG_HOME": "~/settings", "TOKEN_PATH": "/t"},
    )
    assert [*places(home, "$CODEX_HOME"), *places(home, "$CODEX_HOME/a"), *places(home, "$TOKEN_PATH")] == [
        Path("/elsewhere"),
        Path("/elsewhere/a"),
        Path("/t"),
    ]
    assert list(places(home, "xdg-config:zed")) == [tmp_path / "settings/zed"]
    assert list(places(home, "$UNSET/a")) == []


def test_a_star_stands_for_sorted_names_that_do_not_begin_with_a_dot(tmp_path: Path) -> None:
    for name in ("b", "a", ".hidden"):
        (tmp_path / "x" / name).mkdir(parents=True)
    assert list(below(tmp_path, "x/*/y")) == [tmp_path / "x/a/y", tmp_path / "x/b/y"]
    assert list(below(tmp_path, "none/*")) == []


def test_a_link_to_itself_ends_with_the_pattern(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(".")
    assert list(below(tmp_path, "*/*/*")) == [tmp_path / "loop/loop/loop"]


def test_more_names_than_the_limit_are_said(tmp_path: Path) -> None:
    for number in range(10_001):
        (tmp_path / str(number)).touch()
    found = list(below(tmp_path, "*"))
    assert [each for each in found if isinstance(each, Skipped)] == [
        Skipped(kind="folder", subject=str(tmp_path), reason="only the first 10000 names were looked at")
    ]
    assert len(found) == 10_001


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_folder_is_skipped_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    closed = tmp_path / "closed"
    assert list(below(closed, "*")) == [
        Skipped(kind="folder", subject=str(closed), reason="permission denied")
    ]
    assert status(closed / "a") == Skipped(kind="file", subject=str(closed / "a"), reason="permission denied")


def test_a_path_is_shown_short_and_harmless() -> None:
    home = Home(path=Path("/homes/eve"), system=System.LINUX)
    assert shown(Path("/homes/eve/.codex/a\x1b[31m"), home) == "~/.codex/a\\x1b[31m"
    assert shown(Path("/other/a"), home) == "/other/a"
    assert shown(Path("/other/a"), None) == "/other/a"

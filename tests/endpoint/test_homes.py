import os
import pwd
from pathlib import Path

import pytest

from ringfence.core.inventory import Skipped
from ringfence.endpoint.home import Home, System
from ringfence.endpoint.homes import all_homes, home_at, own_home


def account(name: str, user_id: int, folder: Path) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", user_id, user_id, "", str(folder), "/bin/sh"))


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> list[pwd.struct_passwd]:
    """The machine's accounts, for a test to fill: the real ones cannot be changed."""
    listed: list[pwd.struct_passwd] = []
    monkeypatch.setattr(pwd, "getpwall", lambda: listed)
    return listed


def test_the_own_home_comes_with_the_environment() -> None:
    environment = {"HOME": "/home/ann", "OLLAMA_MODELS": "/data"}
    assert own_home(environment) == Home(path=Path("/home/ann"), system=System.LINUX, environment=environment)


def test_without_home_in_the_environment_the_own_home_is_the_accounts() -> None:
    assert own_home({"LANG": "C"}).path == Path(pwd.getpwuid(os.getuid()).pw_dir)


@pytest.mark.parametrize(
    ("folder", "system"),
    [
        ("Library/Application Support", System.MACOS),
        ("AppData/Local", System.WINDOWS),
        ("Library", System.LINUX),
        (".config", System.LINUX),
    ],
)
def test_a_homes_folders_tell_which_system_made_it(tmp_path: Path, folder: str, system: System) -> None:
    (tmp_path / folder).mkdir(parents=True)
    assert home_at(tmp_path) == Home(path=tmp_path, system=system, elsewhere=True)


def test_a_folder_that_is_not_there_is_a_home_without_anything(tmp_path: Path) -> None:
    assert home_at(tmp_path / "gone") == Home(path=tmp_path / "gone", system=System.LINUX, elsewhere=True)


def test_the_home_of_this_machines_account_is_not_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pwd, "getpwuid", lambda user_id: account("me", user_id, tmp_path))
    assert home_at(tmp_path) == Home(path=tmp_path, system=System.LINUX)
    (tmp_path / "AppData").mkdir()
    assert home_at(tmp_path) == Home(path=tmp_path, system=System.LINUX)


@pytest.mark.parametrize("home", ["", "here", "./here"])
def test_a_home_that_is_no_absolute_path_is_the_accounts(home: str) -> None:
    assert own_home({"HOME": home}).path == Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_all_homes_are_each_accounts_own_folder_once(
    tmp_path: Path, accounts: list[pwd.struct_passwd]
) -> None:
    me = os.getuid()
    (tmp_path / "me").mkdir()
    (tmp_path / "link").symlink_to("me")
    accounts += [
        account("me", me, tmp_path / "me"),
        account("again", me, tmp_path / "link"),
        account("gone", me, tmp_path / "gone"),
        account("service", 13, tmp_path / "me"),
    ]
    assert list(all_homes()) == [Home(path=tmp_path / "me", system=System.LINUX)]


def test_a_persons_home_that_belongs_to_somebody_else_is_skipped_and_a_services_is_nobodys(
    tmp_path: Path, accounts: list[pwd.struct_passwd]
) -> None:
    accounts += [
        account("bin", 2, tmp_path),
        account("eve", 4242, tmp_path),
        account("mallory", 4243, Path("/")),
    ]
    assert list(all_homes()) == [
        Skipped(kind="home", subject=str(tmp_path), reason="not a folder of the user whose home it is"),
        Skipped(kind="home", subject="/", reason="not a folder of the user whose home it is"),
    ]


def test_every_real_home_of_this_machine_belongs_to_one_of_its_accounts() -> None:
    users = {account.pw_uid for account in pwd.getpwall()}
    for each in all_homes():
        assert isinstance(each, Skipped) or each.path.stat().st_uid in users

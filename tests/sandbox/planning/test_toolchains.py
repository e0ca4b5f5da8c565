"""Toolchains of a home: given where they are, and nothing that signs their user in. On real files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from made_hosts import NOW, a_policy
from ringfence.sandbox.planning.home import toolchain_mounts
from ringfence.sandbox.planning.host import Account, Host
from ringfence.sandbox.planning.looking import HostFiles
from ringfence.sandbox.planning.making import make_plan
from ringfence.sandbox.planning.never import CREDENTIALS
from ringfence.sandbox.planning.toolchains import TOOLCHAINS, toolchains
from ringfence.sandbox.planning.view import View
from ringfence.sandbox.planning.wanted import Wanted
from ringfence.sandbox.planning.working_tree import working_tree

PROGRAMS = (
    *(".pyenv/versions/3.12.1/bin/python", ".nvm/versions/node/v22/bin/node", ".cargo/bin/cargo"),
    *(".rustup/toolchains/stable/bin/rustc", ".local/bin/uv", ".local/share/uv/python/x/bin/python"),
    *("go/bin/gopls", ".sdkman/candidates/java/21/bin/java", "miniconda3/bin/conda", ".bun/bin/bun"),
)
SECRETS = (
    *(".cargo/config.toml", ".nvm/versions/node/v22/etc/npmrc", "miniconda3/.condarc", ".sdkman/etc/config"),
    *(".npm-global/etc/npmrc", ".m2/settings.xml", ".bunfig.toml", ".gitconfig", ".config/uv/uv.toml"),
    *("Documents/letter.txt", ".mozilla/firefox/x/logins.json", ".config/gh/hosts.yml", ".aws/credentials"),
    *(".docker/config.json", ".ssh/id_ed25519", ".gnupg/private-keys-v1.d/x.key", ".kube/config"),
    *CREDENTIALS,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in (*PROGRAMS, *SECRETS):
        path = tmp_path / "ann" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("secret")
            path.chmod(0o755)
    (tmp_path / "tree").mkdir()
    (tmp_path / "session" / "home").mkdir(parents=True)
    return tmp_path / "ann"


def files_below(folder: Path) -> Iterator[Path]:
    return (each for each in folder.rglob("*") if each.is_file())


def test_programs_are_shown_and_no_secret_of_the_home_is(home: Path) -> None:
    owner = Account(uid=1000, gid=1000, name="ann")
    host = Host(
        files=HostFiles(),
        user=owner,
        account=lambda _uid: owner,
        home=str(home),
        state=(str(home.parent / "session"),),
    )
    tree = home.parent / "tree"
    wanted = Wanted(
        session="s",
        agent="claude",
        argv=("cargo",),
        folder=str(tree),
        environment={"PATH": f"{home}/.cargo/bin:/usr/bin"},
        session_folder=str(home.parent / "session"),
        tree=working_tree(str(tree), host),
    )
    made = make_plan(wanted, policy=a_policy(), host=host, now=NOW)
    view = View(made.plan.mounts, host.files)
    shown = {
        str(each.relative_to(home))
        for each in files_below(home)
        if (seen := view.seen(str(each))) is not None and seen.source == str(each)
    }
    assert shown == set(PROGRAMS)
    assert made.command.program == f"{home}/.cargo/bin/cargo"


def test_no_row_of_the_table_is_around_a_credential_that_is_not_masked() -> None:
    around = {
        row: name
        for row in TOOLCHAINS
        for name in CREDENTIALS
        if name == row or name.startswith(f"{row}/") or row.startswith(f"{name}/")
    }
    assert around == {}


def test_what_is_not_there_is_not_given(tmp_path: Path) -> None:
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".pyenv").mkdir()
    assert toolchains(str(tmp_path), HostFiles()) == (f"{tmp_path}/.pyenv",)


def test_a_toolchain_that_is_a_link_into_what_is_never_given_is_left_out(home: Path) -> None:
    (home / ".volta").symlink_to(home)
    (home / ".asdf").symlink_to("/proc")
    (home / "n").symlink_to(home / ".ssh")
    (home / ".jenv").symlink_to(home.parent / "tree")
    owner = Account(uid=1000, gid=1000, name="ann")
    host = Host(files=HostFiles(), user=owner, account=lambda _uid: None, home=str(home), state=())
    sources = {mount.source for mount, _ in toolchain_mounts(host)}
    assert str(home.parent / "tree") in sources
    assert sources.isdisjoint({str(home), "/proc", str(home / ".ssh")})

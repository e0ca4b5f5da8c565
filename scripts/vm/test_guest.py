"""What only another kernel and another machine show: within a guest, as root. See scripts/vm/boot.

`someone` is an ordinary user, whose manager (systemd) has control groups of its own.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

Done = subprocess.CompletedProcess[str]

_SOMEONE = 1000
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "XDG_RUNTIME_DIR": "/run/user/1000",
}
_SCOPE = ("systemd-run", "--user", "--scope", "--quiet", "--collect")
_MEMORY = "version: 1\nagents: {profiles: {python3: {sandbox: {memory: 200 MiB}}}}\n"
_PROCESSES = "version: 1\nagents: {profiles: {sh: {sandbox: {processes: 20}}}}\n"
_FILLS = ("python3", "-c", "bytearray(b'x') * 400_000_000")
_FORKS = "i=0; while [ $i -lt 40 ]; do sleep 9 & i=$((i+1)); done; kill $(jobs -p); true"

has_landlock = "landlock" in Path("/sys/kernel/security/lsm").read_text().split(",")
needs_landlock = pytest.mark.skipif(not has_landlock, reason="booted without Landlock")


class Home:
    """A new home of root's or of someone's, and a folder to work in."""

    def __init__(self, user: str, folder: Path) -> None:
        self.user, self.home, self.tree = user, folder / "home", folder / "tree"
        for each in (self.home, self.tree):
            each.mkdir(parents=True)
        self.own(folder)

    def own(self, folder: Path) -> None:
        """All in the folder is the user's from now on."""
        if self.user == "someone":
            subprocess.run(["chown", "-R", "someone:", folder], check=True)

    def ringfence(self, *arguments: str, scope: bool = True, tree: Path | None = None) -> Done:
        """What came of it; `scope`: as someone's desktop would start it, in a control group of someone's."""
        ordinary = self.user == "someone"
        return subprocess.run(
            [*(_SCOPE if ordinary and scope else ()), "ringfence", *arguments],
            cwd=tree or self.tree,
            env={**_ENVIRONMENT, "HOME": str(self.home)},
            user=_SOMEONE if ordinary else None,
            group=_SOMEONE if ordinary else None,
            extra_groups=() if ordinary else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self) -> list[str]:
        """What the only session was refused."""
        sessions = json.loads(self.ringfence("run", "--json", "--report").stdout)["sessions"]
        done = self.ringfence("run", "--json", "--report", sessions[-1]["name"])
        return [each["what"] for each in json.loads(done.stdout)["sessions"][0]["refused"]]

    def policy(self, text: str) -> None:
        """Of the user."""
        folder = self.home / ".config/ringfence"
        folder.mkdir(parents=True)
        (folder / "ringfence.yaml").write_text(text)
        self.own(self.home)


@pytest.fixture(params=["root", "someone"])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    folder = Path("/srv/homes", request.param)
    yield Home(request.param, folder)
    shutil.rmtree(folder)


@contextmanager
def _mounted(*arguments: str) -> Iterator[Path]:
    place = Path("/srv/mounted")
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", *arguments, place], check=True)
    try:
        tree = place / "tree"
        tree.mkdir()
        yield tree
    finally:
        shutil.rmtree(place / "tree")
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def _setting(name: str, value: str) -> Iterator[None]:
    file = Path("/proc/sys", name)
    before = file.read_text()
    file.write_text(value)
    try:
        yield
    finally:
        file.write_text(before)


@needs_landlock
def test_a_box_starts_in_a_group_of_version_2_and_sees_nothing_of_it(home: Home) -> None:
    done = home.ringfence("run", "--", "sh", "-c", "cat /proc/self/cgroup; id -u")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0::/\n1000\n", ""), done


@needs_landlock
def test_what_takes_too_much_memory_is_ended_and_told(home: Home) -> None:
    home.policy(_MEMORY)
    done = home.ringfence("run", "--", *_FILLS)
    assert done.returncode == 128 + 9, done
    assert home.refused() == ["memory of 209715200 bytes: processes ended"]


@needs_landlock
def test_what_starts_too_many_processes_is_refused_and_told(home: Home) -> None:
    home.policy(_PROCESSES)
    done = home.ringfence("run", "--", "sh", "-c", _FORKS)
    assert done.returncode in (0, 2), done  # as the shell takes it
    assert home.refused() == ["20 processes"]


@needs_landlock
@pytest.mark.parametrize("home", ["someone"], indirect=True)
def test_without_a_group_of_one_s_own_each_process_is_held(home: Home) -> None:
    home.policy(_MEMORY)
    done = home.ringfence("run", "--", *_FILLS, scope=False)
    assert done.returncode == 1, done
    assert "memory is bounded for each process alone" in done.stderr, done
    assert "MemoryError" in done.stderr, done


def _works_in(tree: Path, home: Home) -> None:
    """A box in a repository there: what it may do works, and what is protected is."""
    subprocess.run(["git", "init", "--quiet", "."], cwd=tree, check=True)
    (tree / ".env").write_text("PASSWORD=hunter22222\n")
    home.own(tree)
    script = (
        "set -e; mkdir a b; echo text >a/one; mv a/one b/two; ln b/two b/three; cat b/three; wc -c <.env; "
        "git status --short; echo evil 2>/dev/null >.git/hooks/pre-commit && echo written; "
        "git config user.name b && git config alias.x '!evil'; true"
    )
    done = home.ringfence("run", "--", "sh", "-c", script, tree=tree)
    assert done.returncode == 0, done
    assert done.stdout.split() == ["text", "0", "??", ".env", "??", "b/"], done
    assert not (tree / ".git/hooks/pre-commit").exists()
    assert "evil" not in (tree / ".git/config").read_text()
    assert sorted(each.name for each in tree.iterdir()) == [".env", ".git", "a", "b"]
    assert {each.stat().st_uid for each in tree.rglob("*")} == {tree.stat().st_uid}


@needs_landlock
@pytest.mark.parametrize("home", ["someone"], indirect=True)
def test_a_tree_on_nfs_is_as_any_other(home: Home) -> None:
    with _nfs(home) as tree:
        _works_in(tree, home)


@needs_landlock
@pytest.mark.parametrize("home", ["someone"], indirect=True)
def test_a_tree_on_overlayfs_is_as_any_other(home: Home) -> None:
    with _overlay(home) as tree:
        _works_in(tree, home)


@needs_landlock
@pytest.mark.parametrize("home", ["root"], indirect=True)
@pytest.mark.parametrize("filesystem", ["nfs", "overlay"])
def test_root_is_told_where_its_files_cannot_be_shown_as_another_s(home: Home, filesystem: str) -> None:
    with (_nfs if filesystem == "nfs" else _overlay)(home) as tree:
        done = home.ringfence("run", "--", "touch", "ran", tree=tree)
    assert done.returncode == 125, done
    assert "where it cannot be shown to a command that is not root" in done.stderr, done
    assert "hint: run it as the user whose files these are" in done.stderr, done


@contextmanager
def _nfs(home: Home) -> Iterator[Path]:
    served = Path("/srv/served")
    served.mkdir(exist_ok=True)
    Path("/etc/exports").write_text(f"{served} 127.0.0.1(rw,no_root_squash,no_subtree_check,fsid=0)\n")
    subprocess.run(["systemctl", "restart", "nfs-kernel-server"], check=True)
    with _mounted("-t", "nfs4", "127.0.0.1:/") as tree:
        home.own(tree)
        yield tree


@contextmanager
def _overlay(home: Home) -> Iterator[Path]:
    for name in ("lower", "upper", "work"):
        Path("/srv/layers", name).mkdir(parents=True, exist_ok=True)
    options = "lowerdir=/srv/layers/lower,upperdir=/srv/layers/upper,workdir=/srv/layers/work"
    with _mounted("-t", "overlay", "overlay", "-o", options) as tree:
        home.own(tree)
        yield tree


@needs_landlock
@pytest.mark.parametrize("home", ["someone"], indirect=True)
@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
    ],
)
def test_where_user_namespaces_are_switched_off_it_is_said_how_to_switch_them_on(
    home: Home, name: str, value: str, hint: str
) -> None:
    with _setting(name, value):
        done = home.ringfence("run", "--", "true")
    assert done.returncode == 125, done
    assert hint in done.stderr, done


@pytest.mark.skipif(has_landlock, reason="booted with Landlock")
def test_a_kernel_that_was_booted_without_landlock_starts_only_what_may_be_degraded(home: Home) -> None:
    refused = home.ringfence("run", "--", "true")
    assert refused.returncode == 125, refused
    assert "add landlock to the boot parameter lsm=; --allow-degraded goes without" in refused.stderr, refused
    done = home.ringfence("run", "--allow-degraded", "--", "true")
    assert (done.returncode, "this box is without Landlock" in done.stderr) == (0, True), done


def test_the_doctor_says_what_is_here(home: Home) -> None:
    done = home.ringfence("doctor", "--json")
    offered = {each["name"]: each["available"] for each in json.loads(done.stdout)["capabilities"]}
    assert offered["landlock"] is has_landlock
    assert (offered["user-namespaces"], offered["seccomp"], offered["cgroups"]) == (True, True, True), done
    assert os.uname().machine in done.stdout

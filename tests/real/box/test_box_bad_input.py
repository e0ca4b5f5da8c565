"""Policies, trees, homes and names that are not as one would like: an answer, and nothing half done."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from real.running import USERS, place
from ringfence.sandbox.linux import kernel

_MS_BIND, _MS_PRIVATE, _MS_REC, _MS_RDONLY, _MS_REMOUNT = 4096, 1 << 18, 16384, 1, 32


def _agents(files: str) -> str:
    return f"version: 1\nagents:\n  profiles:\n    sh: {{files: {files}}}\n"


def test_a_policy_that_gives_everything_is_refused() -> None:
    with place() as here:
        for given in ('"/**"', f'"{here.home}/**"', '"/proc/**"', f'"{here.home}/.ssh/**"'):
            here.own(here.home / ".ssh", make=True)
            here.policy(_agents(f'{{read: ["**", {given}]}}'))
            done = here.sh("true")
            assert (done.exit, done.out, "ringfence: hint: " in done.err) == (125, "", True), (given, done)
            assert here.names() == []


def test_what_is_given_and_not_there_or_not_readable_is_left_out() -> None:
    with place(USERS[-1]) as here:
        closed = here.home / "closed"
        closed.mkdir(mode=0o700)
        (closed / "file").write_text("of root\n")
        here.policy(_agents(f'{{read: ["**", /no/such/place/**, "{closed}/**", /]}}'))
        done = here.sh(f"ls /no {closed}; echo ran")
        assert (done.exit, done.out) == (0, "ran\n"), done
        explained = here.document("run", "--explain", "--", "sh")
        assert {each["path"] for each in explained["not_given"]} >= {"/no/such/place/**", "/"}, explained[
            "not_given"
        ]


def test_a_policy_that_is_wrong_starts_nothing() -> None:
    with place() as here:
        here.policy("version: 1\nagents: {profiles: {sh: {sandbox: {memory: lots}}}}\n")
        done = here.sh("touch ran")
        assert (done.exit, done.out, here.names()) == (125, "", []), done
        assert "ringfence.yaml:2" in done.err
        assert "hint: " in done.err


def test_two_thousand_grants_are_given() -> None:
    with place() as here:
        shared = here.own(here.home / "shared", make=True)
        for n in range(2000):
            (shared / f"{n}.txt").write_text(f"{n}\n")
        grants = ", ".join(f'"{shared}/{n}.txt"' for n in range(0, 2000, 1))
        here.policy(_agents(f'{{read: ["**", {grants}], write: ["**"]}}'))
        done = here.sh(f"cat {shared}/*.txt | wc -l; cat {shared}/1999.txt")
        assert (done.exit, done.out.split(), done.err) == (0, ["2000", "1999"], "")


def test_names_may_hold_any_bytes() -> None:
    odd = b"line\nbreak \xff \x1b[31m 'quote'"
    with place() as here:
        folder = os.path.join(os.fsencode(here.tree), odd)
        os.mkdir(folder)
        Path(os.fsdecode(folder), ".env").write_text("PASSWORD=hunter2hunter2hunter2\n")
        done = here.run("sh", "-c", 'echo made > "$1"/made; cat "$1"/.env; pwd', "sh", odd)
        assert (done.exit, done.out) == (0, f"{here.tree}\n"), done
        assert (Path(os.fsdecode(folder)) / "made").read_text() == "made\n"
        within = here.sh("cat made; touch .envrc", folder=Path(os.fsdecode(folder)))
        assert (within.exit, within.out) == (0, "made\n"), within
        assert ("\x1b" in within.err, "taken out" in within.err) == (False, True), within.err
        assert here.ringfence("run", "--report", here.session()).exit == 0
        assert here.report()["masked"], "the secret was named"


def test_arguments_may_hold_any_bytes() -> None:
    with place() as here:
        done = here.run("printf", "%s|", b"\xff\xfe", "", "a\nb", "--report", "-x")
        assert done.out == "\ufffd\ufffd||a\nb|--report|-x|"


@pytest.mark.parametrize("folder", ["/", "/etc", "/tmp", "/proc/self", "/usr/bin", "home"])
def test_a_folder_that_is_no_project_is_refused(folder: str) -> None:
    with place() as here:
        done = here.run("touch", "ran", folder=here.home if folder == "home" else Path(folder))
        assert (done.exit, done.out, "ringfence: hint: " in done.err) == (125, "", True), done
        assert here.ringfence("run", "--report").out.startswith("no session yet")


def test_a_folder_that_is_gone_is_told() -> None:
    def gone() -> None:
        os.mkdir("gone")
        os.chdir("gone")
        os.rmdir(os.getcwd())

    with place() as here:
        done = here.run("true", before=(gone,))
        assert (done.exit, "ringfence: hint: " in done.err) == (125, True), done


@pytest.mark.parametrize("user", USERS)
def test_a_home_that_is_a_link_is_followed(user: str) -> None:
    with place(user) as here:
        link = here.home.with_name("link")
        link.symlink_to(here.home)
        done = here.sh("echo x > ~/note; cd ~; pwd; cat note", environment={"HOME": str(link)})
        assert (done.exit, done.out, done.err) == (0, f"{link}\nx\n", ""), done
        assert not (here.home / "note").exists()


def test_a_tree_that_is_reached_through_a_link_is_named_so() -> None:
    with place() as here:
        link = here.tree.with_name("link")
        link.symlink_to(here.tree)
        done = here.sh("pwd; echo x > note", folder=link, environment={"PWD": str(link)})
        assert (done.exit, done.err, (here.tree / "note").exists()) == (0, "", True), done


def _mounting(*mounts: Callable[[], None]) -> Callable[[], None]:
    """In a mount namespace of its own, which ends with ringfence; as root."""

    def enter() -> None:
        kernel.unshare(0x00020000)
        kernel.mount("none", "/", None, _MS_PRIVATE | _MS_REC)
        for each in mounts:
            each()

    return enter


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts for others")
def test_a_home_that_cannot_be_written_is_told() -> None:
    with place() as here:

        def closed() -> None:
            kernel.mount(str(here.home), str(here.home), None, _MS_BIND)
            kernel.mount("none", str(here.home), None, _MS_BIND | _MS_REMOUNT | _MS_RDONLY)

        done = here.run("touch", "ran", before=(_mounting(closed),))
        assert (done.exit, done.out, "ringfence: hint: " in done.err) == (125, "", True), done
        assert "XDG_STATE_HOME" in done.err
        assert here.names() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts for others")
def test_a_tree_on_an_overlay_is_told_of_or_worked_in() -> None:
    with place() as here:
        lower, upper, work, merged = (here.home / name for name in ("lower", "upper", "work", "merged"))
        for each in (lower, upper, work, merged):
            each.mkdir()
        (lower / "file").write_text("below\n")
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"

        def overlay() -> None:
            kernel.mount("overlay", str(merged), "overlay", 0, options)
            os.chdir(merged)

        def owned() -> None:
            os.chown(merged, 1000, 1000)

        refused = here.sh("cat file", before=(_mounting(overlay),))
        assert (refused.exit, "lies on overlay" in refused.err) == (125, True), refused
        assert "hint: run it as the user whose files these are" in refused.err
        done = here.sh("cat file; echo x > made", before=(_mounting(overlay, owned),))
        assert (done.exit, done.out, done.err) == (0, "below\n", ""), done
        assert sorted(os.listdir(upper)) == ["made"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts for others")
def test_a_machine_without_terminals_of_its_own_still_has_boxes() -> None:
    with place() as here:
        done = here.sh(
            "ls /dev/pts; echo ran",
            before=(_mounting(lambda: kernel.mount("none", "/dev/pts", "tmpfs", 0)),),
        )
        assert (done.exit, done.out, done.err) == (0, "ptmx\nran\n", "")


def test_a_full_disk_of_the_box_is_the_box_s_alone() -> None:
    with place() as here:
        done = here.sh("head -c 600M /dev/zero > /tmp/big; echo status $?; ls /tmp")
        assert (done.exit, "status 1" in done.out, "No space left" in done.err) == (0, True, True)
        assert subprocess.run(["test", "-e", "/tmp/big"], check=False).returncode == 1

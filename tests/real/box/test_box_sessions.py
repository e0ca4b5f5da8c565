"""Sessions: gone on with, killed, explained and summed up, whatever happened to their supervisors."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from real.running import PATIENCE_S, USERS, Place, appears, left, place, until
from ringfence.app.documents import SCHEMA_FOLDER
from ringfence.app.running import in_box as running
from ringfence.sandbox.box import Box
from ringfence.sandbox.launcher import Launcher


def _dies_at(owner: Any, name: str) -> Callable[[], None]:
    """The supervisor is killed when it comes to call this."""

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return lambda: setattr(owner, name, die)


def _waiting(
    here: Place, *options: str, script: str = "echo > begun; exec sleep 1000"
) -> "subprocess.Popen[bytes]":
    process = here.start("run", *options, "--", "sh", "-c", script)
    appears(here.tree / "begun")
    return process


def _checked(document: Any) -> Any:
    """A document that its schema accepts."""
    name = document["schema"].removeprefix("ringfence.").replace("/", "-")
    jsonschema.validate(document, json.loads((SCHEMA_FOLDER / f"{name}.json").read_text()))
    return document


@pytest.mark.parametrize("user", USERS)
def test_a_session_that_ended_is_gone_on_with(user: str) -> None:
    with place(user, repository=True) as here:
        assert here.sh("echo kept > ~/state; echo made > made; exit 4").exit == 4
        name = here.session()
        assert here.ringfence("run", "--resume", name, "--", "cat", "made").out == "made\n"
        again = here.ringfence(
            "run", "--resume", name, "--", "sh", "-c", "cat ~/state; echo $RINGFENCE_SESSION"
        )
        assert (again.exit, again.out.split()[0], again.out.split()[1][-8:]) == (0, "kept", name)
        assert here.sh("cat ~/state").exit == 1, "another session has another home"
        assert (here.report(name)["starts"], here.report(name)["state"]) == (3, "ended")
        assert here.git("status", "--short") == "?? made\n"


@pytest.mark.parametrize(
    "at",
    [
        pytest.param((Launcher, "begin"), id="before the box"),
        pytest.param((Box, "go"), id="before the start"),
        pytest.param((running, "tidy"), id="after the end"),
    ],
)
@pytest.mark.parametrize("user", USERS)
def test_a_session_whose_supervisor_was_killed_is_gone_on_with(user: str, at: tuple[Any, str]) -> None:
    has_run = at[1] == "tidy"
    with place(user, repository=True) as here:
        before = here.names()
        script = "echo kept > ~/state; echo made > made; echo planted > .envrc; git checkout -q -b other"
        lost = here.sh(script, before=(_dies_at(*at),))
        assert (lost.exit, lost.out) == (-signal.SIGKILL, "")
        until(lambda: not left(str(here.tree)), "the end of the box")
        told = here.ringfence("run", "--resume", here.session(), "--", "sh", "-c", "cat ~/state; ls -A")
        assert told.exit == 0
        assert ("kept" in told.out, ".envrc" in told.err) == (has_run, has_run), told
        assert here.names() == sorted([*before, *(["made"] if has_run else [])])
        assert here.git("branch", "--show-current") == ("other\n" if has_run else "main\n")
        again = here.ringfence("run", "--resume", here.session(), "--", "true")
        assert (again.exit, again.err) == (0, "")


def test_a_session_that_runs_is_nobody_else_s() -> None:
    with place() as here:
        process = _waiting(here)
        refused = here.ringfence("run", "--resume", here.session())
        assert (refused.exit, "is still running" in refused.err, "ringfence kill" in refused.err) == (
            125,
            True,
            True,
        )
        assert here.report()["state"] == "running"
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize("user", USERS)
def test_kill_ends_a_session_at_once_and_says_how_long_it_took(user: str) -> None:
    with place(user) as here:
        script = "echo kept > ~/state; setsid sleep 1000 & trap '' TERM; echo > begun; sleep 1000"
        process = _waiting(here, script=script)
        name = here.session()
        done = here.ringfence("kill", name)
        assert done.exit == 0
        assert re.fullmatch(rf"killed {name} \(sh\): nothing of it was left after \d+\.\d ms\n", done.out)
        assert not any("sleep" in each for each in left(str(here.tree)))
        _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 137
        assert re.fullmatch(rb"ringfence: killed by .+\n", err)
        report = here.report(name)
        assert (report["ended_by"], report["exit_status"], report["kill_us"] > 0) == ("operator", 137, True)
        assert here.ringfence("kill", name).out == "its box is not running\n"
        again = here.ringfence("run", "--resume", name, "--", "sh", "-c", "cat ~/state begun")
        assert (again.exit, again.out, again.err) == (0, "kept\n\n", "")


def test_kill_ends_all_sessions() -> None:
    with place() as here:
        processes = [_waiting(here, script=f"echo > begun{n}; echo > begun; sleep 1000") for n in range(3)]
        for n in range(3):
            appears(here.tree / f"begun{n}")
        killed = _checked(here.document("kill", "--all"))
        assert len(killed["sessions"]) == 3
        for each in processes:
            each.communicate(timeout=PATIENCE_S)
        assert [each.returncode for each in processes] == [137] * 3
        assert left(str(here.tree)) == []
        assert here.ringfence("kill", "--all").out == "no box is running\n"


def test_reports_and_explanations_are_documents_of_their_schemas() -> None:
    with place(repository=True) as here:
        here.write(".env", "API_KEY=sk-live-0123456789abcdef0123456789abcdef\n")
        here.policy("version: 1\nagents: {profiles: {sh: {sandbox: {memory: 2 GiB, debug: true}}}}\n")
        explained = _checked(here.document("run", "--explain", "--", "sh", "-c", "true"))
        assert (explained["program"], explained["debug"]) == ("/usr/bin/sh", True)
        memory = next(each for each in explained["limits"] if each["name"] == "memory")
        assert (memory["amount"], memory["at"].endswith("ringfence.yaml:2")) == (2 * 2**30, True)
        assert {each["path"]: each["part"] for each in explained["places"]}[
            str(here.tree / ".env")
        ] == "hidden"
        assert here.document("run", "--report")["sessions"] == [], "an explanation is no session"
        assert here.sh("true").exit == 0
        report = _checked(here.document("run", "--report"))["sessions"][0]
        assert (report["state"], report["masked"], report["refused"]) == (
            "ended",
            [str(here.tree / ".env")],
            [],
        )
        assert (len(report["layers"]), report["lacking"], report["proofs"] > 20) == (13, [], True)


def test_what_is_explained_in_words_runs_nothing() -> None:
    with place() as here:
        here.policy("version: 1\nagents:\n  profiles:\n    sh: {sandbox: {wall: 1h}}\n")
        done = here.ringfence("run", "--explain", "--", "sh")
        assert (done.exit, "wall           1 hour" in done.out, "Nothing was run" in done.out) == (
            0,
            True,
            True,
        )
        assert here.names() == []


def test_there_is_help_where_no_session_is_of_that_name() -> None:
    with place() as here:
        assert (
            here.ringfence("run", "--report").out == "no session yet; begin one: ringfence run -- COMMAND\n"
        )
        for arguments in (
            ("run", "--resume", "nowhere"),
            ("kill", "nowhere"),
            ("run", "--report", "nowhere"),
        ):
            done = here.ringfence(*arguments)
            assert "hint: see them: ringfence run --report\n" in done.err
            assert done.exit == (125 if arguments[1] == "--resume" else 2)

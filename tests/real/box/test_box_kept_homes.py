"""Homes kept from run to run: one for each agent and tree, one session's at a time, until forgotten."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from real.running import PATIENCE_S, USERS, Place, appears, left, place, until
from ringfence.app.documents import SCHEMA_FOLDER
from ringfence.app.running import in_box as running

_KEPT = "version: 1\nagents: {profiles: {sh: {sandbox: {home: kept}}}}\n"
_NEW = _KEPT.replace("kept", "new")


def _homes(here: Place) -> Any:
    report = here.document("run", "--report")
    jsonschema.validate(report, json.loads((SCHEMA_FOLDER / "sessions-1.json").read_text()))
    return report["homes"]


def _folder(here: Place) -> Path:
    (home,) = _homes(here)
    return here.home / ".local/state/ringfence/homes" / str(home["name"]) / "home"


def _waiting(here: Place, script: str) -> Any:
    process = here.start("run", "--", "sh", "-c", f"{script}; echo > begun; exec sleep 1000")
    appears(here.tree / "begun")
    return process


def _end(here: Place, process: Any) -> None:
    here.ringfence("kill", "--all")
    process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize("user", USERS)
def test_what_a_run_left_in_its_home_the_next_one_finds(user: str) -> None:
    with place(user, repository=True) as here:
        here.policy(_KEPT)
        assert here.sh("mkdir ~/.agent; echo kept > ~/.agent/state").exit == 0
        first = here.session()
        done = here.sh("cat ~/.agent/state; git config --global user.name; echo more >> ~/.agent/state")
        assert (done.exit, done.out, done.err) == (0, "kept\nA B C\n", "")
        assert here.ringfence("run", "--resume", first, "--", "cat", str(here.home / ".agent/state")).out == (
            "kept\nmore\n"
        )
        (home,) = _homes(here)
        assert (home["agent"], home["tree"], home["session"], home["in_use"]) == (
            "sh",
            str(here.tree),
            first,
            False,
        )
        assert home["size_bytes"] > 0
        assert here.report(first)["home"] == home["name"]


def test_without_a_word_of_the_policy_each_session_has_its_own() -> None:
    with place() as here:
        here.sh("echo kept > ~/state")
        assert here.sh("cat ~/state").exit == 1
        assert _homes(here) == []
        assert here.report()["home"] is None


def test_another_tree_and_another_agent_see_nothing_of_it() -> None:
    with place() as here:
        here.policy(_KEPT.replace("sh:", '"*":'))
        here.sh("echo kept > ~/state")
        other = here.own(here.tree / "other", make=True)
        assert here.sh("cat ~/state", folder=other).exit == 1
        assert here.ringfence("run", "--agent", "other", "--", "cat", str(here.home / "state")).exit == 1
        assert here.sh("cat ~/state").out == "kept\n"
        assert sorted(each["agent"] for each in _homes(here)) == ["other", "sh", "sh"]


def test_a_tree_that_was_moved_has_a_new_one_and_is_told_where_the_old_one_is() -> None:
    with place() as here:
        here.policy(_KEPT)
        here.sh("echo kept > ~/state")
        (home,) = _homes(here)
        moved = here.tree.rename(here.tree.with_name("moved"))
        done = here.sh("cat ~/state", folder=moved)
        told = f"this folder was at {here.tree} when sh last had a home: it has a new one; the old one stays"
        assert (done.out, f"{told} until ringfence forget --homes {home['name']}" in done.err) == ("", True)
        moved.rename(here.tree)
        assert here.sh("cat ~/state").out == "kept\n"


@pytest.mark.parametrize("user", USERS)
def test_a_session_beside_the_one_that_has_it_has_a_copy(user: str) -> None:
    with place(user) as here:
        here.policy(_KEPT)
        process = _waiting(here, "echo kept > ~/state")
        beside = here.sh("cat ~/state; echo other > ~/state; echo > ~/mine; chmod 700 ~; stat -c %U ~/state")
        assert (beside.exit, beside.out.splitlines()[0]) == (0, "kept"), beside
        assert beside.err == (
            "ringfence: warning: another session of sh has the home that is kept for this tree: "
            "this one has a copy, which nothing else will have\n"
        )
        assert [each["in_use"] for each in _homes(here)] == [True]
        name = here.session()
        _end(here, process)
        again = here.ringfence("run", "--resume", name, "--", "sh", "-c", "cat ~/state")
        assert (again.out, again.err) == ("other\n", ""), "it goes on with its copy"
        assert here.sh("cat ~/state; ls ~").out == "kept\nstate\n"


def test_a_box_whose_supervisor_holds_the_home_no_more_still_has_it() -> None:
    with place() as here:
        here.policy(_KEPT)
        process = _waiting(here, "echo kept > ~/state")
        (_folder(here).parent / "lock").unlink()
        assert "this one has a copy" in here.sh("cat ~/state").err
        _end(here, process)


def test_one_too_large_to_copy_is_a_new_one_beside() -> None:
    with place() as here:
        here.policy(_KEPT)
        process = _waiting(here, "echo kept > ~/state; truncate -s 1G ~/large")
        beside = here.sh("ls -A ~")
        assert (beside.out, "too large to copy" in beside.err) == (".gitconfig\n", True)
        _end(here, process)


def test_a_session_does_not_go_on_while_another_one_has_its_home() -> None:
    with place() as here:
        here.policy(_KEPT)
        here.sh("true")
        first = here.session()
        process = _waiting(here, "true")
        refused = here.ringfence("run", "--resume", first)
        assert (refused.exit, "another session of sh has its home now" in refused.err) == (125, True)
        assert f"ringfence kill {here.session()}" in refused.err
        _end(here, process)
        assert here.ringfence("run", "--resume", first).exit == 0


@pytest.mark.parametrize("user", USERS)
def test_a_killed_supervisor_leaves_the_home_to_the_next_run(user: str) -> None:
    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with place(user) as here:
        here.policy(_KEPT)
        lost = here.sh("echo kept > ~/state", before=(lambda: setattr(running, "tidy", die),))
        assert lost.exit == -signal.SIGKILL
        until(lambda: not left(str(here.tree)), "the end of the box")
        assert here.sh("cat ~/state").out == "kept\n"


def test_a_policy_that_says_new_is_heeded_also_when_a_session_goes_on() -> None:
    with place() as here:
        here.policy(_KEPT)
        here.sh("echo kept > ~/state")
        first = here.session()
        here.write("ringfence.yaml", _NEW)
        assert here.sh("cat ~/state").exit == 1
        refused = here.ringfence("run", "--resume", first)
        assert (refused.exit, "the policy keeps none for it now" in refused.err) == (125, True)
        assert "ringfence.yaml:2" in refused.err
        (here.tree / "ringfence.yaml").unlink()
        assert here.ringfence("run", "--resume", first, "--", "cat", str(here.home / "state")).out == "kept\n"


def test_a_forgotten_session_leaves_the_home_and_a_forgotten_home_the_session() -> None:
    with place() as here:
        here.policy(_KEPT)
        here.sh("echo kept > ~/state")
        here.ringfence("forget", "--yes", "--all-ended")
        assert here.sh("cat ~/state").out == "kept\n"
        name = here.session()
        gone = here.document("forget", "--homes", "--yes", "sh")
        jsonschema.validate(gone, json.loads((SCHEMA_FOLDER / "forgotten-homes-1.json").read_text()))
        assert [each["agent"] for each in gone["homes"]] == ["sh"]
        assert gone["homes"][0]["freed_bytes"] > 0
        again = here.ringfence("run", "--resume", name, "--", "sh", "-c", "ls ~")
        assert (again.out, "home was forgotten meanwhile" in again.err) == ("", True)
        here.needs_ringfence()
        assert "kept home forgotten by" in here.ringfence("ledger", "show").out


def test_one_in_use_or_held_stays() -> None:
    with place() as here:
        here.policy(_KEPT)
        process = _waiting(here, "true")
        said = here.document("forget", "--homes", "--yes")
        assert ([each["why"] for each in said["kept"]], said["homes"]) == (["a session has it"], [])
        refused = here.ringfence("forget", "--homes", "--yes", "sh")
        assert (refused.exit, "a session has it" in refused.err) == (3, True)
        _end(here, process)
        assert here.document("forget", "--homes", "--yes", "--older-than", "1d")["homes"] == []
        here.ringfence("ledger", "hold", "set", "--why", "a case", "--streams", "session/*")
        said = here.document("forget", "--homes", "--yes")
        assert [each["why"] for each in said["kept"]] == ["a legal hold covers it: a case"]
        assert _folder(here).is_dir()


def test_an_explanation_says_that_it_is_kept_and_touches_nothing() -> None:
    with place() as here:
        here.policy(_KEPT)
        explained = here.document("run", "--explain", "--", "sh")
        (home,) = [each for each in explained["places"] if each["path"] == str(here.home)]
        assert home["why"].startswith("kept from run to run as sh-")
        assert home["at"].endswith("ringfence.yaml:2")
        assert _homes(here) == []

"""Sessions that are forgotten: what they kept is gone, what the ledger says of them stays."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from real.running import PATIENCE_S, USERS, Place, appears, place
from ringfence.app.documents import SCHEMA_FOLDER

_DEEP = """
chmod 0 "$(mktemp -d ~/closed-XXXX)"; mkdir -p ~/read/only; chmod 555 ~/read ~/read/only; ln -s / ~/link
python3 -c 'import os
os.chdir(os.environ["HOME"])
for _ in range(50): os.mkdir("d" * 100); os.chdir("d" * 100)'
"""


def _kept(here: Place) -> list[str]:
    return sorted(os.listdir(here.home / ".local/state/ringfence/sessions"))


def _forgotten(here: Place, *arguments: str) -> Any:
    document = here.document("forget", "--yes", *arguments)
    jsonschema.validate(document, json.loads((SCHEMA_FOLDER / "forgotten-1.json").read_text()))
    return document


def _types(here: Place) -> list[str]:
    shown = json.loads(here.ringfence("ledger", "show", "--json", "--type", "sandbox.*").out)
    return sorted(each["type"] for each in shown["events"])


@pytest.mark.parametrize("user", USERS)
def test_whatever_programs_left_in_its_home_goes_and_the_ledger_says_so(user: str) -> None:
    with place(user, repository=True) as here:
        here.needs_ringfence()  # what shows a ledger is not loaded beforehand
        assert here.sh(_DEEP).exit == 0
        name = here.session()
        (gone,) = _forgotten(here, name)["sessions"]
        assert (gone["name"], gone["agent"], gone["freed_bytes"] > 0) == (name, "sh", True)
        assert _kept(here) == []
        assert _types(here)[-3:] == ["sandbox.ended/1", "sandbox.forgotten/1", "sandbox.started/1"]
        assert f"session {name} forgotten by" in here.ringfence("ledger", "show").out
        assert here.ringfence("run", "--resume", name).err.startswith(f"ringfence: error: {name}: no session")
        assert here.ringfence("forget", "--yes", name).exit == 2


def test_one_that_runs_stays_and_the_others_go() -> None:
    with place() as here:
        here.sh("true")
        ended = here.session()
        process = here.start("run", "--", "sh", "-c", "echo > begun; exec sleep 1000")
        appears(here.tree / "begun")
        running = here.session()
        refused = here.ringfence("forget", "--yes", running, ended)
        assert (refused.exit, refused.err.splitlines()[0]) == (
            3,
            f"ringfence: error: session {running}: it is running",
        )
        assert len(_kept(here)) == 2
        said = _forgotten(here, "--all-ended")
        assert [each["name"] for each in said["sessions"]] == [ended]
        assert [(each["name"], each["why"]) for each in said["kept"]] == [(running, "it is running")]
        assert process.poll() is None
        here.ringfence("kill", running)
        process.communicate(timeout=PATIENCE_S)


def test_only_those_go_that_nobody_used_for_so_long() -> None:
    with place() as here:
        here.sh("true")
        assert _forgotten(here, "--older-than", "1d")["sessions"] == []
        assert len(_kept(here)) == 1
        assert len(_forgotten(here, "--older-than", "2999-01-01")["sessions"]) == 1


def test_a_legal_hold_keeps_what_was_taken_out_of_the_working_tree() -> None:
    with place(repository=True) as here:
        here.sh("echo planted > .envrc")
        here.ringfence("ledger", "hold", "set", "--why", "a case", "--streams", "session/*")
        said = _forgotten(here, "--all-ended")
        assert (said["sessions"], [each["why"] for each in said["kept"]]) == (
            [],
            ["a legal hold covers it: a case"],
        )
        assert Path(here.report()["kept"]).is_dir()


def test_nothing_goes_without_a_yes() -> None:
    with place() as here:
        here.sh("true")
        refused = here.ringfence("forget", "--all-ended")
        assert (refused.exit, "--yes" in refused.err) == (2, True)
        for arguments in ((), ("--all-ended", "--older-than", "1d"), ("x", "--all-ended")):
            assert here.ringfence("forget", "--yes", *arguments).exit == 2
        assert len(_kept(here)) == 1

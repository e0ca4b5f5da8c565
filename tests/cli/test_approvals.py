"""`asks`, `approve`, `deny` and `grants`, as people use them."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import forked
from ringfence.app.documents import SCHEMA_FOLDER
from ringfence.core.actions import Argument, ModelSign, ToolCall
from ringfence.core.labels import Integrity, Label
from ringfence.gate.confined import why_confined

pytestmark = pytest.mark.skipif(why_confined() is not None, reason="nobody can approve in a container")

_POLICY = """
version: 1
models: {mode: enforce, rules: [{id: signing, actions: [model.sign], then: ask}]}
agents: {mode: enforce, rules: [{id: calls, actions: [tool.call], then: ask}]}
"""
_PASS = """
import pickle, sys
from ringfence.wiring.gate import open_door
outcome = open_door().pass_(pickle.loads(bytes.fromhex(sys.argv[1])))
print(type(outcome).__name__, getattr(outcome, "hint", ""))
"""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC")
_SIGN = ModelSign(name="llama", path="/models/llama", signer="key:00")


class Home:
    """A home with a policy, and ringfence run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = folder / ".config" / "ringfence"
        config.mkdir(parents=True)
        (config / "ringfence.yaml").write_text(_POLICY)
        self.environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def run(self, *arguments: str, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*before, sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def ringfence(self, *arguments: str, before: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        if before:
            return self.run("-m", "ringfence.cli.main", *arguments, before=before)
        return forked.ringfence(*arguments, env=self.environment, cwd=self.folder)

    def passes(self, action: object = _SIGN) -> str:
        import pickle

        done = self.run("-c", _PASS, pickle.dumps(action).hex())
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def document(self, *arguments: str) -> dict:
        done = self.ringfence(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        name = found["schema"].removeprefix("ringfence.").replace("/", "-")
        jsonschema.validate(found, json.loads((SCHEMA_FOLDER / f"{name}.json").read_text()))
        return found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def _me() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def test_where_nothing_was_ever_recorded_there_is_nothing_and_no_folder_is_made(home: Home) -> None:
    for state in (home.folder / "none", Path("/proc/none")):  # nobody can make the second one
        home.environment["XDG_STATE_HOME"] = str(state)
        for command, nothing in (("asks", "nothing waits for an answer"), ("grants", "no grant holds")):
            shown = home.ringfence(command)
            assert (shown.returncode, shown.stdout, shown.stderr) == (0, f"{nothing}\n", "")
            assert home.document(command)[command] == []
            assert not state.exists()
    home.environment["XDG_STATE_HOME"] = "/proc/version/none"  # no folder, and not just missing
    assert [home.ringfence(each).returncode for each in ("asks", "grants")] == [2, 2]


def test_from_the_question_to_the_grant_and_back(home: Home) -> None:
    assert home.ringfence("asks").stdout == "nothing waits for an answer\n"
    hint = home.passes()
    assert re.fullmatch(r"Refused to allow: ringfence approve [0-9a-f]{2}; then try again", hint)
    id_ = hint.split()[5].removesuffix(";")
    shown = home.ringfence("asks")
    assert _TIME.sub("TIME", shown.stdout) == (
        f"{id_}  model.sign  asked by {_me()} at TIME\n"
        '  name: "llama"\n'
        '  path: "/models/llama"\n'
        '  signer: "key:00"\n'
        "  rules that ask: signing\n"
        f"  ringfence approve {id_}, or ringfence deny {id_} (until TIME)\n"
    )
    approved = home.ringfence("approve", id_, "--uses", "2", "--for", "8h", "--note", "for the release")
    assert approved.returncode == 0, approved.stderr
    assert approved.stderr == "ringfence: warning: no terminal: is it a person who approves?\n"
    assert _TIME.sub("TIME", approved.stdout).splitlines()[-2:] == [
        f"  granted by {_me()}",
        f"approved: 2 times, until TIME; grant {approved.stdout.split()[-1]}",
    ]
    assert home.passes().startswith("Receipt")
    grant = home.ringfence("grants").stdout
    assert _TIME.sub("TIME", grant).splitlines()[0] == (
        f"{approved.stdout.split()[-1]}  model.sign  holds, 1 of 2 uses, until TIME, given by {_me()}"
    )
    revoked = home.ringfence("grants", "revoke", approved.stdout.split()[-1])
    assert f"revoked by {_me()}, 1 of 2 uses" in revoked.stdout
    assert home.passes().startswith("Refused")
    assert home.ringfence("grants").stdout == "no grant holds\n"


def test_a_no_ends_it(home: Home) -> None:
    id_ = home.passes().split()[5].removesuffix(";")
    assert re.fullmatch(r"refused: [0-9a-f]{8} model\.sign\n", home.ringfence("deny", id_).stdout)
    assert home.passes() == "Refused ask them why"
    again = home.ringfence("deny", id_)
    assert (again.returncode, again.stderr.splitlines()[1]) == (
        1,
        "ringfence: hint: see: ringfence asks, ringfence grants",
    )


def test_what_questions_cost_is_told_in_words(home: Home) -> None:
    for often in ("1 answer", "2 answers"):
        home.passes(replace(_SIGN, path=f"/{often}"))
        (ask,) = home.document("asks")["asks"]
        assert home.ringfence("deny", ask["id"]).returncode == 0
        lines = home.ringfence("asks", "--stats").stdout.splitlines()
        assert lines[0] == "operators  no agent ran"
        assert lines[-1].startswith(f"  {_me()}  {often}, at most "), lines


def test_documents_follow_their_schemas(home: Home) -> None:
    id_ = home.passes().split()[5].removesuffix(";")
    (ask,) = home.document("asks")["asks"]
    assert ask["facts"] == [
        {"name": "name", "value": "llama"},
        {"name": "path", "value": "/models/llama"},
        {"name": "signer", "value": "key:00"},
    ]
    assert home.document("approve", id_)["grants"][0]["ask"] == ask["id"]
    assert home.document("grants")["grants"][0]["uses"] == 1
    assert home.document("asks", "--all")["asks"][0]["state"] == "granted"


@pytest.mark.parametrize("arguments", [("--uses", "0"), ("--uses", "-1"), ("--for", "0h"), ("--for", "8")])
def test_what_is_no_number_or_time_is_a_mistake(arguments: tuple[str, ...], home: Home) -> None:
    assert home.ringfence("approve", "7f", *arguments).returncode == 2


def test_a_question_that_is_not_there_is_said_so(home: Home) -> None:
    done = home.ringfence("approve", "7f")
    assert (done.returncode, done.stderr.splitlines()[-2:]) == (
        1,
        ["ringfence: error: question 7f: there is none", "ringfence: hint: look for its id: ringfence asks"],
    )


@pytest.mark.parametrize(
    ("sandbox", "command"),
    [
        ("setpriv --no-new-privs", "approve"),
        ("setpriv --no-new-privs setsid -w", "grants revoke"),
        ("unshare -Ur", "deny"),
        ("unshare -Urpf --mount-proc", "approve"),
    ],
)
def test_nobody_answers_from_within_a_sandbox(sandbox: str, command: str, home: Home) -> None:
    before = tuple(sandbox.split())
    if shutil.which(before[0]) is None or subprocess.run([*before, "true"], check=False).returncode:
        pytest.skip("no such sandbox can be made here")
    id_ = home.passes().split()[5].removesuffix(";")
    done = home.ringfence(*command.split(), id_, before=before)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2].startswith("ringfence: error: this process cannot approve: ")
    assert home.document("asks")["asks"][0]["state"] == "open"
    assert home.document("grants")["grants"] == []


def test_what_is_shown_hides_nothing_and_moves_nothing(home: Home) -> None:
    evil = (
        "ok\x1b[2J\r\n  rules that ask: none\u202egnp.exe\u200b\u00a0\u3000z\u0300"
        + "a" * 3000
        + '" \\u{202e} the end'
    )
    label = Label(integrity=Integrity.UNTRUSTED, sources=("event 7",))
    home.passes(
        ToolCall(server="mail", tool="s\u0435nd", arguments=(Argument(name="to", text=evil, label=label),))
    )
    shown = home.ringfence("asks").stdout
    assert all(c == "\n" or (c >= " " and c.isprintable()) for c in shown)
    assert not set(shown) & {"\u00a0", "\u3000", "\u0300", "\u202e", "\u200b"}
    assert max(map(len, shown.splitlines())) <= 80
    lines = shown.splitlines()
    assert [each for each in lines if each.startswith("  rules that ask")] == ["  rules that ask: calls"]
    whole = "".join(each.removeprefix("      | ") for each in lines)
    assert "a" * 3000 in whole
    assert 'the end"' in whole
    assert "\\\\u{202e} the end" in whole  # text that only looks like something spelled out
    assert "      | letters outside ASCII: 's\\u0435nd'" in lines
    assert '  arguments[0].label.integrity: "untrusted"' in lines

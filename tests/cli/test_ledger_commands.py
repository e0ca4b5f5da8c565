"""`ringfence ledger verify|checkpoint|key|prove|verify-proof|anchor|prune|hold`, as people use them."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import forked
from ledgers import now
from ringfence.app.documents import SCHEMA_FOLDER
from ringfence.core.action_types import Durability
from ringfence.gate.confined import why_confined
from ringfence.ledger.event_types import ScanStarted
from ringfence.ledger.open import open_ledger

_POLICY = """
version: 1
retention: {mode: enforce, events: [{types: "scan.*", days: 0}]}
"""


class Home:
    """A home with a ledger of five events, and ringfence run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / ".local" / "state" / "ringfence"
        self.state.mkdir(parents=True, mode=0o700)
        self.path = self.state / "ledger.sqlite"
        self.environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        self.add(*"abcde")

    def add(self, *names: str) -> None:
        ledger = open_ledger(self.path, clock=now)
        for name in names:
            event = ScanStarted(scan=name, scope=(), tool_version="1")
            ledger.append(event, stream="endpoint", durability=Durability.FSYNC)
        ledger.close()

    def run(self, *arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
        return forked.ringfence(
            "ledger", *arguments, env=self.environment, cwd=self.folder, given=given or ""
        )

    def done(self, *arguments: str, given: str | None = None) -> str:
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def document(self, *arguments: str, code: int = 0) -> dict:
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        found = json.loads(done.stdout)
        name = found["schema"].removeprefix("ringfence.").replace("/", "-")
        jsonschema.validate(found, json.loads((SCHEMA_FOLDER / f"{name}.json").read_text()))
        return found

    def touch(self, statement: str) -> None:
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as database:
            database.execute(statement)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_whole_ledger_is_vouched_for_as_far_as_anybody_can(home: Home) -> None:
    lines = home.done("verify").splitlines()
    assert "; ".join(lines) == (
        "whole: 5 events in 1 stream; all 5 events follow from each other; whoever can write the record "
        "and has the key could have rewritten what no anchor covers: anchor it"
    )
    assert not (home.state / "ledger.key").exists()  # verifying makes none
    home.done("checkpoint")
    assert "the first 5 are signed with a trusted key" in home.done("verify")
    found = home.document("verify")
    assert (found["whole"], found["events"], found["signed_events"]) == (True, 6, 5)


def test_the_first_bad_event_is_named_and_the_status_is_1(home: Home) -> None:
    home.touch("UPDATE events SET body = '{}' WHERE seq = 3")
    done = home.run("verify")
    assert (done.returncode, done.stdout) == (1, "endpoint:3: it is no event\n")
    home.touch("UPDATE events SET body = CAST('{}' AS BLOB) WHERE seq = 3")
    found = home.document("verify", code=1)
    assert found["faults"] == [
        {"kind": "event", "stream": "endpoint", "seq": 3, "what": "its body was changed"}
    ]


def test_a_ledger_that_cannot_be_read_is_status_3(home: Home) -> None:
    home.path.write_bytes(b"no database at all" * 1000)
    done = home.run("verify")
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (
        3,
        ["the first 0 events are whole; the rest cannot be read"],
    )


def test_an_anchor_finds_what_was_cut_off(home: Home) -> None:
    key = home.done("key")
    (home.folder / "ledger.pub").write_text(key)
    assert home.done("anchor", "--to", "anchors.txt") == "anchored 5 events: anchors.txt\n"
    home.add("f")
    assert home.done("anchor", "--to", "anchors.txt") == "anchored 7 events: anchors.txt\n"
    arguments = ("verify", "--anchor", "anchors.txt", "--key", "ledger.pub")
    assert home.done(*arguments).splitlines()[1] == (
        "all 8 events follow from each other; the first 7 are those that the anchor saw; "
        "what comes after are checkpoints alone"
    )
    home.touch("DELETE FROM events WHERE ordinal > 5")
    assert home.run("verify").returncode == 0
    done = home.run(*arguments)
    assert done.returncode == 1
    assert done.stdout.startswith("the record: the anchor saw 7 events, of which 5 are there")
    given = (home.folder / "anchors.txt").read_text()
    assert home.run("verify", "--anchor", "-", given=given).returncode == 1


def test_a_key_that_was_swapped_is_found_beside_an_anchor(home: Home) -> None:
    home.done("anchor", "--to", "anchors.txt")
    (home.state / "ledger.key").unlink()
    home.add("f")
    home.done("checkpoint")
    done = home.run("verify", "--anchor", "anchors.txt")
    assert done.returncode == 1
    assert "is not signed with a key that is trusted here" in done.stdout
    assert home.run("verify").returncode == 1  # the old checkpoint is not this key's


@pytest.mark.parametrize("text", ["", "nothing of the kind", "a\n1\nAA==\n\n— a AA==\n"])
def test_a_file_that_is_no_anchor_is_status_3(home: Home, text: str) -> None:
    (home.folder / "anchors.txt").write_text(text)
    done = home.run("verify", "--anchor", "anchors.txt")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("ringfence: error: anchors.txt: ")


def test_a_proof_holds_without_the_ledger_and_for_nobody_elses_key(home: Home) -> None:
    (home.folder / "ledger.pub").write_text(home.done("key"))
    home.done("prove", "endpoint:3", "--with-body", "-o", "proof.json")
    elsewhere = Home(home.folder / "elsewhere")
    for name in ("ledger.pub", "proof.json"):
        (elsewhere.folder / name).write_text((home.folder / name).read_text())
    elsewhere.path.unlink()
    told = elsewhere.done("verify-proof", "proof.json", "--key", "ledger.pub")
    assert told.startswith("holds: endpoint:3, scan.started/1, ")
    assert "among the first 5 events" in told
    assert '\\"scan\\":\\"c\\"' in told
    assert not elsewhere.path.exists()
    found = elsewhere.document("verify-proof", "proof.json", "--key", "ledger.pub")
    assert (found["holds"], found["seq"], json.loads(found["body"])["scan"]) == (True, 3, "c")
    text = (elsewhere.folder / "proof.json").read_text()
    (elsewhere.folder / "proof.json").write_text(text.replace('"seq": 3', '"seq": 4'))
    assert elsewhere.run("verify-proof", "proof.json", "--key", "ledger.pub").returncode == 1
    assert elsewhere.document("verify-proof", "proof.json", "--key", "ledger.pub", code=1)["holds"] is False


@pytest.mark.parametrize(
    ("name", "code"), [("endpoint", 2), ("endpoint:0", 2), ("endpoint:99", 2), ("x:1", 2)]
)
def test_what_is_not_there_cannot_be_proved(home: Home, name: str, code: int) -> None:
    done = home.run("prove", name)
    assert (done.returncode, done.stdout) == (code, "")


def test_a_git_repository_keeps_checkpoints_on_a_ref_of_their_own(home: Home) -> None:
    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(home.folder / "kept"), *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=home.environment,
        )
        return done.stdout

    subprocess.run(["git", "init", "-q", str(home.folder / "kept")], check=True)
    first = home.done("anchor", "--git", "kept")
    assert home.done("anchor", "--git", "kept") == first  # nothing is new
    home.add("f")
    second = home.done("anchor", "--git", "kept")
    assert second != first
    assert git("log", "--format=%H", "refs/ringfence/anchors").split() == [
        second.split()[-1],
        first.split()[-1],
    ]
    assert git("status", "--porcelain") == ""
    (name,) = git("ls-tree", "--name-only", "refs/ringfence/anchors").split()
    kept = git("show", f"refs/ringfence/anchors:{name}")
    assert "the first 7 are those that the anchor saw" in home.done("verify", "--anchor", "-", given=kept)
    done = home.run("anchor", "--git", "nowhere")
    assert done.returncode == 3
    assert "git" in done.stderr


def test_a_command_gets_the_checkpoint_on_its_input_and_no_shell_is_asked(home: Home) -> None:
    program = "import sys; open('taken', 'w').write(repr(sys.argv[1:]) + sys.stdin.read())"
    home.done("anchor", "--exec", sys.executable, "-c", program, "$HOME; rm -rf /tmp/x", "--to")
    taken = (home.folder / "taken").read_text()
    assert taken == "['$HOME; rm -rf /tmp/x', '--to']" + home.done("checkpoint")
    done = home.run("anchor", "--exec", sys.executable, "-c", "raise SystemExit(7)")
    assert (done.returncode, done.stdout) == (3, "")
    assert "ended with 7" in done.stderr
    assert home.run("anchor", "--exec", "no-such-program").returncode == 3


def test_a_witness_gets_the_proof_from_what_it_saw_last(home: Home) -> None:
    import base64

    from ringfence.ledger.merkle import adds_only
    from ringfence.ledger.notes import read_note

    first = read_note(home.done("checkpoint")).checkpoint
    home.add("f", "g")
    home.done(
        "anchor", "--old-size", "5", "--exec", sys.executable, "-c", "open('w', 'w').write(open(0).read())"
    )
    head, _, text = (home.folder / "w").read_text().partition("\n\n")
    old, *proof = head.split("\n")
    now_ = read_note(text).checkpoint
    assert (old, first.size, now_.size) == ("old 5", 5, 8)
    assert adds_only(5, first.root, 8, now_.root, list(map(base64.b64decode, proof)))
    assert home.run("anchor", "--old-size", "99", "--exec", "cat").returncode == 3


def test_pruning_says_what_it_forgets_and_a_hold_stops_it(home: Home) -> None:
    config = home.folder / ".config" / "ringfence"
    config.mkdir(parents=True)
    (config / "ringfence.yaml").write_text(_POLICY)
    home.done("checkpoint")
    assert home.done("prune", "--dry-run").startswith("scan.started: 5 would be forgotten; kept for 0 days, ")
    free = why_confined() is None
    if free:
        assert "holds" in home.done("hold", "set", "--types", "scan.*", "--why", "case 7")
        assert "scan.started: 0 would be forgotten, 5 held" in home.done("prune", "--dry-run")
        (hold,) = home.document("hold", "list")["holds"]
        assert "lifted by" in home.done("hold", "lift", hold["id"][:4], "--why", "closed")
        assert home.done("hold", "list") == "nothing is held\n"
    found = home.document("prune")
    assert [(each["type"], each["events"]) for each in found["types"]] == [("scan.started", 5)]
    assert b'"scan":"' not in b"".join(each.read_bytes() for each in home.state.iterdir() if each.is_file())
    assert home.done("verify").startswith("whole: ")
    done = home.run("prove", "endpoint:1", "--with-body")
    assert (done.returncode, "its body was forgotten" in done.stderr) == (2, True)
    assert home.run("prove", "endpoint:1").returncode == 0


def test_a_key_that_others_can_read_is_refused(home: Home) -> None:
    home.done("checkpoint")
    (home.state / "ledger.key").chmod(0o644)
    done = home.run("checkpoint")
    assert (done.returncode, "others can get at it" in done.stderr) == (2, True)

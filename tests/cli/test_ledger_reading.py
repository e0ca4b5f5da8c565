"""`ledger show` and `ledger export`, as people use them, on real files and by real processes."""

import json
import os
import pty
import re
import select
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import forked
from ledgers import opened, scan
from ringfence.app.documents import SCHEMA_FOLDER
from ringfence.core.action_types import Durability
from ringfence.core.decisions import Decision, Effect, Mode, Place, Reason, Section
from ringfence.core.standings import Standing, StandingWord
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.grant_revoked import GrantRevoked
from ringfence.ledger.events.scan_started import ScanStarted
from ringfence.ledger.events.thing import Thing, ThingKind
from ringfence.ledger.events.thing_appeared import ThingAppeared
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.events.thing_vanished import ThingVanished
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.values import Foreign

_STREAM = "endpoint/0193aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
_NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
_HOSTILE = "a\x1b[2J\r\n\u202eb\u2028c\x85 | = \\ \udcff"


@pytest.fixture
def ledger(ledger_file: Path) -> Iterator[Ledger]:
    found = opened(ledger_file, clock=lambda: _NOON)
    yield found
    found.close()


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def environment(file: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(file.parent), "RINGFENCE_LEDGER": str(file), "LC_ALL": "C.UTF-8"}


def ringfence(file: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return forked.ringfence("ledger", *arguments, env=environment(file))


def add(ledger: Ledger, *events: Any, stream: str = _STREAM) -> None:
    for each in events:
        ledger.append(each, stream=stream, durability=Durability.WRITTEN)


def refused(host: str, agent: str = "claude") -> DecisionMade:
    reason = Reason(
        section=Section.AGENTS,
        effect=Effect.DENY,
        mode=Mode.ENFORCE,
        rule="no-evil",
        at=Place(file="ringfence.yaml", line=31),
    )
    return DecisionMade(
        action={"action": "host.connect", "agent": agent, "host": host, "port": 443},
        decision=Decision(effect=Effect.DENY, mode=Mode.ENFORCE, reasons=(reason,), policy_digest="ab" * 32),
        proceeds=False,
    )


def model(name: str, word: StandingWord) -> Thing:
    standing = Standing(
        word=word, effect=Effect.ALLOW, mode=Mode.OBSERVE, section=Section.MODELS, rule=None, at=None
    )
    return Thing(kind=ThingKind.MODEL, id=name, facts={"name": name}, standing=standing)


def test_an_event_is_a_line_that_is_read_at_a_glance(ledger: Ledger, ledger_file: Path) -> None:
    add(ledger, refused("evil.example"), scan("s"))
    add(ledger, GrantRevoked(grant="12345678-9", operator="ann"), stream="other")
    done = ringfence(ledger_file, "show")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "2026-01-31 12:00:00Z  endpoint:1      host.connect refused  evil.example:443 by claude  "
        "[deny, enforce]  ringfence.yaml:31 no-evil\n"
        "2026-01-31 12:00:00Z  endpoint:2      scan started  /home\n"
        "2026-01-31 12:00:00Z  other:1         grant 12345678 revoked by ann\n"
    )


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (("--type", "decision.made"), [1, 3]),
        (("--type", "scan.*", "--type", "grant.revoked"), [2]),
        (("--agent", "cl*"), [1]),
        (("--grep", "EVIL.example"), [1]),
        (("--limit", "2"), [2, 3]),
        (("--since", "2026-01-31", "--until", "2026-02-01"), [1, 2, 3]),
        (("--since", "2026-02-01"), []),
        (("--until", "2026-01-31T13:00+01:00"), []),
        (("--stream", "endpoint"), [1, 2, 3]),
        (("--stream", "e*"), [1, 2, 3]),
        (("--stream", "o*"), []),
    ],
)
def test_events_are_chosen(
    options: tuple[str, ...], seqs: list[int], ledger: Ledger, ledger_file: Path
) -> None:
    add(ledger, refused("evil.example"), scan("s"), refused("good.example", agent="other"))
    done = ringfence(ledger_file, "show", "--format", "jsonl", *options)
    assert (done.returncode, done.stderr) == (0, "")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    schema = json.loads((SCHEMA_FOLDER / "ledger-event-1.json").read_text())
    for each in found:
        jsonschema.validate(each, schema)
    assert [each["seq"] for each in found] == seqs


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--type", "decision.mad"), "did you mean decision.made?"),
        (("--since", "yesterday"), "try 2h, 7d or 2026-01-31"),
        (("--since", "9999-12-31T23:59-23:59"), "is no time"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), "the span begins at --since"),
        (("--limit", "0"), "is no number of events; try 100"),
        (("--limit", "99999999"), "is no number of events; try 100"),
        (("--follow", "--until", "1h"), "leave out --until, or --follow"),
        (("--verbose", "--json"), "JSON has all fields anyway"),
        (("--grep", ""), "name one to 300 characters"),
        (("--stream", "nowhere"), "streams here: endpoint/"),
        (("--agent", "["), "hint"),
        (("endpoint:1", "--limit", "1"), "leave them out, or leave out STREAM:SEQ"),
        (("endpoint:9",), "ringfence ledger show lists them"),
        (("endpoint",), "an event is named as ringfence ledger show does: endpoint:17"),
        (("nowhere:1",), "streams here: endpoint/"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(
    options: tuple[str, ...], told: str, ledger: Ledger, ledger_file: Path
) -> None:
    add(ledger, scan("s"))
    done = ringfence(ledger_file, "show", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_one_event_shows_all_its_fields(ledger: Ledger, ledger_file: Path) -> None:
    add(ledger, GrantRevoked(grant="g", operator="ann", note=Foreign(text=_HOSTILE, cut=3)))
    done = ringfence(ledger_file, "show", "endpoint:1")
    lines = done.stdout.splitlines()
    assert [lines[1], *lines[-5:]] == [
        '  type: "grant.revoked/1"',
        '  grant: "g"',
        '  operator: "ann"',
        '  note (untrusted): "a\\x1b[2J\\x0d\\x0a\\u{202e}b\\u{2028}c\\x85 | = \\\\ \\xff"',
        *[each for each in lines if "outside ASCII" in each],
        "  note, characters left out: 3",
    ]
    assert ringfence(ledger_file, "show", "--verbose").stdout == done.stdout
    (told,) = [json.loads(ringfence(ledger_file, "show", "endpoint:1", "--json").stdout)]
    assert told["body"]["operator"] == "ann"


def test_with_since_it_ends_with_what_became_of_things(ledger: Ledger, ledger_file: Path) -> None:
    good, bad = StandingWord.APPROVED, StandingWord.FORBIDDEN
    add(
        ledger,
        ThingAppeared(scan="s", thing=model("new", good)),
        ThingAppeared(scan="s", thing=model("brief", good)),
        ThingVanished(scan="s", thing=model("brief", good)),
        ThingVanished(scan="s", thing=model("old", good)),
        ThingChanged(
            scan="s",
            thing=model("llama", bad),
            changed=("license", "standing"),
            standing_before=model("llama", good).standing,
        ),
    )
    shown = ringfence(ledger_file, "show", "--since", "2026-01-31").stdout.splitlines()
    assert shown[5:] == [
        "in that time 1 appeared, 1 changed, 1 vanished:",
        "  appeared       model     new  approved",
        "  changed        model     llama  (license, standing)  approved before, now forbidden",
        "  vanished       model     old  approved",
        "  came and went  model     brief  approved",
    ]
    document = json.loads(ringfence(ledger_file, "show", "--since", "2026-01-31", "--json").stdout)
    jsonschema.validate(document, json.loads((SCHEMA_FOLDER / "ledger-show-1.json").read_text()))
    assert [document["news"][each] for each in ("appeared", "changed", "vanished")] == [1, 1, 1]
    assert len(document["events"]) == 5
    for part in ("--grep", "new"), ("--agent", "none"), ("--type", "thing.appeared"):
        done = ringfence(ledger_file, "show", "--since", "2026-01-31", *part)
        assert "in that time" not in done.stdout  # of a part of the events nothing can be said
        assert done.stderr == (
            f"what appeared, changed and vanished then is not summed up: {part[0]} leaves events out\n"
        )
    assert ringfence(ledger_file, "show", "--grep", "new").stderr == ""


def test_a_scan_of_many_places_is_told_by_the_first_and_their_number(
    ledger: Ledger, ledger_file: Path
) -> None:
    add(
        ledger,
        *(ScanStarted(scan="s", scope=scope, tool_version="1") for scope in (("/a", "/b", "/c"), ("/d",))),
    )
    lines = ringfence(ledger_file, "show").stdout.splitlines()
    assert [line.partition("  scan started  ")[2] for line in lines] == ["/a and 2 other places", "/d"]


def test_what_was_forgotten_or_is_newer_is_said_to_be(ledger: Ledger, ledger_file: Path) -> None:
    add(ledger, scan("secret"), scan("s"))
    ledger.forget([1])
    ledger.close()
    with sqlite3.connect(ledger_file) as database:
        database.execute("UPDATE events SET type = 'thing.melted/3' WHERE seq = 2")
    shown = ringfence(ledger_file, "show").stdout
    assert re.sub(".*endpoint", "endpoint", shown).splitlines() == [
        "endpoint:1      scan.started, forgotten as the policy says",
        "endpoint:2      thing.melted, of a kind that this ringfence does not know",
    ]
    first, second = map(json.loads, ringfence(ledger_file, "show", "--format", "jsonl").stdout.splitlines())
    assert (first["state"], first["body"]) == ("forgotten", None)
    assert (second["state"], second["body"]["scan"]) == ("unknown", "s")


def test_no_ledger_an_empty_one_and_one_that_is_not_there(tmp_path: Path, ledger_file: Path) -> None:
    nowhere = environment(ledger_file)
    del nowhere["RINGFENCE_LEDGER"]
    none = subprocess.run(
        [sys.executable, "-m", "ringfence.cli.main", "ledger", "show"],
        env={**nowhere, "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (none.returncode, none.stdout, none.stderr) == (0, "nothing is recorded yet\n", "")
    missing = ringfence(ledger_file, "show")
    assert missing.returncode == 3
    assert missing.stderr.splitlines()[0].endswith("ledger.sqlite: there is no ledger")
    ledger_file.touch()
    assert ringfence(ledger_file, "show").stdout == "nothing is recorded yet\n"
    ledger_file.write_bytes(b"this is no database, and longer than its header would be" * 20)
    assert ringfence(ledger_file, "show").returncode == 3
    export = ringfence(ledger_file, "export", "--format", "cef")
    assert (export.returncode, export.stdout) == (3, "")


@pytest.mark.parametrize(
    "arguments",
    [("show",), ("show", "--limit", "50"), ("show", "--json"), ("export", "--format", "jsonl")],
    ids=str,
)
def test_of_a_damaged_ledger_the_good_part_is_shown(
    arguments: tuple[str, ...], ledger: Ledger, ledger_file: Path
) -> None:
    add(ledger, *(scan(f"s{number}") for number in range(20)))
    ledger.close()
    with sqlite3.connect(ledger_file) as database:
        database.execute("UPDATE events SET body = x'00' WHERE seq = 11")
    done = ringfence(ledger_file, *arguments)
    assert done.returncode == 3
    assert "ringfence: error: an event's body is not JSON\n" in done.stderr
    if "--json" in arguments:
        document = json.loads(done.stdout)
        assert (document["complete"], len(document["events"])) == (False, 10)
        assert document["trouble"] == "an event's body is not JSON"
    elif arguments[0] == "show":
        assert len(done.stdout.splitlines()) == 10
    else:
        assert "10 events exported" in done.stderr or "11 events exported" in done.stderr


def following(file: Path, *options: str, **more: Any) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "ringfence.cli.main", "ledger", "show", "--follow", *options]
    return subprocess.Popen(command, env=environment(file), stderr=subprocess.PIPE, bufsize=0, **more)


def test_who_follows_sees_each_event_as_it_comes(ledger: Ledger, ledger_file: Path) -> None:
    add(ledger, scan("a"))
    with following(ledger_file, "--json", stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["body"]["scan"] == "a"
        for name in ("b", "c"):
            add(ledger, scan(name))
            told = json.loads(running.stdout.readline())
            assert (told["schema"], told["body"]["scan"]) == ("ringfence.ledger-event/1", name)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate()
    assert (running.returncode, out, error) == (130, b"", b"")


def test_who_follows_ends_when_nobody_reads_any_more(ledger: Ledger, ledger_file: Path) -> None:
    add(ledger, scan("a"))
    with following(ledger_file, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert b"scan started" in running.stdout.readline()
        running.stdout.close()
        assert running.stderr is not None
        assert (running.wait(), running.stderr.read()) == (0, b"")


def test_a_ledger_that_is_not_there_yet_can_be_followed(ledger: Ledger, ledger_file: Path) -> None:
    with following(ledger_file, "--stream", "endpoint", stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        add(ledger, scan("a"))
        assert b"scan started" in running.stdout.readline()
        running.terminate()


def test_a_terminal_is_never_wrapped_nor_moved(ledger: Ledger, ledger_file: Path) -> None:
    add(ledger, refused(_HOSTILE * 20, agent="\u4e2d" * 100))
    main, side = pty.openpty()
    with following(ledger_file, stdout=side, stdin=side, start_new_session=True) as running:
        os.close(side)
        shown = b""
        while b"\n" not in shown and select.select([main], [], [], 120)[0]:
            shown += os.read(main, 4096)
        running.terminate()
    os.close(main)
    line = shown.decode().removesuffix("\r\n")
    assert line.isprintable()
    assert line.startswith("2026-01-31 12:00:00Z  endpoint:1 ")
    assert len(line) <= 80
    assert line.endswith("…")


def test_an_export_goes_into_a_file_and_says_how_much(ledger: Ledger, ledger_file: Path) -> None:
    add(ledger, refused("evil.example"), scan("s"))
    target = ledger_file.with_name("events.jsonl")
    done = ringfence(ledger_file, "export", "--format", "ocsf", "-o", str(target))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "1 event exported; this format has no place for 1 scan.started\n"
    (line,) = target.read_text().splitlines()
    assert json.loads(line)["class_uid"] == 4001
    failed = ringfence(ledger_file, "export", "--format", "cef", "-o", str(target / "no"))
    assert failed.returncode == 2
    assert "name a file in a folder that exists" in failed.stderr


def test_an_export_is_for_nobody_else_to_read_and_goes_where_no_link_leads(
    ledger: Ledger, ledger_file: Path
) -> None:
    add(ledger, refused("evil.example"))
    target = ledger_file.with_name("events.jsonl")
    export = ("export", "--format", "cef", "-o")
    before = os.umask(0o022)
    try:
        assert ringfence(ledger_file, *export, str(target)).returncode == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    kept = ledger_file.with_name("kept")
    kept.write_text("kept")
    link = ledger_file.with_name("link")
    link.symlink_to(kept)
    done = ringfence(ledger_file, *export, str(link))
    assert (done.returncode, kept.read_text()) == (2, "kept")
    assert "it is a link, which is not followed" in done.stderr
    assert ringfence(ledger_file, *export, "/dev/stdout").stdout == target.read_text()

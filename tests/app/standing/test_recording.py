"""What scans leave in the ledger: what is new, and nothing twice."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.app.ledger.prune import prune
from ringfence.app.standing import comparing
from ringfence.app.standing.looked import looked_by
from ringfence.core.inventory import ScanRecord, Skipped
from ringfence.ledger.codec import encode
from ringfence.ledger.events.thing_changed import ThingChanged
from ringfence.ledger.recorded import recorded_of
from standing_home import STREAM, Endpoint, pickled

_STARTED, _FINISHED = ("scan.started",), ("scan.finished",)


@pytest.fixture
def endpoint(tmp_path: Path) -> Endpoint:
    made = Endpoint(tmp_path)
    pickled(made.home / "models" / "one.pkl")
    pickled(made.home / "other" / "two.pkl", 1.5)
    return made


def test_a_first_scan_records_all_there_is_and_a_second_one_nothing_more(endpoint: Endpoint) -> None:
    first = endpoint.scan()
    appeared = [("thing.appeared", "one.pkl"), ("thing.appeared", "two.pkl")]
    assert endpoint.news() == [_STARTED, *appeared, _FINISHED]
    assert first.record == ScanRecord(scan="a-scan", stream=STREAM, appeared=2, changed=0, vanished=0)
    second = endpoint.scan()
    assert endpoint.news(4) == [_STARTED, _FINISHED]
    assert second.record == ScanRecord(scan="a-scan", stream=STREAM, appeared=0, changed=0, vanished=0)
    assert endpoint.told == []


def test_a_scan_s_scope_is_told_without_what_is_a_secret_in_its_paths(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    endpoint = Endpoint(tmp_path)
    pickled(endpoint.home / token / "one.pkl")
    endpoint.scan(endpoint.home / token)
    (started,) = (each.event for each in endpoint.recorded() if each.type == "scan.started/1")
    assert started is not None
    assert token not in str(started)
    assert "[cut]" in str(started)


@pytest.mark.parametrize(
    ("types", "left"),
    [
        ("thing.*", [None, "thing.appeared", None]),
        ("thing.vanished", ["thing.appeared", "thing.appeared", "thing.vanished"]),
    ],
)
def test_pruning_makes_nothing_appear_or_vanish_again(tmp_path: Path, types: str, left: list[str]) -> None:
    keeps = f"version: 1\nretention: {{mode: enforce, events: [{{types: '{types}', days: 0}}]}}\n"
    endpoint = Endpoint(tmp_path, keeps)
    pickled(endpoint.home / "gone.pkl")
    pickled(endpoint.home / "there.pkl")
    endpoint.scan()
    (endpoint.home / "gone.pkl").unlink()
    endpoint.scan()
    prune(endpoint.door, dry_run=False)
    things = [each for each in endpoint.recorded() if each.type.startswith("thing.")]
    assert [each.event and each.type.removesuffix("/1") for each in things] == left
    before = len(endpoint.recorded())
    endpoint.scan()
    assert endpoint.news(before) == [_STARTED, _FINISHED]
    (endpoint.home / "there.pkl").unlink()
    endpoint.scan()
    assert endpoint.news(before + 2) == [_STARTED, ("thing.vanished", "there.pkl"), _FINISHED]


def test_of_what_was_told_only_what_is_compared_is_read_whole(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.scan()
    read = []
    monkeypatch.setattr(comparing, "recorded_of", lambda row: read.append(row.seq) or recorded_of(row))
    endpoint.scan(endpoint.home / "other")
    assert read == [3]
    (endpoint.home / "other" / "two.pkl").unlink()
    endpoint.scan(endpoint.home / "other")
    assert read == [3, 3]
    assert endpoint.news(6) == [_STARTED, ("thing.vanished", "two.pkl"), _FINISHED]


def test_what_is_removed_has_vanished_once(endpoint: Endpoint) -> None:
    endpoint.scan()
    (endpoint.home / "models" / "one.pkl").unlink()
    endpoint.scan()
    endpoint.scan()
    assert endpoint.news(4) == [_STARTED, ("thing.vanished", "one.pkl"), _FINISHED, _STARTED, _FINISHED]


def test_what_comes_back_appears_again(endpoint: Endpoint) -> None:
    endpoint.scan()
    kept = (endpoint.home / "models" / "one.pkl").rename(endpoint.folder / "kept")
    endpoint.scan()
    kept.rename(endpoint.home / "models" / "one.pkl")
    endpoint.scan()
    assert endpoint.news(7) == [_STARTED, ("thing.appeared", "one.pkl"), _FINISHED]


def test_what_is_another_now_has_changed_in_the_facts_that_are_others(endpoint: Endpoint) -> None:
    endpoint.scan()
    pickled(endpoint.home / "models" / "one.pkl", "longer than before")
    endpoint.scan()
    assert endpoint.news(4) == [_STARTED, ("thing.changed", "one.pkl", "size_bytes"), _FINISHED]


def test_a_smaller_scan_makes_nothing_vanish_that_it_did_not_look_at(endpoint: Endpoint) -> None:
    endpoint.scan()
    (endpoint.home / "models" / "one.pkl").unlink()
    (endpoint.home / "other" / "two.pkl").unlink()
    endpoint.scan(endpoint.home / "other")
    assert endpoint.news(4) == [_STARTED, ("thing.vanished", "two.pkl"), _FINISHED]


def test_scans_of_different_scopes_tell_of_the_same_things(endpoint: Endpoint) -> None:
    endpoint.scan(endpoint.home / "models")
    endpoint.scan()
    endpoint.scan(endpoint.home / "models" / "one.pkl")
    one, two = ("thing.appeared", "one.pkl"), ("thing.appeared", "two.pkl")
    news = [_STARTED, one, _FINISHED, _STARTED, two, _FINISHED, _STARTED, _FINISHED]
    assert endpoint.news() == news


def test_a_scan_of_this_machine_makes_nothing_vanish_from_a_disk_that_was_scanned_before(
    endpoint: Endpoint,
) -> None:
    disk = endpoint.folder / "disk"
    pickled(disk / "three.pkl")
    here = endpoint.scan()
    endpoint.scan(home=disk)
    known = {
        str(each.event.thing.facts["name"]): each.event.thing
        for each in endpoint.recorded()
        if hasattr(each.event, "thing")
    }
    looked = looked_by(here, endpoint.book().paths, whole=True, system=True, installed=True, listening=None)
    assert not looked.misses(known["three.pkl"])
    (disk / "three.pkl").unlink()
    assert looked.misses(known["three.pkl"])


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_what_lies_in_a_folder_that_is_closed_now_has_not_vanished(endpoint: Endpoint) -> None:
    endpoint.scan()
    (endpoint.home / "models").chmod(0)
    endpoint.scan()
    (endpoint.home / "models").chmod(0o700)
    assert endpoint.news(4) == [_STARTED, _FINISHED]


@pytest.mark.parametrize("subject", ["{home}/models", "{home}/models/one.pkl", "{home}/elsewhere, …"])
def test_what_lies_where_a_scan_could_not_look_has_not_vanished(endpoint: Endpoint, subject: str) -> None:
    inventory = endpoint.scan()
    (thing,) = (each.event.thing for each in endpoint.recorded()[1:2])
    shown = Skipped(kind="folder", subject=subject.format(home=endpoint.home), reason="closed")
    book = endpoint.book()
    for skipped, missed in ((), True), ((shown,), False):
        looked = looked_by(
            replace(inventory, skipped=skipped),
            book.paths,
            whole=True,
            system=False,
            installed=True,
            listening=None,
        )
        assert looked.misses(thing) is missed  # it is still there, but was not seen


def test_what_a_scan_no_longer_looks_into_has_not_vanished(endpoint: Endpoint) -> None:
    pickled(endpoint.home / "models" / "three.unknown")
    endpoint.scan(endpoint.home, min_size_bytes=1)
    endpoint.scan(endpoint.home)
    assert endpoint.news(5) == [_STARTED, _FINISHED]
    (endpoint.home / "models" / "three.unknown").unlink()
    endpoint.scan(endpoint.home)
    assert endpoint.news(7) == [_STARTED, ("thing.vanished", "three.unknown"), _FINISHED]


def test_a_scan_that_looks_less_closely_makes_nothing_unknown_that_was_known(endpoint: Endpoint) -> None:
    endpoint.scan(hashed=True, judge=True)
    endpoint.scan()
    assert endpoint.news(4) == [_STARTED, _FINISHED]
    pickled(endpoint.home / "models" / "one.pkl", "longer than before")
    endpoint.scan()
    changed = ("digest", "findings", "size_bytes", "verdict")
    assert endpoint.news(6) == [_STARTED, ("thing.changed", "one.pkl", *changed), _FINISHED]


def test_another_policy_changes_where_things_stand_and_a_line_that_moved_does_not(tmp_path: Path) -> None:
    endpoint = Endpoint(tmp_path, "version: 1\n")
    pickled(endpoint.home / "one.pkl")
    endpoint.scan()
    document = "version: 1\nmodels: {rules: [{id: no, match: {format: pickle}, then: deny}]}\n"
    (tmp_path / "system.yaml").write_text(document)
    endpoint.scan()
    assert endpoint.news(3) == [_STARTED, ("thing.changed", "one.pkl", "standing"), _FINISHED]
    (event,) = (each.event for each in endpoint.recorded(4)[:1])
    assert isinstance(event, ThingChanged)
    assert (event.standing_before.word, event.thing.standing.word) == ("unreviewed", "forbidden")
    assert str(event.thing.standing.at) == f"{tmp_path}/system.yaml:2"
    (tmp_path / "system.yaml").write_text(f"# moved\n{document}")
    endpoint.scan()
    assert endpoint.news(6) == [_STARTED, _FINISHED]


def test_a_verdict_that_is_known_counts_in_scans_that_do_not_judge(tmp_path: Path) -> None:
    document = "version: 1\nmodels: {rules: [{id: clean, match: {verdict: clean}, then: ask}]}\n"
    endpoint = Endpoint(tmp_path, document)
    pickled(endpoint.home / "one.pkl")
    endpoint.scan(judge=True)
    (tmp_path / "system.yaml").write_text(document.replace("ask", "deny"))
    endpoint.scan()
    last = endpoint.recorded()[-2].event
    assert (last.changed, last.thing.standing.word, last.thing.standing.unknown) == (
        ("standing",),
        "forbidden",
        (),
    )


def test_no_record_names_the_person_whose_home_it_is(endpoint: Endpoint) -> None:
    endpoint.scan()
    bodies = b"".join(encode(each.event) for each in endpoint.recorded())
    assert b"/ann/" not in bodies
    place = f"{endpoint.folder}/home/~subject-nna/models/one.pkl"
    assert json.dumps(place).encode() in bodies


def test_a_ledger_that_takes_nothing_costs_the_record_and_nothing_else(endpoint: Endpoint) -> None:
    endpoint.door.policy()
    endpoint.door.ledger.close()
    for each in (endpoint.folder / "state").glob("ledger*"):
        each.unlink()
    (endpoint.folder / "state" / "ledger.sqlite").mkdir()
    inventory = endpoint.scan()
    assert [model.name for model in inventory.models] == ["one.pkl", "two.pkl"]
    assert (inventory.complete, inventory.record) == (True, None)
    (reason,) = inventory.unsettled
    assert reason.startswith("not recorded: ")
    assert endpoint.told == [f"what was seen is {reason}"]


def test_without_a_policy_that_loads_things_are_recorded_as_they_stood(endpoint: Endpoint) -> None:
    endpoint.scan()
    (endpoint.folder / "state" / "policies").rename(endpoint.folder / "gone")
    endpoint.door = Endpoint(endpoint.folder / "again", "version: 1\nmodells: {}\n").door
    inventory = endpoint.scan()
    assert [each.standing for each in inventory.models] == [None, None]
    assert inventory.unsettled[0].startswith("not judged by a policy: ")

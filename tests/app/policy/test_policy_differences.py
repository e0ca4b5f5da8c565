"""What another edition makes possible, put into words: of boxes beside all else."""

from deciding import NOW
from loading import of_tier
from ringfence.app.policy.diff import Change, compare
from ringfence.core.decisions import Mode
from ringfence.policy.load import load
from ringfence.policy.policy import Policy


def edition(*rules: str, mode: str = "observe") -> Policy:
    return load([of_tier(f"version: 1\nagents: {{mode: {mode}, rules: [{', '.join(rules)}]}}\n")])


def told(changes: tuple[Change, ...]) -> list[tuple[str, bool, str]]:
    return [(each.what, each.in_box, each.after.outcome) for each in changes]


def test_what_only_boxes_may_do_is_said_to_be_so() -> None:
    rule = "{id: r, actions: host.connect, match: {host: a.test}, then: allow}"
    found = compare(edition(), edition(rule), started_at=NOW)
    assert found.wider
    assert told(found.possible) == [
        ("in a box: connecting to a host if the host is `a.test`", True, "happens")
    ]
    assert found.possible[0].after.mode is Mode.ENFORCE
    back = compare(edition(rule), edition(), started_at=NOW)
    assert (back.wider, len(back.impossible)) == (False, 1)


def test_a_rule_that_opens_more_in_a_box_and_outside_is_told_for_each() -> None:
    denies = "{id: d, actions: host.connect, match: {host: a.test}, then: deny, mode: MODE}"
    also = "{id: a, actions: host.connect, match: {host: '*.test'}, then: allow}"
    before, after = (
        edition(denies.replace("MODE", mode), also, mode="enforce") for mode in ("enforce", "observe")
    )
    found = compare(before, after, started_at=NOW)
    assert told(found.possible) == [("connecting to a host if the host is `a.test`", False, "happens")]
    assert told(found.impossible) == []

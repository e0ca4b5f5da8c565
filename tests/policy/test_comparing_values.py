"""What another policy's values allow: found whenever somebody may more, or something is kept longer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import NOW
from loading import of_tier
from ringfence.app.policy.diff import compare
from ringfence.core.actions import FieldKind
from ringfence.core.decisions import Place
from ringfence.core.limits import LIMITS
from ringfence.policy import comparing_values
from ringfence.policy.comparing_values import value_gains
from ringfence.policy.globs import glob
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.values import Approver, BreakGlass, Hold, Keep, Operators, Retention

often = settings(max_examples=150, deadline=None)
EMPTY = load([of_tier("version: 1\n")])

NAMES = ("alice", "bob", "group:ops")
EVENTS = ("decision.made", "decision.x", "scan.started", "other")
TYPES = ("model.use", "model.pull", "tool.call")
STREAMS = ("approvals", "decisions")

places = st.builds(Place, file=st.just("p.yaml"), line=st.integers(1, 9))
who = st.lists(st.sampled_from((*NAMES, "*", "group:*", "?ob")), min_size=1, max_size=2).map(tuple)
what = st.lists(st.sampled_from((*TYPES, "*", "model.*")), max_size=2).map(tuple)
few = st.none() | st.integers(1, 3)
event_types = st.sampled_from((*EVENTS, "decision.*", "*"))
approvers = st.builds(Approver, who=who, what=what, uses=few, lasts_s=few, at=places)
glasses = st.builds(BreakGlass, who=who, lasts_s=st.integers(1, 3), at=places)
keeps = st.builds(Keep, types=event_types, days=st.integers(0, 3), at=places)
untils = st.none() | st.integers(-1, 3).map(lambda days: NOW + timedelta(days=days))
holds = st.builds(
    Hold,
    streams=st.sampled_from((*STREAMS, "*")),
    types=event_types,
    until=untils,
    why=st.just("case 12"),
    at=places,
)
collected = st.lists(st.sampled_from(("keystrokes", "screen")), unique=True).map(tuple)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    document = replace(
        EMPTY.document,
        operators=Operators(
            approve=tuple(draw(st.lists(approvers, max_size=3))),
            four_eyes=draw(what),
            break_glass=tuple(draw(st.lists(glasses, max_size=2))),
        ),
        retention=Retention(
            events=tuple(draw(st.lists(keeps, max_size=3))),
            holds=tuple(draw(st.lists(holds, max_size=3))),
        ),
        never_collected=draw(collected),
    )
    return Policy(document)


def fits(patterns: tuple[str, ...], text: str) -> bool:
    return any(glob(each, FieldKind.TEXT).fits(text) for each in patterns)


def may_do(policy: Policy) -> set[tuple[object, ...]]:
    """Everything that it allows among few names and amounts, said one by one; 4 is no end."""
    approvals = {
        ("operators.approve", name, of, uses, lasts)
        for each in policy.operators.approve
        for name in NAMES
        for of in TYPES
        if fits(each.who, name) and fits(each.what, of)
        for uses in range(1, (each.uses or 4) + 1)
        for lasts in range(1, (each.lasts_s or 4) + 1)
    }
    alone = {("operators.four_eyes", of) for of in TYPES if not fits(policy.operators.four_eyes, of)}
    emergencies = {
        ("operators.break_glass", name, lasts)
        for name in NAMES
        for glass in [each for each in policy.operators.break_glass if fits(each.who, name)][:1]
        for lasts in range(1, glass.lasts_s + 1)
    }
    kept = {
        ("retention.events", of, day)
        for of in EVENTS
        for day in range(next((k.days for k in policy.retention.events if fits((k.types,), of)), 4))
    }
    free = {
        ("retention.legal_hold", stream, of, day)
        for stream in STREAMS
        for of in EVENTS
        for day in range(5)
        if not any(
            fits((each.streams,), stream)
            and fits((each.types,), of)
            and (each.until is None or NOW + timedelta(days=day) < each.until)
            for each in policy.retention.holds
        )
    }
    taken = {
        ("retention.never_collected", text)
        for text in ("keystrokes", "screen")
        if text not in policy.never_collected
    }
    return approvals | alone | emergencies | kept | free | taken


@often
@given(policies(), policies())
def test_whatever_is_allowed_beyond_the_other_is_found(old: Policy, new: Policy) -> None:
    found = value_gains(old, new, now=NOW)
    assert found.undecided == ()
    assert {each[0] for each in may_do(new) - may_do(old)} <= {each.about for each in found.found}


@often
@given(policies())
def test_a_policy_differs_from_itself_in_nothing(policy: Policy) -> None:
    result = compare(policy, policy, started_at=NOW)
    assert (result.wider, result.wider_values, result.narrower_values) == (False, (), ())


@often
@given(policies(), policies())
def test_what_is_wider_one_way_is_narrower_the_other(old: Policy, new: Policy) -> None:
    there, back = compare(old, new, started_at=NOW), compare(new, old, started_at=NOW)
    for wider, narrower in (
        (there.wider_values, back.narrower_values),
        (back.wider_values, there.narrower_values),
    ):
        assert [(each.about, each.before, each.after, each.before_at, each.after_at) for each in wider] == [
            (each.about, each.after, each.before, each.after_at, each.before_at) for each in narrower
        ]


BASE = """
    version: 1
    retention:
      events: [{types: "decision.*", days: 365}, {types: "*", days: 90}]
      legal_hold: [{streams: "*", types: "*", until: 2027-01-01, why: case 12}]
      never_collected: [keystrokes, screen]
    operators:
      approve: [{who: [alice, "group:ops"], what: [model.use], up_to: {uses: 10, lasts: 8h}}]
      four_eyes: [credential.use, tool.call]
      break_glass: {who: [bob], lasts: 1h}
      notify: {desktop: true, webhook: [{url: "https://chat.example.com/1", secret: /etc/key}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "about", "before", "after"),
    [
        (
            "[alice,",
            "[alice, carol,",
            "operators.approve",
            "nothing lets `carol` approve `model.use`",
            "`alice`, `carol` or `group:ops` may approve `model.use`, at most 10 uses, for at most 8 hours",
        ),
        (
            "[model.use]",
            "[model.*]",
            "operators.approve",
            "nothing lets `alice` approve `model.pull`",
            "`alice` or `group:ops` may approve `model.*`, at most 10 uses, for at most 8 hours",
        ),
        (
            "{uses: 10, lasts: 8h}",
            "{uses: 10}",
            "operators.approve",
            "`alice` or `group:ops` may approve `model.use`, at most 10 uses, for at most 8 hours",
            "`alice` or `group:ops` may approve `model.use`, at most 10 uses",
        ),
        (
            "uses: 10",
            "uses: 11",
            "operators.approve",
            "`alice` or `group:ops` may approve `model.use`, at most 10 uses, for at most 8 hours",
            "`alice` or `group:ops` may approve `model.use`, at most 11 uses, for at most 8 hours",
        ),
        (
            "[credential.use, tool.call]",
            '["tool.*"]',
            "operators.four_eyes",
            "four eyes for `credential.use`",
            "no four eyes for `credential.use`",
        ),
        (
            "lasts: 1h",
            "lasts: 2h",
            "operators.break_glass",
            "`bob` may let everything pass for 1 hour",
            "`bob` may let everything pass for 2 hours",
        ),
        (
            "[bob]",
            "[bob, dave]",
            "operators.break_glass",
            "nothing lets `dave` break the glass",
            "`bob` or `dave` may let everything pass for 1 hour",
        ),
        (
            "[{url:",
            '[{url: "https://other.example.com:8443/"}, {url:',
            "operators.notify",
            "nothing tells `other.example.com`",
            "`other.example.com:8443` is told by HTTPS, not signed",
        ),
        (
            "secret: /etc/key",
            "private: 10.0.0.0/8",
            "operators.notify",
            "`chat.example.com:443` is told by HTTPS, signed with the key in `/etc/key`",
            "`chat.example.com:443` is told by HTTPS, not signed, which may have the address `10.0.0.0/8`",
        ),
        ("days: 90", "days: 91", "retention.events", "`*` is kept for 90 days", "`*` is kept for 91 days"),
        (
            "2027-01-01",
            "2026-12-31",
            "retention.legal_hold",
            "`*` in `*` is held until the end of 2027-01-01. Why: \u201ccase 12\u201d",
            "`*` in `*` is held until the end of 2026-12-31. Why: \u201ccase 12\u201d",
        ),
        (
            "[keystrokes, screen]",
            "[screen]",
            "retention.never_collected",
            "\u201ckeystrokes\u201d is never collected",
            "nothing says so of \u201ckeystrokes\u201d",
        ),
    ],
)
def test_each_value_that_is_loosened_is_told(old: str, new: str, about: str, before: str, after: str) -> None:
    assert old in BASE
    one, other = (load([of_tier(text)]) for text in (BASE, BASE.replace(old, new)))
    there, back = (compare(*each, started_at=NOW) for each in ((one, other), (other, one)))
    assert [(each.about, each.before, each.after) for each in there.wider_values] == [(about, before, after)]
    assert (there.narrower_values, there.wider) == ((), True)
    assert [(each.about, each.before, each.after) for each in back.narrower_values] == [
        (about, after, before)
    ]
    assert (back.wider_values, back.wider) == ((), False)


def test_the_same_said_otherwise_is_no_difference() -> None:
    other = BASE.replace('"group:ops"]', '"group:ops", alice]').replace(
        '{types: "decision.*", days: 365}', '{types: "decision.**", days: 365}'
    )
    result = compare(load([of_tier(BASE)]), load([of_tier(other)]), started_at=NOW)
    assert (result.wider, result.wider_values, result.narrower_values) == (False, (), ())


def test_a_hold_that_has_ended_is_not_missed() -> None:
    one, other = load([of_tier(BASE)]), load([of_tier("version: 1\n")])
    ended = datetime(2027, 1, 2, tzinfo=UTC)
    now, then = ({each.about for each in value_gains(one, other, now=at).found} for at in (NOW, ended))
    assert now - then == {"retention.legal_hold"}


def test_what_takes_too_many_steps_is_not_decided_and_counts_as_wider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = load([of_tier(BASE)]), load([of_tier(BASE.replace("[alice,", "[carol,"))])
    monkeypatch.setattr(comparing_values, "LIMITS", replace(LIMITS, policy_compared=20))
    result = compare(one, other, started_at=NOW)
    assert "operators.approve: more than can be compared" in result.undecided
    assert (result.wider, result.complete) == (True, False)

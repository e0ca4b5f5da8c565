"""What another policy makes possible: found whenever a random action is let through that was not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import NOW
from drawn_policies import LATER, actions, many, modes, policy
from loading import of_tier
from often import examples
from ringfence.core.action_types import ACTION_TYPES, type_of
from ringfence.core.actions import HostConnect, ModelUse
from ringfence.core.decisions import Mode, Section
from ringfence.core.limits import LIMITS
from ringfence.policy import comparing
from ringfence.policy.comparing import Gains, gains, level
from ringfence.policy.load import load
from ringfence.policy.rule import Rule

often = settings(max_examples=examples(50), deadline=None)
exceptions = st.lists(st.booleans(), max_size=3)


@often
@given(many, many, modes, modes, exceptions, exceptions, st.lists(actions, min_size=20, max_size=20))
def test_whatever_is_newly_let_through_makes_the_policy_wider(
    one: list[Rule],
    other: list[Rule],
    named: dict[Section, Mode],
    others: dict[Section, Mode],
    excepted: list[bool],
    also: list[bool],
    tried: list[HostConnect | ModelUse],
) -> None:
    """Both policies share rules, so that much of it meets."""
    before = policy(one, named, excepted)
    after = policy([*one[1:], *other], others, also)
    result = gains(before, after, now=NOW)
    gained = {each.action_type for each in result.found}
    for at in (NOW, LATER):
        for each in tried:
            action = replace(each, agent="claude") if len(excepted) % 2 else each
            if level(after.decide(action, now=at)) < level(before.decide(action, now=at)):
                assert type_of(action).name in gained or result.undecided
            if isinstance(action, HostConnect):
                was, will = (level(each.decide(action, now=at, enforcing=True)) for each in (before, after))
                assert will >= was or "host.connect" in gained or result.undecided


@often
@given(many, many, modes, modes)
def test_everything_that_is_found_is_so(
    one: list[Rule], other: list[Rule], named: dict[Section, Mode], others: dict[Section, Mode]
) -> None:
    before, after = policy(one, named), policy([*one[1:], *other], others)
    for each in gains(before, after, now=NOW).found:
        was, will = (one.decide(each.action, now=each.at, enforcing=each.in_box) for one in (before, after))
        assert (was, will) == (each.before, each.after)
        assert level(will) < level(was) or will.obligations != was.obligations


@often
@given(many, modes, exceptions)
def test_a_policy_makes_nothing_possible_that_it_had_not(
    rules: list[Rule], named: dict[Section, Mode], excepted: list[bool]
) -> None:
    one = policy(rules, named, excepted)
    assert gains(one, policy(rules[::-1], named), now=NOW).found == () or any(excepted)
    assert gains(one, one, now=NOW) == Gains(
        found=(), undecided=(), times=comparing._times(one, one, now=NOW)
    )


BASE = """
    version: 1
    mode: enforce
    agents:
      profiles:
        claude:
          network:
            - {id: api, host: api.example.com, port: 443, methods: [POST], paths: [/v1/messages]}
          tools:
            - {id: mail, server: mail, tool: send, arguments: {to: "*@example.com"}}
          credentials:
            - {id: token, name: t, host: api.example.com, spend: 5 USD/day}
    exceptions: []
"""


def found(*edits: tuple[str, str]) -> set[tuple[str, str | None, str | None]]:
    """Types of actions with the rule that stops one before, and the one that lets it happen."""
    after = BASE
    for old, new in edits:
        assert old in after
        after = after.replace(old, new)
    result = gains(load([of_tier(BASE)]), load([of_tier(after)]), now=NOW)
    assert not result.undecided
    return {
        (each.action_type, each.before.reasons[0].rule, each.after.reasons[0].rule) for each in result.found
    }


def test_what_boxes_may_do_more_of_is_found_where_the_section_only_observes() -> None:
    observed = BASE.replace("mode: enforce", "mode: observe")
    wider = observed.replace("/v1/messages", "/v1/**")
    before, after = load([of_tier(observed)]), load([of_tier(wider)])
    found = gains(before, after, now=NOW).found
    assert {(each.action_type, each.in_box, each.after.reasons[0].rule) for each in found} == {
        ("http.request", True, "api:http")
    }
    assert gains(after, before, now=NOW).found == ()


def test_a_connection_that_nobody_reads_is_found_beside_one_that_is_read() -> None:
    raw = "network:\n            - {id: raw, host: api.example.com, port: 443, raw: true}"
    assert found(("network:", raw)) == {("host.connect", None, "raw")}


def test_an_allowance_that_is_tried_out_opens_no_box_and_opens_one_when_it_holds() -> None:
    text = "version: 1\nagents: {mode: warn, rules: [{id: r, match: {host: x}, then: allow MODE}]}\n"
    tried, held = (
        load([of_tier(text.replace(" MODE", mode))]) for mode in (", mode: observe", ", mode: warn")
    )
    opened = gains(tried, held, now=NOW).found
    assert {(each.action_type, each.in_box) for each in opened} >= {("host.connect", True)}
    assert gains(held, tried, now=NOW).found == ()


def test_what_is_found_with_and_without_boxes_is_told_once() -> None:
    """A rule that is tried out makes boxes be looked at; what it has nothing to do with is the same there."""
    also = "rules: [{match: {host: x}, then: deny, mode: observe}]"
    tried = BASE.replace("tools:", f"{also}\n          tools:")
    before, after = (load([of_tier(each)]) for each in (tried, tried.replace("/v1/messages", "/v1/**")))
    assert [(each.action_type, each.in_box) for each in gains(before, after, now=NOW).found] == [
        ("http.request", False)
    ]


def test_a_wider_pattern_is_found_by_the_rule_that_has_it() -> None:
    assert found(("/v1/messages", "/v1/**")) == {("http.request", None, "api:http")}
    assert found(("methods: [POST]", "methods: [POST, GET]")) == {("http.request", None, "api:http")}
    assert found(("host: api.example.com, port: 443", "host: api.example.com")) == {
        ("host.connect", None, "api"),
        ("http.request", None, "api:http"),
    }
    assert found(("/v1/messages", "/v1/messages/x")) == {("http.request", None, "api:http")}
    assert found(("[/v1/messages]", "[/v1/messages, /v1/messages]")) == set()


def test_arguments_of_tools_and_caps_count() -> None:
    assert found(("*@example.com", "*")) == {("tool.call", None, "mail")}
    assert found(("5 USD", "50 USD")) == {("credential.use", "token", "token")}
    assert found(("5 USD", "4 USD")) == set()


def test_what_only_an_exception_or_a_later_day_lets_happen_is_found_from_then_on() -> None:
    denied = BASE.replace("agents:", "agents:\n      rules: [{id: no, match: {host: '*'}, then: deny}]")
    excepted = denied.replace(
        "exceptions: []",
        "exceptions: [{id: e, rule: no, match: {agent: claude}, asked_by: a, reviewed_by: b, why: c,"
        " until: 2026-12-01}]",
    )
    result = gains(load([of_tier(denied)]), load([of_tier(excepted)]), now=NOW)
    assert {(each.action_type, each.at) for each in result.found} == {
        ("host.connect", NOW),
        ("http.request", NOW),
        ("credential.use", NOW),
    }
    again = gains(load([of_tier(excepted)]), load([of_tier(denied)]), now=NOW)
    assert again.found == ()
    assert gains(load([of_tier(denied)]), load([of_tier(excepted)]), now=result.times[1]).found == ()
    short = BASE.replace("claude:", "claude:\n          approved_until: 2026-12-01")
    long = BASE.replace("claude:", "claude:\n          approved_until: 2027-12-01")
    later = gains(load([of_tier(short)]), load([of_tier(long)]), now=NOW)
    assert [(each.action_type, each.at.isoformat()) for each in later.found] == [
        ("agent.run", "2026-12-02T00:00:00+00:00")
    ]


def test_another_trust_is_not_decided_and_the_same_hides_nothing() -> None:
    trust = "\n      trust: {rules: [{id: w, effect: write, require: {min: user}, else: ask}]}"
    one = BASE.replace("agents:", f"agents:{trust}")
    other = one.replace("min: user", "min: attested")
    result = gains(load([of_tier(one)]), load([of_tier(other)]), now=NOW)
    assert result.undecided == ("tool.call: what values must be worth (agents.trust) differs",)
    wider = gains(load([of_tier(one)]), load([of_tier(one.replace("*@example.com", "*"))]), now=NOW)
    assert [each.action_type for each in wider.found] == ["tool.call"]
    assert not wider.undecided


def test_a_section_that_no_longer_enforces_lets_everything_happen() -> None:
    result = gains(load([of_tier(BASE)]), load([of_tier(BASE.replace("enforce", "warn"))]), now=NOW)
    assert {each.action_type for each in result.found} == {each.name for each in ACTION_TYPES}
    back = gains(load([of_tier(BASE.replace("enforce", "warn"))]), load([of_tier(BASE)]), now=NOW)
    assert back.found == ()


def test_what_takes_too_long_is_said_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "LIMITS", replace(LIMITS, policy_compared=2))
    result = gains(load([of_tier(BASE)]), load([of_tier(BASE.replace("/v1/messages", "/**"))]), now=NOW)
    assert result.undecided == ("http.request: more than 2 steps",)


def test_one_rule_among_thousands_is_compared_at_once() -> None:
    lines = [
        f"    - {{id: r{n}, match: {{agent: a{n}, host: h{n}.example.com}}, then: allow}}"
        for n in range(3000)
    ]
    text = "\n".join(["version: 1", "agents:", "  mode: enforce", "  rules:", *lines])
    before, after = (
        load([of_tier(each)]) for each in (text, text.replace("h77.example.com", "'*.example.com'"))
    )
    result = gains(before, after, now=NOW)
    assert not result.undecided
    assert {each.after.reasons[0].rule for each in result.found} == {"r77"}

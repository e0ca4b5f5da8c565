"""What would turn a decision: every answer does, and the smallest is found."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings

from deciding import NOW
from drawn_policies import actions, many, modes, policy
from loading import of_tier
from often import examples
from ringfence.core.actions import HostConnect, HttpRequest, ModelUse, PromptSend, ToolCall
from ringfence.core.decisions import Effect, Mode, Section
from ringfence.core.labels import Sensitivity
from ringfence.core.limits import LIMITS
from ringfence.policy import turning
from ringfence.policy.load import load
from ringfence.policy.rule import Rule
from ringfence.policy.turning import near, turns

REQUEST = HttpRequest(agent="claude", host="api.example.com", port=443, method="GET", path="/v1/x")
TEXT = """
    version: 1
    mode: enforce
    agents:
      profiles:
        claude:
          network: [{id: api, host: api.example.com, port: 443, methods: [POST], paths: [/v1/*]}]
    data: {local_only_from: internal, may_go_to: [{id: local, local: true, up_to: restricted}]}
"""


@settings(max_examples=examples(150), deadline=None)
@given(many, modes, actions)
def test_every_change_that_is_named_really_turns_it(
    rules: list[Rule], named: dict[Section, Mode], action: HostConnect | ModelUse
) -> None:
    one = policy(rules, named)
    before = one.decide(action, now=NOW)
    found = turns(one, action, now=NOW).found
    for each in found:
        assert one.decide(each.action, now=NOW) == each.decision
        assert each.decision.effect is not before.effect
        changed = [
            name.name
            for name in fields(action)
            if getattr(action, name.name) != getattr(each.action, name.name)
        ]
        assert tuple(sorted(changed)) == tuple(sorted(each.parts))
    if any(len(each.parts) == 2 for each in found):
        assert all(len(each.parts) == 2 for each in found)


def test_one_fact_is_found_before_two() -> None:
    result = turns(load([of_tier(TEXT)]), REQUEST, now=NOW)
    assert [
        (each.parts, each.decision.effect, getattr(each.action, each.parts[0])) for each in result.found
    ] == [(("method",), Effect.ALLOW, "POST")]
    assert result.complete


def test_two_facts_are_tried_where_one_does_not_do() -> None:
    prompt = PromptSend(model="m", local=False)
    result = turns(load([of_tier(TEXT)]), prompt, now=NOW)
    assert [each.parts for each in result.found] == [("sensitivity", "local")]
    assert result.found[0].action == replace(prompt, sensitivity=Sensitivity.PUBLIC, local=True)


def test_where_nothing_is_found_all_has_been_tried() -> None:
    nothing = turns(load([of_tier("version: 1\nmode: enforce\n")]), REQUEST, now=NOW)
    assert (nothing.found, nothing.complete) == ((), True)


def test_it_gives_up_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "LIMITS", replace(LIMITS, policy_turns=1))
    result = turns(load([of_tier(TEXT)]), PromptSend(model="m", local=False), now=NOW)
    assert (result.tried, result.complete) == (1, False)


def test_a_tools_values_may_be_vouched_for() -> None:
    text = """
        version: 1
        agents:
          mode: enforce
          rules: [{id: all, actions: tool.call, then: allow}]
          trust: {rules: [{id: writes, effect: write, require: {planned: true}, else: deny}]}
    """
    result = turns(load([of_tier(text)]), ToolCall(server="mail", tool="send", arguments=()), now=NOW)
    assert [(each.parts, each.decision.effect) for each in result.found] == [(("planned",), Effect.ALLOW)]


def test_the_nearest_rule_lacks_least() -> None:
    found = near(load([of_tier(TEXT)]), REQUEST, now=NOW)
    assert [(rule.id, [each.field for each in lacking]) for rule, lacking in found] == [
        ("api:http", ["method"])
    ]


def test_what_is_not_said_of_a_connection_is_what_would_turn_it() -> None:
    one = load([of_tier(TEXT)])
    unread = HostConnect(agent="claude", host="api.example.com", port=443, raw=True)
    ((rule, lacks),) = [each for each in near(one, unread, now=NOW) if each[0].id == "api"]
    assert (rule.id, [each.field for each in lacks]) == ("api", ["raw"])
    assert [each.parts for each in turns(one, unread, now=NOW).found] == [("raw",)]


def test_a_call_whose_arguments_are_left_open_is_explained_all_the_same() -> None:
    text = """
        version: 1
        agents:
          profiles: {mcp: {tools: [{server: files, tool: read, arguments: {path: "docs/*"}}]}}
    """
    call = replace(ToolCall(agent="mcp", server="files", tool="read", arguments=()), arguments=None)
    result = turns(load([of_tier(text)]), call, now=NOW, enforcing=True)
    assert [(each.parts, each.decision.effect) for each in result.found] == [
        (("arguments.path",), Effect.ALLOW)
    ]

"""Ways to get more out of a box than its policy lets: each succeeds without what stops it."""

from dataclasses import replace

import pytest

from deciding import NOW
from loading import of_tier
from ringfence.core.actions import Action, GitChange, GitUpdate, HostConnect, HttpRequest
from ringfence.policy import table
from ringfence.policy.egressing import egressing
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Condition, Rule, Tier

READS_ONLY = """
    version: 1
    agents:
      rules:
        - {match: {host: api.test}, then: allow, actions: [host.connect]}
        - {match: {host: api.test, method: GET}, then: allow}
        - {id: quiet, match: {host: api.test, path: /admin/**}, then: deny, mode: observe}
"""
CONNECT = HostConnect(agent="claude", host="api.test", port=443)
READ = HttpRequest(agent="claude", host="api.test", port=443, method="GET", path="/a")


def policy(*more: tuple[str, Tier]) -> Policy:
    return load([of_tier(READS_ONLY), *(of_tier(text, tier, f"{tier.name}.yaml") for text, tier in more)])


def passes(of: Policy, action: Action, *, enforcing: bool = True) -> bool:
    return of.decide(action, now=NOW, enforcing=enforcing).may_proceed


def test_requests_that_are_denied_do_not_pass_as_bytes_that_nobody_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy that was taken over calls a connection raw, to be handed one that nobody judges."""
    raw = replace(CONNECT, raw=True)
    assert (passes(policy(), CONNECT), passes(policy(), raw)) == (True, False)

    def as_it_stands(rule: Rule, _type: str) -> tuple[Condition, ...]:
        return rule.conditions

    monkeypatch.setattr(table, "asked_of", as_it_stands)
    assert passes(policy(), raw)


def test_a_section_that_only_observes_lets_nothing_out_of_a_box() -> None:
    for action in (
        replace(READ, method="POST"),
        replace(READ, path="/admin/x"),
        replace(CONNECT, host="evil.test"),
        GitUpdate(
            agent="claude",
            host="api.test",
            port=443,
            repository="/a",
            ref="refs/heads/main",
            change=GitChange.DELETE,
        ),
    ):
        assert passes(policy(), action, enforcing=False)
        assert not passes(policy(), action)
    assert passes(policy(), READ)


def test_a_working_tree_gets_its_box_nothing_more() -> None:
    tree = """
        version: 1
        mode: observe
        agents:
          rules: [{match: {host: "**"}, then: allow, mode: enforce}]
          profiles:
            "*":
              network: [{host: "**"}, {host: "**", raw: true}]
              git: {push: [{host: "**", repository: "**", force: true, change: [create, update, delete]}]}
              egress: {origins: [{host: "**", integrity: system}], connections: 99}
    """
    before = policy(("version: 1\nagents: {profiles: {claude: {egress: {connections: 5}}}}\n", Tier.USER))
    after = policy(
        ("version: 1\nagents: {profiles: {claude: {egress: {connections: 5}}}}\n", Tier.USER),
        (tree, Tier.WORKING_TREE),
    )
    for action in (replace(READ, method="POST"), replace(CONNECT, raw=True), replace(CONNECT, host="x")):
        assert not passes(after, action)
    was, is_ = (egressing(each.document, "claude") for each in (before, after))
    assert (is_.hosts, is_.ports, is_.budgets) == (was.hosts, was.ports, was.budgets)
    assert is_.origin("evil.test") == was.origin("evil.test")

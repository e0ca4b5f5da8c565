"""Registries may be read where the policy says so, and nothing else is done with them."""

import pytest

from deciding import NOW
from loading import of_tier
from ringfence.app.policy.explain import explain
from ringfence.core.actions import CredentialUse, HostConnect, HttpRequest
from ringfence.core.decisions import Effect
from ringfence.core.registries import Registry
from ringfence.policy.comparing_egress import egress_gains
from ringfence.policy.egressing import egressing
from ringfence.policy.known_agents import for_agent
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.registries import with_registries
from ringfence.policy.rule import Tier

_INDEX = Registry(
    program="pip", host="pip.example", port=443, path="/simple", file="~/.config/pip/pip.conf", line=3
)
_WHOLE = Registry(program="npm", host="npm.example", port=4873, path="", file="$npm_config_registry", line=1)
_READ = "version: 1\nagents: {profiles: {mine: {egress: {registries: read}}}}"
_NONE = "version: 1\nagents: {profiles: {'*': {egress: {registries: none}}}}"


def _policy(*texts: tuple[str, Tier], agent: str = "mine") -> Policy:
    return for_agent(load([of_tier(*each) for each in texts]), agent, registries=(_INDEX, _WHOLE))


def _may(
    policy: Policy,
    *,
    agent: str = "mine",
    host: str = "pip.example",
    port: int = 443,
    method: str = "GET",
    path: str = "/simple/one/",
) -> bool:
    asked = HttpRequest(agent=agent, session="s", host=host, port=port, method=method, path=path)
    connected = HostConnect(agent=agent, session="s", host=host, port=port)
    return all(
        policy.decide(each, now=NOW, enforcing=True).effect is Effect.ALLOW for each in (asked, connected)
    )


def test_they_are_read_below_their_path_at_their_port() -> None:
    policy = _policy((_READ, Tier.USER))
    assert _may(policy)
    assert _may(policy, method="HEAD", path="/simple")
    assert _may(policy, host="npm.example", port=4873, path="/one/-/one-1.0.0.tgz")
    assert not _may(policy, path="/simpler/one/")
    assert not _may(policy, path="/")
    assert not _may(policy, port=8443)
    assert not _may(policy, host="npm.example", path="/one")
    assert not _may(policy, host="example")
    assert not _may(policy, agent="other")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_is_written_there(method: str) -> None:
    assert not _may(_policy((_READ, Tier.USER)), method=method, path="/simple/one")


def test_a_connection_that_nobody_reads_is_not_opened() -> None:
    raw = HostConnect(agent="mine", session="s", host="pip.example", port=443, raw=True)
    assert _policy((_READ, Tier.USER)).decide(raw, now=NOW, enforcing=True).effect is Effect.DENY


def test_known_agents_read_them_without_a_document() -> None:
    assert _may(_policy(("version: 1", Tier.USER), agent="claude"), agent="claude")
    assert not _may(_policy(("version: 1", Tier.USER), agent="make"), agent="make")


@pytest.mark.parametrize(
    "documents",
    [
        [(_NONE, Tier.USER)],
        [(_NONE, Tier.WORKING_TREE)],
        [("version: 1\nagents: {profiles: {claude: {network: [{host: api.example}]}}}", Tier.USER)],
        [("version: 1\nagents: {mode: enforce}", Tier.SYSTEM)],
    ],
    ids=["the user says not", "the tree says not", "the user names all hosts", "the system enforces"],
)
def test_known_agents_do_not_where_a_document_says_otherwise(documents: list[tuple[str, Tier]]) -> None:
    assert not _may(_policy(*documents, agent="claude"), agent="claude")


def test_a_working_tree_opens_nothing() -> None:
    assert not _may(_policy((_READ, Tier.WORKING_TREE)))


def test_below_a_system_s_document_that_enforces_only_its_own_word_counts() -> None:
    closed = "version: 1\nagents: {mode: enforce}"
    assert not _may(_policy((closed, Tier.SYSTEM), (_READ, Tier.USER)))
    assert _may(_policy((f"{_READ}\n".replace("{profiles", "{mode: enforce, profiles"), Tier.SYSTEM)))


def test_logins_that_were_adopted_for_them_may_be_shown_there() -> None:
    policy = _policy((_READ, Tier.USER))

    def may(name: str, host: str, method: str = "GET", path: str = "/simple/one/") -> bool:
        use = CredentialUse(agent="mine", session="s", credential=name, host=host, method=method, path=path)
        return policy.decide(use, now=NOW, enforcing=True).effect is Effect.ALLOW

    assert may("pip/pip.example", "pip.example")
    assert may("npm/npm.example-4873", "npm.example")
    assert not may("pip/pip.example", "pip.example", method="POST")
    assert not may("pip/pip.example", "pip.example", path="/elsewhere")
    assert not may("pip/pip.example", "npm.example")
    assert not may("GH_TOKEN", "pip.example")


def test_an_explanation_says_whose_they_are_and_where_that_is_said() -> None:
    action = HttpRequest(
        agent="claude", session="s", host="pip.example", port=443, method="GET", path="/simple/one/"
    )
    policy = load([of_tier("version: 1", Tier.USER)])
    told = explain(policy, action, started_at=NOW, in_box=True, registries=(_INDEX,)).sections[0]
    assert (told.rule, told.at) == (
        "built-in registries: pip's at pip.example/simple (requests)",
        "~/.config/pip/pip.conf:3",
    )


def test_the_same_place_twice_is_one_rule_and_none_changes_nothing() -> None:
    policy = load([of_tier(_READ, Tier.USER)])
    assert with_registries(policy, "mine", ()) is policy
    assert len(with_registries(policy, "mine", (_INDEX, _INDEX)).rules) - len(policy.rules) == 3


def test_they_count_as_hosts_and_their_ports_are_listened_on() -> None:
    said = egressing(_policy((_READ, Tier.USER)).document, "mine")
    assert (said.hosts, said.ports) == (("pip.example", "npm.example"), (443, 4873))


def test_a_policy_that_lets_them_be_read_is_told_as_wider() -> None:
    before, after = (load([of_tier(each, Tier.USER)]) for each in ("version: 1", _READ))
    gained = egress_gains(before.document, after.document, count=lambda _steps: None)
    assert [(each.before, each.after) for each in gained] == [
        (
            "`mine` may not read the package registries that this machine is set to",
            "`mine` may read the package registries that this machine is set to",
        )
    ]
    assert not [*egress_gains(after.document, before.document, count=lambda _steps: None)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("host", "a.*"), ("host", ""), ("host", "A"), ("path", "simple"), ("path", "/.."), ("path", "/a?b"),
     ("path", "/a//b"), ("port", 0), ("port", 70_000), ("line", 0)],
)  # fmt: skip
def test_what_no_rule_can_be_about_is_no_registry(field: str, value: object) -> None:
    good = {"program": "pip", "host": "a.example", "port": 443, "path": "/a", "file": "x", "line": 1}
    Registry(**good)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no registry"):
        Registry(**{**good, field: value})  # type: ignore[arg-type]

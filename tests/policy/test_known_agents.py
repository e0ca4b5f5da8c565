"""What is built in of known agents holds where no document says which hosts they have, and only then."""

import pytest

from deciding import NOW
from loading import of_tier
from ringfence.app.policy.explain import explain
from ringfence.core.actions import CredentialUse, GitChange, GitUpdate, HttpRequest
from ringfence.core.decisions import Effect
from ringfence.policy.built_in import AGENTS, text_of
from ringfence.policy.egressing import egressing
from ringfence.policy.files import PolicyFile
from ringfence.policy.known_agents import KNOWN, WITH_MODELS, for_agent
from ringfence.policy.load import load, read
from ringfence.policy.rule import Tier
from ringfence.policy.sandboxing import sandboxing


def _asks(text: str, agent: str = "claude", host: str = "api.anthropic.com", tier: Tier = Tier.USER) -> bool:
    """Whether a box of that agent may send a request there."""
    policy = for_agent(load([of_tier(text, tier)]), agent)
    action = HttpRequest(agent=agent, session="s", host=host, port=443, method="POST", path="/v1/messages")
    return policy.decide(action, now=NOW, enforcing=True).effect is Effect.ALLOW


def test_a_known_agent_has_the_hosts_of_its_models_and_nothing_else() -> None:
    assert _asks("version: 1")
    assert not _asks("version: 1", host="example.com")
    assert not _asks("version: 1", agent="codex")
    assert not _asks("version: 1", agent="make")


def test_claude_s_first_question_to_its_sign_in_host_is_all_that_it_may_ask_there() -> None:
    policy = for_agent(load([of_tier("version: 1", Tier.USER)]), "claude")

    def may(method: str, path: str) -> bool:
        host = "platform.claude.com"
        action = HttpRequest(agent="claude", session="s", host=host, port=443, method=method, path=path)
        return policy.decide(action, now=NOW, enforcing=True).effect is Effect.ALLOW

    assert may("GET", "/v1/oauth/hello")
    assert not may("POST", "/v1/oauth/hello")
    assert not may("POST", "/v1/oauth/token")


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("version: 1\nagents: {profiles: {claude: {network: [{host: gateway.example}]}}}", Tier.USER),
        ("version: 1\nagents: {profiles: {c*: {network: [{host: gateway.example}]}}}", Tier.SYSTEM),
        ("version: 1\nagents: {mode: enforce}", Tier.SYSTEM),
    ],
    ids=["a user has written its hosts", "the system has, by a pattern", "the system enforces"],
)
def test_nothing_is_built_in_where_somebody_has_said_it(text: str, tier: Tier) -> None:
    assert not _asks(text, tier=tier)


def test_services_of_the_machine_itself_are_granted_beside_what_is_built_in() -> None:
    text = "version: 1\nagents: {profiles: {'*': {network: [{host: localhost, port: 11434}]}}}"
    assert _asks(text)
    assert _asks(text, host="api.anthropic.com")


@pytest.mark.parametrize(
    ("text", "tier", "is_kept"),
    [
        ("version: 1", Tier.USER, True),
        ("version: 1\nagents: {profiles: {claude: {network: [{host: gateway.example}]}}}", Tier.USER, True),
        ("version: 1\nagents: {profiles: {claude: {sandbox: {home: new}}}}", Tier.USER, False),
        ("version: 1\nagents: {profiles: {claude: {sandbox: {home: new}}}}", Tier.WORKING_TREE, False),
        ("version: 1\nagents: {mode: enforce}", Tier.SYSTEM, None),
    ],
    ids=[
        "by itself",
        "with hosts of the user's",
        "not for the user",
        "not in this tree",
        "the system enforces",
    ],
)
def test_a_known_agent_s_home_is_kept_until_a_document_says_otherwise(
    text: str, tier: Tier, is_kept: bool | None
) -> None:
    said = sandboxing(for_agent(load([of_tier(text, tier)]), "claude").document, "claude").said.keeps_home
    assert (None if said is None else said.is_on) == is_kept


def test_the_home_of_a_program_that_nobody_speaks_of_is_not_kept() -> None:
    document = for_agent(load([of_tier("version: 1", Tier.USER)]), "make").document
    assert sandboxing(document, "make").said.keeps_home is None


def test_what_is_built_in_stays_beside_named_hosts_where_the_user_says_so() -> None:
    text = (
        "version: 1\nagents: {profiles: {claude: {network: [{host: more.example}], egress: {built_in: %s}}}}"
    )
    assert _asks(text % "true")
    assert _asks(text % "true", host="more.example")
    assert not _asks(text % "false")
    tree = "version: 1\nagents: {profiles: {claude: {egress: {built_in: %s}}}}"
    hosts = "version: 1\nagents: {profiles: {claude: {network: [{host: more.example}]}}}"
    documents = [of_tier(hosts, Tier.USER), of_tier(tree % "true", Tier.WORKING_TREE)]
    assert egressing(for_agent(load(documents), "claude").document, "claude").hosts == ("more.example",)
    documents = [of_tier(text % "true", Tier.USER), of_tier(tree % "false", Tier.WORKING_TREE)]
    assert egressing(for_agent(load(documents), "claude").document, "claude").hosts == ("more.example",)


def test_what_a_document_denies_stays_denied() -> None:
    assert not _asks(
        "version: 1\nagents:\n  rules:\n    - {actions: [http.request], match: {path: /v1/**}, then: deny}"
    )


def test_credentials_go_to_their_own_hosts() -> None:
    policy = for_agent(load([of_tier("version: 1", Tier.USER)]), "claude")

    def may(name: str, host: str) -> bool:
        use = CredentialUse(
            agent="claude", session="s", credential=name, host=host, method="POST", path="/v1/x"
        )
        return policy.decide(use, now=NOW, enforcing=True).effect is Effect.ALLOW

    assert may("ANTHROPIC_API_KEY", "api.anthropic.com")
    assert not may("ANTHROPIC_API_KEY", "api.openai.com")
    assert not may("GH_TOKEN", "api.anthropic.com")


def test_the_working_tree_s_remotes_at_a_forge_are_fetched_and_pushes_ask() -> None:
    repositories = [("github.com", "/org/repo"), ("git.attacker.example", "/org/repo")]
    policy = for_agent(load([of_tier("version: 1", Tier.USER)]), "claude", repositories)

    def asked(host: str, path: str) -> Effect:
        action = HttpRequest(agent="claude", session="s", host=host, port=443, method="GET", path=path)
        return policy.decide(action, now=NOW, enforcing=True).effect

    assert asked("github.com", "/org/repo.git/info/refs") is Effect.ALLOW
    assert asked("github.com", "/org/repo/git-upload-pack") is Effect.ALLOW
    assert asked("github.com", "/org/repo/issues") is Effect.DENY
    assert asked("github.com", "/org/other.git/info/refs") is Effect.DENY
    assert asked("git.attacker.example", "/org/repo.git/info/refs") is Effect.DENY
    push = GitUpdate(
        agent="claude",
        session="s",
        host="github.com",
        port=443,
        repository="/org/repo",
        ref="refs/heads/main",
        change=GitChange.UPDATE,
        force=False,
    )
    assert policy.decide(push, now=NOW, enforcing=True).effect is Effect.ASK


def test_an_explanation_for_a_box_knows_them() -> None:
    policy = load([of_tier("version: 1", Tier.USER)])
    action = HttpRequest(
        agent="claude", session="s", host="api.anthropic.com", port=443, method="POST", path="/v1/x"
    )
    explained = explain(policy, action, started_at=NOW, in_box=True)
    assert explained.effect is Effect.ALLOW
    assert "built-in/agents.yaml" in str(explained.sections)


def test_the_known_names_are_those_of_the_document() -> None:
    document = read([PolicyFile(tier=Tier.BUILT_IN, name="agents", data=text_of(AGENTS))])
    assert {each.agent for each in document.profiles} == KNOWN
    assert all(egressing(document, each).hosts for each in WITH_MODELS)
    assert {*filter(lambda each: not egressing(document, each).hosts, KNOWN)} == {"shell"}

"""What a profile's `network` and `git` let through: real documents, decided as for boxes."""

from dataclasses import replace

import pytest

from deciding import NOW
from loading import of_tier, refused, rules_in
from ringfence.core.actions import Action, GitChange, GitUpdate, HostConnect, HttpRequest
from ringfence.core.decisions import Effect
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Manner

CONNECT = HostConnect(agent="claude", host="api.test", port=443)
REQUEST = HttpRequest(agent="claude", host="api.test", port=443, method="GET", path="/v1/x", query=())
PUSH = GitUpdate(
    agent="claude",
    host="git.test",
    port=443,
    repository="/org/repo",
    ref="refs/heads/agent/x",
    change=GitChange.UPDATE,
    force=False,
)


def profile(text: str) -> str:
    return f"version: 1\nagents: {{profiles: {{claude: {{{text}}}}}}}\n"


def network(*entries: str) -> Policy:
    return load([of_tier(profile(f"network: [{', '.join(f'{{{each}}}' for each in entries)}]"))])


def pushing(*entries: str) -> Policy:
    return load([of_tier(profile(f"git: {{push: [{', '.join(f'{{{each}}}' for each in entries)}]}}"))])


def passes(policy: Policy, action: Action) -> bool:
    return policy.decide(action, now=NOW, enforcing=True).effect is Effect.ALLOW


def test_an_entry_is_for_its_host_and_port_and_its_agent_alone() -> None:
    policy = network("host: api.test, port: 443")
    assert passes(policy, CONNECT)
    assert passes(policy, REQUEST)
    for other in ({"host": "api.test.evil"}, {"port": 444}, {"agent": "codex"}):
        assert not passes(policy, replace(CONNECT, **other))
        assert not passes(policy, replace(REQUEST, **other))


@pytest.mark.parametrize(
    ("query", "is_let"),
    [
        (("page=1",), True),
        (("page=1", "per_page=9"), True),
        (("page=1", "token=x"), False),
        (("Page=2",), True),  # as all texts, without case
        ((), False),
        (None, False),
    ],
)
def test_all_parameters_must_fit_and_there_must_be_some(query: tuple[str, ...] | None, is_let: bool) -> None:
    policy = network('host: api.test, query: ["page=*", "per_page=*"]')
    assert passes(policy, replace(REQUEST, query=query)) is is_let
    assert passes(policy, CONNECT)


@pytest.mark.parametrize(
    ("operations", "is_let"),
    [
        (("query.viewer",), True),
        (("query.viewer", "mutation.addStar"), False),
        (("query.viewer", "query.repository"), True),
        ((), False),
        (None, False),
    ],
)
def test_all_operations_must_fit(operations: tuple[str, ...] | None, is_let: bool) -> None:
    policy = network("host: api.test, operations: query.*")
    assert passes(policy, replace(REQUEST, operations=operations)) is is_let


def test_one_operation_is_enough_to_be_denied_and_so_is_not_to_know_them() -> None:
    policy = network("host: api.test", "host: api.test, paths: /graphql, operations: mutation.*, then: deny")
    asked = replace(REQUEST, path="/graphql")
    assert passes(policy, replace(asked, operations=("query.viewer",)))
    assert not passes(policy, replace(asked, operations=("query.viewer", "mutation.addStar")))
    assert not passes(policy, replace(asked, operations=None))
    assert passes(policy, REQUEST)  # elsewhere nothing is asked of operations


def test_a_program_narrows_what_is_let_through_and_one_that_is_not_known_gets_nothing() -> None:
    policy = network("host: api.test, program: /usr/bin/git")
    for action in (CONNECT, REQUEST):
        assert passes(policy, replace(action, program="/usr/bin/git"))
        assert not passes(policy, replace(action, program="/usr/bin/curl"))
        assert not passes(policy, action)


def test_what_nobody_reads_passes_only_where_an_entry_says_so() -> None:
    assert not passes(network("host: api.test"), replace(CONNECT, raw=True))
    policy = network("host: db.test, port: 5432, raw: true")
    dialled = HostConnect(agent="claude", host="db.test", port=5432, raw=True)
    assert passes(policy, dialled)
    assert not passes(policy, replace(dialled, port=5433))
    assert not passes(policy, replace(dialled, raw=False))
    assert not passes(policy, HttpRequest(agent="claude", host="db.test", port=5432, method="GET", path="/"))


@pytest.mark.parametrize("then", ["allow", "ask"])
def test_a_general_rule_that_says_nothing_of_raw_is_for_connections_that_are_read(then: str) -> None:
    policy = load(
        [of_tier(f"version: 1\nagents: {{rules: [{{match: {{host: api.test}}, then: {then}}}]}}\n")]
    )
    decided = [
        policy.decide(each, now=NOW, enforcing=True).effect for each in (CONNECT, replace(CONNECT, raw=True))
    ]
    assert decided == [Effect(then), Effect.DENY]
    named = of_tier("version: 1\nagents: {rules: [{match: {host: api.test, raw: true}, then: allow}]}\n")
    assert passes(load([named]), replace(CONNECT, raw=True))


def test_an_example_knows_that_a_rule_is_for_connections_that_are_read() -> None:
    rule = "{{id: r, actions: host.connect, match: {{host: x}}, then: allow, examples: {{{key}: {facts}}}}}"
    document = "version: 1\nagents: {rules: [RULE]}\n"
    good = rule.format(key="not_match", facts="[{host: x, raw: true}]")
    assert list(rules_in(document.replace("RULE", good))) == ["r"]
    ((what, _),) = refused(document.replace("RULE", rule.format(key="match", facts="[{host: x, raw: true}]")))
    assert "rule r does not match this host.connect, because of raw" in what


def test_a_denial_that_says_nothing_of_raw_is_for_all_connections() -> None:
    policy = network("host: '*', raw: true", "host: api.test, then: deny")
    assert not passes(policy, replace(CONNECT, raw=True))
    assert passes(policy, replace(CONNECT, host="other.test", raw=True))


@pytest.mark.parametrize(
    ("change", "is_let"),
    [
        ({}, True),
        ({"change": GitChange.CREATE}, True),
        ({"change": GitChange.DELETE}, False),
        ({"force": True}, False),
        ({"force": None}, False),  # nobody can tell
        ({"ref": "refs/heads/main"}, False),
        ({"ref": "refs/heads/agent/../main"}, False),
        ({"repository": "/org/other"}, False),
        ({"host": "evil.test"}, False),
    ],
)
def test_a_push_passes_to_its_references_and_drops_nothing(change: dict[str, object], is_let: bool) -> None:
    policy = pushing("host: git.test, repository: /org/repo, ref: refs/heads/agent/**")
    assert passes(policy, replace(PUSH, **change)) is is_let


def test_a_push_may_drop_commits_and_references_where_an_entry_says_so() -> None:
    forced = pushing("host: git.test, repository: /org/repo, force: true")
    assert [passes(forced, replace(PUSH, force=each)) for each in (True, False, None)] == [True] * 3
    assert not passes(forced, replace(PUSH, change=GitChange.DELETE))
    deleting = pushing("host: git.test, repository: /org/repo, change: delete")
    assert passes(deleting, replace(PUSH, change=GitChange.DELETE))
    assert not passes(deleting, PUSH)


def test_a_denial_of_pushes_is_for_all_of_them_or_only_for_those_that_drop_something() -> None:
    allowed = "host: git.test, repository: '**', force: true, change: [create, update, delete]"
    every = pushing(allowed, "host: git.test, repository: /org/repo, then: deny")
    assert not passes(every, PUSH)
    assert not passes(every, replace(PUSH, change=GitChange.DELETE))
    assert passes(every, replace(PUSH, repository="/org/other"))
    forced = pushing(allowed, "host: git.test, repository: /org/repo, force: true, then: deny")
    assert [passes(forced, replace(PUSH, force=each)) for each in (True, False, None)] == [False, True, False]


@pytest.mark.parametrize(
    ("method", "path", "is_let"),
    [
        ("GET", "/org/repo.git/info/refs", True),
        ("GET", "/org/repo/info/refs", True),
        ("POST", "/org/repo.git/git-receive-pack", True),
        ("POST", "/org/repo/git-receive-pack", True),
        ("DELETE", "/org/repo/git-receive-pack", False),
        ("POST", "/org/repo.git/git-upload-pack", False),
        ("POST", "/org/other.git/git-receive-pack", False),
        ("GET", "/org/repo/settings", False),
    ],
)
def test_what_git_asks_on_the_way_to_a_push_is_let_through_and_nothing_else(
    method: str, path: str, is_let: bool
) -> None:
    asked = HttpRequest(agent="claude", host="git.test", port=443, method=method, path=path)
    for then in ("allow", "ask"):
        policy = pushing(f"host: git.test, repository: /org/repo, then: {then}")
        assert passes(policy, asked) is is_let
        assert passes(policy, replace(CONNECT, host="git.test"))
    denied = pushing("host: git.test, repository: /org/repo, then: deny")
    assert not passes(denied, asked)


def test_a_host_that_may_be_asked_anything_may_not_be_pushed_to() -> None:
    assert not passes(network("host: git.test"), PUSH)


def test_how_a_refusal_looks_stands_in_the_rules_that_refuse() -> None:
    rules = rules_in(
        profile(
            "network: [{id: a, host: a.test, then: deny, refused_as: empty}, "
            "{id: b, host: b.test, paths: /x, then: ask, refused_as: failure}], "
            "rules: [{id: c, match: {host: c.test}, then: deny, refused_as: honest}]"
        )
    )
    assert {name: each.refused_as for name, each in rules.items()} == {
        "a": Manner.EMPTY,
        "a:http": Manner.EMPTY,
        "b": None,  # the connection is allowed
        "b:http": Manner.FAILURE,
        "c": Manner.HONEST,
    }


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("network: [{host: a, refused_as: empty}]", "what is allowed is not refused", "remove"),
        ("rules: [{match: {host: a}, then: allow, refused_as: empty}]", "is not refused", "remove"),
        ("network: [{host: a, refused_as: silently}]", "`silently` is none", "known here"),
        ("network: [{host: a, raw: true, paths: /x}]", "has no requests", "remove `paths`"),
        ("network: [{raw: true}]", "an entry without a host", "add `host`"),
        ("network: [{program: /usr/bin/curl}]", "an entry without a host", "add `host`"),
        ("git: {push: [{host: a}]}", "the key `repository` is missing", "add it"),
        ("git: {push: [{repository: /a}]}", "the key `host` is missing", "add it"),
        ("git: {push: [{host: a, repository: org/repo}]}", "path begins with `/`", "/org/repo"),
        ("git: {push: [{host: a, repository: /a, change: rotate}]}", "`rotate` is none", "did you mean"),
        ("git: {pull: []}", "unknown key `pull`", "known here: push"),
        ("rules: [{actions: [git.push], match: {change: set}, then: deny}]", "other words", "known there"),
    ],
)  # fmt: skip
def test_what_says_nothing_is_refused(text: str, what: str, hint: str) -> None:
    ((said, hinted),) = refused(profile(text))
    assert what in said
    assert hint in hinted


@pytest.mark.parametrize(
    ("change", "types"),
    [
        ("delete", {"git.push"}),
        ("rotate", {"credential.keep"}),
        ("{not: [create, update]}", {"git.push"}),
    ],
)
def test_a_rule_on_what_changes_is_for_the_actions_that_have_these_words(
    change: str, types: set[str]
) -> None:
    document = f"version: 1\nagents: {{rules: [{{id: r, match: {{change: {change}}}, then: deny}}]}}\n"
    assert rules_in(document)["r"].action_types == types

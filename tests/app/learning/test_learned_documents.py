"""A proposal allows what was refused for want of a rule, in few lines, and says what it leaves out."""

import json

import pytest
import yaml

from deciding import NOW
from learned_events import call, connect, decision, learn, push, request
from loading import of_tier
from ringfence.core.actions import HttpRequest
from ringfence.core.decisions import Effect
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.ledger.events.egress_refused import EgressRefused
from ringfence.ledger.values import Foreign
from ringfence.policy.known_agents import for_agent
from ringfence.policy.load import load
from ringfence.policy.rule import Tier


def _profile(*events: DecisionMade, **how: bool) -> dict[str, object]:
    """The proposed profile, which loads as a policy."""
    document = learn(*events, **how).document  # type: ignore[arg-type]
    assert document is not None
    load([of_tier(document, Tier.USER)])
    profile = yaml.safe_load(document)["agents"]["profiles"]["claude"]
    assert isinstance(profile, dict)
    return profile


def test_a_request_is_one_line_with_how_often_and_when() -> None:
    learned = learn(request("api.example.com", "/v1/one"), request("api.example.com", "/v1/one"))
    assert learned.text == (
        "# Proposed from session 2c46bcc7: what was refused there because no rule is for it, and "
        "nothing else.\n"
        "# Whoever ran in the box chose what it asked for: read each line before you take it over.\n"
        "version: 1\n"
        "agents:\n"
        "  profiles:\n"
        '    "claude":\n'
        "      network:\n"
        '        - {host: "api.example.com", methods: ["GET"], paths: ["/v1/one"]}'
        "  # 2 times, from 2026-11-23T12:00:00Z to 2026-11-23T12:00:01Z\n"
    )


def test_three_paths_that_share_their_folder_and_are_read_become_one_pattern() -> None:
    asked = [request("a.example.com", f"/v1/{name}") for name in ("one", "two", "deep/er")]
    assert _profile(*asked[:2])["network"] == [
        {"host": "a.example.com", "methods": ["GET"], "paths": ["/v1/one", "/v1/two"]}
    ]
    assert _profile(*asked, request("a.example.com", "/other"))["network"] == [
        {"host": "a.example.com", "methods": ["GET"], "paths": ["/other", "/v1/**"]}
    ]


def test_the_top_is_never_a_pattern_and_what_changes_something_keeps_its_path() -> None:
    top = [request("a.example.com", f"/{number}") for number in range(4)]
    assert _profile(*top)["network"] == [
        {"host": "a.example.com", "methods": ["GET"], "paths": ["/0", "/1", "/2", "/3"]}
    ]
    posts = [request("a.example.com", f"/v1/{number}", "POST") for number in range(4)]
    assert _profile(*posts)["network"] == [
        {"host": "a.example.com", "methods": ["POST"], "paths": ["/v1/0", "/v1/1", "/v1/2", "/v1/3"]}
    ]


def test_methods_ports_parameters_and_operations_are_as_they_were_asked_for() -> None:
    assert _profile(
        request("a.example.com", "/search", query=["q=secret words", "page=2"]),
        request("a.example.com", "/search", query=["q=x"]),
        request("b.example.com", "/one", port=8443),
        request("b.example.com", "/one", "PUT", port=8443),
        request("c.example.com", "/graphql", "POST", operations=["query.viewer"]),
    )["network"] == [
        {"host": "a.example.com", "methods": ["GET"], "paths": ["/search"], "query": ["page=*", "q=*"]},
        {"host": "b.example.com", "port": 8443, "methods": ["GET", "PUT"], "paths": ["/one"]},
        {"host": "c.example.com", "methods": ["POST"], "paths": ["/graphql"], "operations": ["query.viewer"]},
    ]


def test_parameters_are_not_bound_where_a_request_had_none() -> None:
    asked = [request("a.example.com", "/x", query=["q=1"]), request("a.example.com", "/x")]
    assert _profile(*asked)["network"] == [{"host": "a.example.com", "methods": ["GET"], "paths": ["/x"]}]


def test_a_fetch_of_git_is_proposed_with_what_git_asks_next_and_a_push_is_to_be_asked_about() -> None:
    refs = "/org/repo.git/info/refs"
    profile = _profile(
        request("git.example.com", refs, query=["service=git-upload-pack"]),
        request("git.example.com", refs, query=["service=git-receive-pack"]),
        push("git.example.com", "/org/other", "refs/heads/main"),
    )
    assert profile["network"] == [
        {"host": "git.example.com", "methods": ["POST"], "paths": ["/org/repo.git/git-upload-pack"]},
        {
            "host": "git.example.com",
            "methods": ["GET"],
            "paths": [refs],
            "query": ["service=*"],
        },
    ]
    assert profile["git"] == {
        "push": [
            {"host": "git.example.com", "repository": "/org/other", "ref": "refs/heads/main", "then": "ask"},
            {"host": "git.example.com", "repository": "/org/repo", "then": "ask"},
        ]
    }


def test_tools_are_to_be_asked_about() -> None:
    assert _profile(call("tools.example.com/mcp", "echo"))["tools"] == [
        {"server": "tools.example.com/mcp", "tool": "echo", "then": "ask"}
    ]


def test_what_is_built_in_stays_where_it_counted() -> None:
    asked = request("more.example.com", "/x")
    document = learn(asked, stays=True).document
    assert document is not None
    policy = for_agent(load([of_tier(document, Tier.USER)]), "claude")

    def may(host: str, path: str) -> bool:
        action = HttpRequest(agent="claude", session="s", host=host, port=443, method="GET", path=path)
        return policy.decide(action, now=NOW, enforcing=True).effect is Effect.ALLOW

    assert may("more.example.com", "/x")
    assert may("api.anthropic.com", "/v1/models")
    assert not may("more.example.com", "/y")
    assert "egress" not in _profile(asked)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (
            decision({"action": "http.request", "host": "a.example.com"}, rule="no"),
            "ringfence.yaml:9 denies it",
        ),
        (
            decision({"action": "git.push", "host": "a.example.com"}, rule="ask", effect=Effect.ASK),
            "ringfence.yaml:9 asks about it",
        ),
        (connect("a.example.com"), "a connection of which no request could be read"),
        (connect("a.example.com", raw=True), "nobody could read what is said there"),
        (decision({"action": "credential.use", "host": "a.example.com"}), "credentials are never proposed"),
        (decision({"action": "command.run", "path": "a.example.com"}), "no rule is proposed for that"),
        (push("a.example.com", "/o/r", "refs/heads/x", force=True), "a push that may drop commits"),
        (push("a.example.com", "/o/r", "refs/heads/x", change="delete"), "a push that may drop commits"),
        (request("a.example.com", "/x", "TRACE"), "a method of no common kind"),
    ],
)
def test_what_is_left_out_is_said_with_the_reason(event: DecisionMade, why: str) -> None:
    learned = learn(event)
    assert (learned.document, learned.left_out) == (None, (f'"a.example.com": {why}, 1 time',))
    assert learned.text == f"# Left out:\n# - {learned.left_out[0]}\n"


def test_what_went_ahead_teaches_nothing() -> None:
    allowed = decision(
        {"action": "http.request", "host": "a.example.com"}, effect=Effect.ALLOW, proceeds=True
    )
    assert learn(allowed).text == ""


def test_a_host_whose_name_leads_to_private_addresses_is_left_out() -> None:
    private = EgressRefused(
        session="s", trouble="address", host=Foreign(text="a.example.com"), what=Foreign(text="x"), times=1
    )
    learned = learn(request("a.example.com", "/x"), private)
    assert (learned.document, learned.left_out) == (
        None,
        ('"a.example.com": its addresses are private, 1 time',),
    )


def test_a_connection_is_not_told_where_its_requests_are_known() -> None:
    learned = learn(connect("a.example.com"), request("a.example.com", "/x"))
    assert learned.left_out == ()
    assert json.dumps("a.example.com") in learned.text

"""An agent chooses what it asks for, and so what is proposed: never more than that, nor elsewhere."""

import sys
from collections import Counter

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deciding import NOW
from learned_events import call, learn, push, request
from loading import of_tier
from ringfence.app.learning.heard import Asked, Times
from ringfence.app.learning.sparing import entries
from ringfence.core.actions import HostConnect, HttpRequest
from ringfence.core.decisions import Effect
from ringfence.core.limits import LIMITS
from ringfence.ledger.events.decision_made import DecisionMade
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier

_INJECTED = 'x"}]}\n      rules: [{actions: [host.connect], then: allow}]\n#'


def _policy(*events: DecisionMade, agent: str = "claude") -> Policy | None:
    """The proposal as it would be taken over, where there is one. It always loads, and names one agent."""
    learned = learn(*events, agent=agent)
    for line in learned.text.splitlines():
        assert line.isascii()
        assert line.isprintable()
    loaded = yaml.safe_load(learned.text)
    if learned.document is None:
        assert loaded is None
        return None
    assert loaded.keys() == {"version", "agents"}
    (profile,) = loaded["agents"]["profiles"].values()
    assert profile.keys() <= {"network", "git", "tools"}
    return load([of_tier(learned.document, Tier.USER)])


def _may(policy: Policy, host: str, path: str = "/x", method: str = "GET", agent: str = "claude") -> bool:
    request_ = HttpRequest(agent=agent, session="s", host=host, port=443, method=method, path=path)
    connected = HostConnect(agent=agent, session="s", host=host, port=443)
    return all(
        policy.decide(each, now=NOW, enforcing=True).effect is Effect.ALLOW for each in (request_, connected)
    )


@pytest.mark.parametrize(
    "event",
    [
        request(_INJECTED, "/x"),
        request("a.example.com", f"/{_INJECTED}"),
        request("a.example.com", "/x", _INJECTED),
        request("a.example.com", "/x", query=[f"{_INJECTED}=1"]),
        push("a.example.com", f"/{_INJECTED}", "refs/heads/main"),
        push("a.example.com", "/o/r", f"refs/heads/{_INJECTED}"),
        call(_INJECTED, "tool"),
        call("server", _INJECTED),
        request("a.example.com\u2028\u202e", "/x"),
        request("a.example.com", "/x\x85\u2028y"),
    ],
)
def test_no_text_of_an_agent_becomes_a_line_of_the_policy(event: DecisionMade) -> None:
    assert _policy(event) is None
    assert _policy(event, request("good.example.com", "/x")) is not None


def test_the_name_of_an_agent_is_a_name_and_no_pattern() -> None:
    policy = _policy(request("a.example.com", "/x"), agent='*": {}\n"')
    assert policy is not None
    assert not _may(policy, "a.example.com")
    starred = _policy(request("a.example.com", "/x"), agent="*")
    assert starred is not None
    assert not _may(starred, "a.example.com")
    assert _may(starred, "a.example.com", agent="*")


@pytest.mark.parametrize("path", ["/**", "/*", "/v1/**", "/v1/?", "/v1/\\*", "/v1/{a,b}", "/v1/[ab]"])
def test_a_pattern_in_a_path_is_that_path_and_nothing_else(path: str) -> None:
    policy = _policy(request("a.example.com", path))
    if policy is None:
        return
    assert _may(policy, "a.example.com", path)
    for other in ("/x", "/v1/x", "/v1/a", "/v1/x/y", "/"):
        assert not _may(policy, "a.example.com", other)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "::1",
            "fd00:ec2::254",
        ),
        *("fe80::1", "0.0.0.0", "8.8.8.8", "localhost", "metadata", "metadata.google.internal", "router.lan"),
        *("printer.local", "a.localhost", "1.168.192.in-addr.arpa", "*", "*.example.com", "**.example.com"),
        *(
            "gith\u044cub.com",
            "xn--gthub-cua.com",
            "github.com.",
            "a..example.com",
            "-",
            "",
            "a b.example.com",
        ),
        *("2130706433", "0x7f.1", "a.example.123"),
        f"{'ab12' * 12}.attacker.example.com",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345.attacker.example.com",
    ],
)
def test_private_look_alike_and_telling_hosts_are_never_proposed(host: str) -> None:
    learned = learn(request(host, "/x"), request(host, "/y"), push(host, "/o/r", "refs/heads/main"))
    assert learned.document is None
    assert len(learned.left_out) == 1


@pytest.mark.parametrize(
    "event",
    [
        request("a.example.com", "/keys/[cut]"),
        request("a.example.com", "/x", hidden={"path": {"values": 1, "digest": "ab"}}),
        request(
            "a.example.com", "/x", query=["token=[cut]"], hidden={"query": {"values": 1, "digest": "ab"}}
        ),
        request("a.example.com", "/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/x"),
        request("a.example.com", f"/{'y' * 300}"),
    ],
)
def test_what_holds_a_secret_or_data_is_never_proposed(event: DecisionMade) -> None:
    assert learn(event).document is None


def test_ten_thousand_hosts_make_a_short_proposal_of_those_that_were_asked_most() -> None:
    many = [request(f"h{number}.example.com", "/x") for number in range(10_000)]
    wanted = [request("wanted.example.com", "/x")] * 3
    learned = learn(*wanted, *many)
    assert learned.document is not None
    profile = yaml.safe_load(learned.document)["agents"]["profiles"]["claude"]
    assert len(profile["network"]) == LIMITS.learned_hosts
    assert "wanted.example.com" in learned.document
    assert len(learned.text) < 20_000
    assert any("more hosts" in each for each in learned.left_out)
    assert any(f"more than {LIMITS.learned_requests}" in each for each in learned.left_out)


def test_ten_thousand_paths_open_no_more_than_some_of_them() -> None:
    posts = [request("a.example.com", f"/p/{number}", "POST") for number in range(4_000)]
    policy = _policy(*posts)
    assert policy is not None
    assert sum(_may(policy, "a.example.com", f"/p/{number}", "POST") for number in range(4_000)) == 16
    assert not _may(policy, "a.example.com", "/p/4001", "POST")


def _steps(paths: int) -> int:
    """How many calls it takes to put so many deep paths together that share nothing."""
    once = Times(count=1, first=NOW, last=NOW)
    asked = {Asked(method="GET", path=f"/{number}{'/a' * 60}"): once for number in range(paths)}
    seen = Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: seen.update((event,)))
    try:
        entries(asked)
    finally:
        sys.setprofile(None)
    return seen.total()


def test_deep_paths_that_share_nothing_take_no_longer_each_the_more_there_are() -> None:
    """Some thousands would keep who learns from them waiting for minutes."""
    assert _steps(200) < 3 * _steps(100)


def test_reading_many_paths_lets_nothing_be_written_below_them() -> None:
    reads = [request("a.example.com", f"/v1/{number}") for number in range(5)]
    policy = _policy(*reads, request("a.example.com", "/v1/0", "POST"))
    assert policy is not None
    assert _may(policy, "a.example.com", "/v1/3")
    assert not _may(policy, "a.example.com", "/v1/3", "POST")
    assert not _may(policy, "a.example.com", "/v2")
    assert not _may(policy, "b.example.com", "/v1/3")


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30), st.text(max_size=8)), max_size=6))
def test_whatever_is_asked_the_proposal_loads_and_has_one_profile(asked: list[tuple[str, str, str]]) -> None:
    _policy(*(request(f"a{host}.example.com", f"/{path}", method or "GET") for host, path, method in asked))
    _policy(*(call(host, path) for host, path, _ in asked))
    _policy(*(push("a.example.com", f"/{host}", path) for host, path, _ in asked))

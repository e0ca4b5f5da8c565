"""What another policy lets ways out do: found whenever more passes, more is trusted, or a name moves."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import NOW
from loading import of_tier
from ringfence.policy.comparing_values import value_gains
from ringfence.policy.egress_sentences import of_egress
from ringfence.policy.egressing import egressing
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier
from ringfence.policy.sentences import backquoted


def policy(profiles: str, mode: str = "observe") -> Policy:
    return load([of_tier(f"version: 1\nagents: {{mode: {mode}, profiles: {{{profiles}}}}}\n")])


def claude(text: str) -> Policy:
    return policy(f"claude: {{egress: {{{text}}}}}")


_GATEWAY = "connect_to: [{host: a.test, to_host: gw.test, to_port: 8443, tls: true, ca: /etc/gw.pem}]"
_OTHER = "connect_to: [{host: a.test, to_host: evil.test}]"


@pytest.mark.parametrize(
    ("before", "after", "was", "will", "is_one_way"),
    [
        ("connections: 5", "connections: 6", "at most 5 connections at one time", "at most 6 conn", True),
        ("sent: 1 MB", "", "at most 1 MB sent in a session", "nothing bounds `claude`: 1 MB sent", True),
        ("requests: 5/hour", "requests: 6/hour", "at most 5 requests per hour", "at most 6 requests", True),
        ("requests: 5/hour", "requests: 5/day", "5 requests per hour", "nothing bounds `claude`", False),
        ("", "origins: [{host: a.test, integrity: user}]", "`untrusted` and `public`", "`user` and", True),
        (
            "origins: [{host: a.test, integrity: untrusted, sensitivity: restricted}]",
            "",
            "answers of `a.test` count as `untrusted` and `restricted`",
            "count as `untrusted` and `public`",
            True,
        ),
        (
            "",
            "private: [{host: a.test, addresses: 10.0.0.0/8}]",
            "may have the private addresses none",
            "may have the private addresses `10.0.0.0/8`",
            True,
        ),
        (
            "private: [{host: a.test, addresses: 10.0.0.0/9}]",
            "private: [{host: a.test, addresses: 10.0.0.0/8}]",
            "`10.0.0.0/9`",
            "`10.0.0.0/8`",
            True,
        ),
        (
            "",
            "upstream: [{host: '*', proxy: 'http://p.test:1', direct: 10.0.0.0/8}]",
            "go through no proxy",
            "go through `http://p.test:1`, but not to `10.0.0.0/8`",
            False,
        ),
        ("", _GATEWAY, "go where they are asked to go", "go to `gw.test`, port 8443, over TLS, by", False),
        (
            _GATEWAY,
            _OTHER,
            "go to `gw.test`, port 8443",
            "`claude`: connections to `a.test` go to `evil",
            False,
        ),
    ],
)
def test_what_a_way_out_may_do_more_of_is_told(
    before: str, after: str, was: str, will: str, is_one_way: bool
) -> None:
    (gain,) = value_gains(claude(before), claude(after), now=NOW).found
    assert gain.about == "agents.egress"
    assert (was in gain.before, will in gain.after) == (True, True)
    assert (value_gains(claude(after), claude(before), now=NOW).found == ()) is is_one_way


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "private: [{host: a.test, addresses: [10.0.0.0/9, 10.128.0.0/9]}]",
            "private: [{host: a.test, addresses: 10.0.0.0/8}]",
        ),
        (
            "private: [{host: a.test, addresses: ['fd00::/9', 'fd80::/9']}]",
            "private: [{host: a.test, addresses: 'fd00::/8'}]",
        ),
        ("origins: [{host: a.test, integrity: untrusted}]", ""),
        (
            "connect_to: [{host: a.test, port: 443, to_host: b}, {host: '*.test', to_host: b}]",
            "connect_to: [{host: '*.test', to_host: b}]",
        ),
        (
            "connect_to: [{host: a.test, to_host: b}, {host: a.test, to_host: c}]",
            "connect_to: [{host: a.test, to_host: b}]",
        ),
    ],
)
def test_how_it_is_written_does_not_matter(before: str, after: str) -> None:
    for one, other in ((before, after), (after, before)):
        assert value_gains(claude(one), claude(other), now=NOW).found == ()


def test_a_port_that_leads_elsewhere_is_told_as_such() -> None:
    (gain,) = value_gains(
        claude(""), claude("connect_to: [{host: a.test, port: 22, to_host: b}]"), now=NOW
    ).found
    assert "connections to `a.test`, port 22, go to `b`" in gain.after
    assert gain.after_at is not None


def test_what_is_the_same_for_several_agents_is_told_once() -> None:
    before = policy("'*': {egress: {connections: 5}}, codex: {owner: x}")
    after = policy("'*': {egress: {connections: 9}}, codex: {owner: x}")
    assert len(value_gains(before, after, now=NOW).found) == 1


@pytest.mark.parametrize(
    "said", ["egress: {origins: [{host: a, integrity: user}]}", "sandbox: {debug: true}"]
)
def test_a_system_that_enforces_no_more_lets_a_users_document_open(said: str) -> None:
    user = of_tier(f"version: 1\nagents: {{profiles: {{claude: {{{said}}}}}}}\n", Tier.USER, "user.yaml")
    strict, lax = (
        load([of_tier(f"version: 1\nagents: {{mode: {mode}}}\n"), user]) for mode in ("enforce", "warn")
    )
    assert len(value_gains(strict, lax, now=NOW).found) == 1
    assert value_gains(lax, strict, now=NOW).found == ()


def test_a_profiles_way_out_is_told_in_words() -> None:
    (profile,) = claude(
        f"{_GATEWAY}, private: [{{host: db.test, addresses: [10.0.0.0/8, 'fd00::1']}}], "
        "origins: [{host: docs.test, integrity: user, sensitivity: internal}], "
        "requests: [100/minute, 1/day], connections: 5, sent: 10 MB"
    ).profiles
    assert backquoted(of_egress(profile.egress)) == (
        " Its way out has at most 5 connections at one time, 10 MB sent in a session, 100 requests per "
        "minute and 1 request per day. Connections to `a.test` go to `gw.test`, port 8443, over TLS, by the "
        "authorities in `/etc/gw.pem`. `db.test` may have the private addresses `10.0.0.0/8` or "
        "`fd00::1/128`. Answers of `docs.test` count as `user` and `internal`."
    )
    assert of_egress(claude("").profiles[0].egress) == ()


AGENTS = ("claude", "claude-2", "codex", "zz")
HOSTS = ("a.x", "b.x", "y")
ways_out = st.fixed_dictionaries(
    {},
    optional={
        "connections": st.sampled_from(("1", "2")),
        "requests": st.sampled_from(("1/hour", "[2/hour, 1/day]")),
        "private": st.sampled_from(
            (
                "[{host: a.x, addresses: 10.0.0.0/8}]",
                "[{host: '*.x', addresses: [10.0.0.0/9, 10.128.0.0/9]}]",
            )
        ),
        "origins": st.sampled_from(
            (
                "[{host: a.x, integrity: user}]",
                "[{host: '**', integrity: attested, sensitivity: internal}]",
                "[{host: '*.x', integrity: untrusted}, {host: '**', integrity: user}]",
            )
        ),
        "connect_to": st.sampled_from(
            ("[{host: a.x, to_host: b}]", "[{host: '*.x', port: 5, to_host: b}, {host: '**', to_host: c}]")
        ),
    },
)
drawn = st.dictionaries(st.sampled_from(("claude", "claude*", "'*'", "codex")), ways_out, max_size=2).map(
    lambda profiles: policy(
        ", ".join(
            f"{name}: {{egress: {{{', '.join(f'{key}: {value}' for key, value in said.items())}}}}}"
            for name, said in profiles.items()
        )
    )
)


@settings(max_examples=150, deadline=None)
@given(drawn, drawn)
def test_whatever_some_way_out_may_do_more_of_is_found_and_nothing_else(
    before: Policy, after: Policy
) -> None:
    is_wider = False
    for agent in AGENTS:
        was, will = egressing(before.document, agent), egressing(after.document, agent)
        old, new = was.budgets.connections, will.budgets.connections
        is_wider |= old is not None and (new is None or new.amount > old.amount)
        rates = {each.per: each.amount for each in will.budgets.requests}
        is_wider |= any(rates.get(each.per, 99) > each.amount for each in was.budgets.requests)
        for host in HOSTS:
            worth = was.origin(host), will.origin(host)
            is_wider |= worth[1].integrity > worth[0].integrity
            is_wider |= worth[1].sensitivity < worth[0].sensitivity
            has = [bool(each.private(host)) for each in (was, will)]
            is_wider |= has == [False, True]
            for port in (5, 6):
                there = [found.connect_to(host, port) for found in (was, will)]
                is_wider |= [each and each.to_host for each in there] in (
                    [[None, "b"], [None, "c"], ["b", None], ["b", "c"], ["c", None], ["c", "b"]]
                )
    assert bool(value_gains(before, after, now=NOW).found) == is_wider

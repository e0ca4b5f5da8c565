"""What documents say of an agent's way out: read, refused, and put together over tiers."""

from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import NOW
from loading import loaded, of_tier, refused
from ringfence.core.actions import CredentialUse
from ringfence.core.decisions import Effect, Place
from ringfence.core.labels import Integrity, Label, Sensitivity
from ringfence.core.limits import LIMITS
from ringfence.policy.egressing import Budgets, Egressing, egressing
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import load, read
from ringfence.policy.rule import Manner, Tier
from ringfence.policy.values import (
    Bound,
    ConnectTo,
    Egress,
    Origin,
    Private,
    ProxyAddress,
    Rate,
    UpstreamProxy,
)

EVERYTHING = """
version: 1
agents:
  profiles:
    claude:
      egress:
        connect_to:
          - {host: API.Model.test, port: 443, to_host: 127.0.0.1, to_port: 8443, tls: true, ca: /etc/ca.pem}
          - {host: ["*.a.test", b.test], to_host: gateway.test}
        private:
          - {host: "*.corp.test", addresses: [10.0.0.0/8, "fd00::1"]}
        origins:
          - {host: docs.corp.test, integrity: user, sensitivity: internal}
        requests: [100/minute, 2000/day]
        connections: 50
        sent: 10 MB
        received: 1 GiB
"""


def at(line: int, file: str = "p.yaml") -> Place:
    return Place(file=file, line=line)


def profile(text: str, tier: Tier = Tier.SYSTEM, agent: str = "claude", mode: str = "observe") -> PolicyFile:
    document = f"version: 1\nagents: {{mode: {mode}, profiles: {{{agent}: {{{text}}}}}}}\n"
    return of_tier(document, tier, f"{tier.name.lower()}.yaml")


def together(mode: str = "observe", **tiers: str) -> Egressing:
    """The system's document has this mode."""
    files = [
        profile(text, tier := Tier[name.upper()], mode=mode if tier is Tier.SYSTEM else "observe")
        for name, text in tiers.items()
    ]
    return egressing(read(files), "claude")


def test_every_key_is_read_with_its_line() -> None:
    (found,) = loaded(EVERYTHING).profiles
    gateway = ConnectTo(
        host="*.a.test", port=None, to_host="gateway.test", to_port=None, tls=None, ca=None, at=at(8)
    )
    assert found.egress == Egress(
        connect_to=(
            ConnectTo(
                host="API.Model.test",
                port=443,
                to_host="127.0.0.1",
                to_port=8443,
                tls=True,
                ca="/etc/ca.pem",
                at=at(7),
            ),
            gateway,
            ConnectTo(
                host="b.test", port=None, to_host="gateway.test", to_port=None, tls=None, ca=None, at=at(8)
            ),
        ),
        private=(
            Private(
                host="*.corp.test",
                addresses=(ip_network("10.0.0.0/8"), ip_network("fd00::1")),
                at=at(10),
            ),
        ),
        origins=(
            Origin(
                host="docs.corp.test",
                integrity=Integrity.USER,
                sensitivity=Sensitivity.INTERNAL,
                at=at(12),
            ),
        ),
        requests=(Rate(amount=100, per="minute", at=at(13)), Rate(amount=2000, per="day", at=at(13))),
        connections=Bound(amount=50, at=at(14)),
        sent_bytes=Bound(amount=10_000_000, at=at(15)),
        received_bytes=Bound(amount=1024**3, at=at(16)),
    )


def test_a_document_tells_that_it_speaks_of_the_way_out() -> None:
    assert loaded(EVERYTHING).files[0].values == ("profiles", "egress")


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("conections: 5", "unknown key `conections`", "did you mean `connections`?"),
        ("connect_to: [{host: a}]", "the key `to_host` is missing", "add it"),
        ("connect_to: [{host: a, to_host: b/c}]", "expected a host such as", "write"),
        ("connect_to: [{host: a, to_host: 0x7f000001}]", "expected a host such as", "write"),
        ("connect_to: [{host: a, to_host: b, to_port: 70000}]", "there is no such port", "from 1 to 65535"),
        ("connect_to: [{host: a, to_host: b, port: 0}]", "there is no such port", "from 1 to 65535"),
        ("connect_to: [{host: a, to_host: b, tls: false, ca: /x}]", "no authority is asked", "remove `ca`"),
        ("connect_to: [{host: a, to_host: b, ca: x.pem}]", "expected an absolute path", "write"),
        ("private: [{host: a, addresses: 10.0.0.1/8}]", "expected addresses such as", "write"),
        ("private: [{host: a, addresses: [intern]}]", "expected addresses such as", "write"),
        ("origins: [{host: a, integrity: trusted}]", "`trusted` is none of the words", "untrusted"),
        ("origins: [{host: a}]", "the key `integrity` is missing", "add it"),
        ("requests: 5 USD/day", "expected a cap such as 100/hour", "write"),
        ("sent: much", "expected a size such as", "write"),
    ],
)
def test_what_is_none_of_the_language_is_refused(text: str, what: str, hint: str) -> None:
    ((said, hinted),) = refused(profile(f"egress: {{{text}}}"))
    assert what in said
    assert hint in hinted


@pytest.mark.parametrize("key", ["connect_to", "private"])
def test_a_working_tree_says_neither_where_names_lead_nor_what_is_private(key: str) -> None:
    ((said, hint),) = refused(profile(f"egress: {{{key}: []}}", Tier.WORKING_TREE))
    assert f"a working tree's document has no `{key}`" in said
    assert "only restricts" in hint


def test_of_places_to_connect_to_the_first_that_fits_holds_and_the_systems_come_first() -> None:
    found = together(
        user="egress: {connect_to: [{host: '*.test', to_host: other}]}",
        system="egress: {connect_to: [{host: a.test, port: 8443, to_host: eight}, "
        "{host: a.test, to_host: any}]}",
    )
    where = {
        (host, port): there.to_host if (there := found.connect_to(host, port)) else None
        for host, port in (("a.test", 8443), ("a.test", 443), ("b.test", 443), ("a.test.evil", 443))
    }
    assert where == {
        ("a.test", 8443): "eight",
        ("a.test", 443): "any",
        ("b.test", 443): "other",
        ("a.test.evil", 443): None,
    }


def test_private_addresses_are_those_of_every_entry_for_the_host() -> None:
    found = together(
        system="egress: {private: [{host: '*.corp.test', addresses: 10.0.0.0/8}]}",
        user="egress: {private: [{host: db.corp.test, addresses: [192.168.0.7, 10.0.0.0/8]}]}",
    )
    assert found.private("db.corp.test") == (ip_network("10.0.0.0/8"), ip_network("192.168.0.7"))
    assert found.private("x.corp.test") == (ip_network("10.0.0.0/8"),)
    assert found.private("corp.test") == ()


def test_where_the_system_enforces_a_user_sends_no_name_elsewhere_and_names_nothing_private() -> None:
    said = (
        "egress: {connect_to: [{host: a, to_host: b}], private: [{host: a, addresses: 10.0.0.0/8}], "
        "origins: [{host: a, integrity: user}], connections: 5}"
    )
    for mode, is_let in (("warn", True), ("enforce", False)):
        found = together(mode, system="", user=said)
        assert (found.connect_to("a", 443) is not None) is is_let
        assert bool(found.private("a")) is is_let
        assert found.origin("a").integrity is (Integrity.USER if is_let else Integrity.UNTRUSTED)
        assert found.budgets.connections == Bound(amount=5, at=at(2, "user.yaml"))


@pytest.mark.parametrize(
    ("tiers", "label"),
    [
        ({"system": ""}, ("untrusted", "public")),
        ({"system": "a user internal"}, ("user", "internal")),
        ({"system": "b user internal"}, ("untrusted", "public")),
        ({"system": "a user public", "user": "a attested confidential"}, ("attested", "confidential")),
        ({"system": "a untrusted public", "user": "a user public"}, ("untrusted", "public")),
        ({"user": "a user public", "working_tree": "a untrusted internal"}, ("untrusted", "internal")),
        ({"user": "a user internal", "working_tree": "a system public"}, ("user", "internal")),
        ({"working_tree": "a system restricted"}, ("untrusted", "restricted")),
    ],
)
def test_answers_are_worth_the_least_that_a_document_says_and_nothing_by_a_working_tree_alone(
    tiers: dict[str, str], label: tuple[str, str]
) -> None:
    said = {}
    for tier, text in tiers.items():
        host, integrity, sensitivity = text.split() or ("none", "user", "public")
        said[tier] = (
            f"egress: {{origins: [{{host: {host}, integrity: {integrity}, sensitivity: {sensitivity}}}]}}"
        )
    integrity, sensitivity = label
    assert together(**said).origin("a") == Label(
        integrity=Integrity[integrity.upper()], sensitivity=Sensitivity[sensitivity.upper()]
    )


def test_of_a_profiles_origins_the_first_that_fits_counts() -> None:
    found = together(
        system="egress: {origins: [{host: a.test, integrity: user}, {host: '*', integrity: untrusted}]}"
    )
    assert found.origin("a.test").integrity is Integrity.USER
    assert found.origin("b.test").integrity is Integrity.UNTRUSTED


def test_of_budgets_the_least_holds_for_each_time() -> None:
    found = together(
        system="egress: {requests: [10/minute, 500/day], sent: 1 MB}",
        user="egress: {requests: [20/minute, 100/day], connections: 9}",
        working_tree="egress: {requests: 5/hour, sent: 2 MB, received: 3 MB, connections: 8}",
    )
    assert found.budgets == Budgets(
        requests=(
            Rate(amount=10, per="minute", at=at(2, "system.yaml")),
            Rate(amount=100, per="day", at=at(2, "user.yaml")),
            Rate(amount=5, per="hour", at=at(2, "working_tree.yaml")),
        ),
        connections=Bound(amount=8, at=at(2, "working_tree.yaml")),
        sent_bytes=Bound(amount=1_000_000, at=at(2, "system.yaml")),
        received_bytes=Bound(amount=3_000_000, at=at(2, "working_tree.yaml")),
    )


def test_a_profile_counts_for_the_agents_that_it_fits() -> None:
    document = read([profile("egress: {connections: 5}, network: [{host: a.test}]", agent="'claude*'")])
    assert egressing(document, "claude-2").budgets.connections is not None
    assert egressing(document, "claude-2").hosts == ("a.test",)
    assert egressing(document, "codex") == egressing(read([profile("")]), "codex")
    assert egressing(document, "codex").hosts == ()


def test_granted_are_hosts_and_ports_that_a_rule_opens_or_asks_about() -> None:
    found = together(
        system="network: [{host: a.test}, {host: '*.b.test', port: 8443}, "
        "{host: c.test, port: 22, raw: true}, {host: d.test, then: ask, port: 9000}, "
        "{host: e.test, port: 25, then: deny}], "
        "git: {push: [{host: git.test, repository: /a, port: 444}]}, "
        "rules: [{actions: [host.connect], match: {host: f.test, port: {at_least: 5000, at_most: 5002}}, "
        "then: allow}, {actions: [host.connect], match: {host: g.test, port: {at_least: 1}}, then: allow}]",
        user="network: [{host: a.test, port: 443}]",
        working_tree="network: [{host: tree.test, port: 1}]",
    )
    assert found.hosts == (*("a.test", "*.b.test", "c.test", "d.test", "git.test", "f.test", "g.test"),)
    assert found.ports == (22, 443, 444, 5000, 5001, 5002, 8443, 9000)


def test_where_the_system_enforces_a_users_rules_open_no_port() -> None:
    found = together("enforce", system="network: [{host: a.test}]", user="network: [{host: b.test, port: 5}]")
    assert (found.hosts, found.ports) == (("a.test",), ())


def test_a_rule_for_any_host_is_told_as_such_and_a_range_of_ports_has_an_end() -> None:
    found = together(
        system="rules: [{actions: [host.connect], match: {port: {at_least: 1, at_most: 65535}}, then: ask}]"
    )
    assert found.hosts == ("*",)
    assert found.ports == tuple(range(1, LIMITS.egress_ports + 1))


def test_how_a_refusal_looks_is_known_by_its_rule() -> None:
    found = together(
        system="network: [{id: a, host: a.test, then: deny, refused_as: failure}]",
        working_tree="network: [{id: b, host: b.test, then: deny, refused_as: empty}]",
    )
    manners = {name: found.manner(name) for name in ("a", "a:http", "b", "c", None)}
    assert manners == {
        "a": Manner.FAILURE,
        "a:http": Manner.FAILURE,
        "b": Manner.EMPTY,
        "c": Manner.HONEST,
        None: Manner.HONEST,
    }


HOSTS = ("a.x", "b.x", "x")
parts = st.fixed_dictionaries(
    {},
    optional={
        "connections": st.sampled_from(("1", "5")),
        "sent": st.sampled_from(("1 MB", "2 MB")),
        "requests": st.sampled_from(("1/minute", "[5/minute, 2/day]")),
        "origins": st.sampled_from(
            ("[{host: a.x, integrity: user}]", "[{host: '*', integrity: untrusted, sensitivity: internal}]")
        ),
    },
)


def _text(said: dict[str, str]) -> str:
    return f"egress: {{{', '.join(f'{key}: {value}' for key, value in said.items())}}}"


@settings(max_examples=100, deadline=None)
@given(parts, parts, parts, st.sampled_from(("observe", "enforce")))
def test_a_working_tree_never_widens_and_neither_does_a_user_below_a_system_that_enforces(
    system: dict[str, str], user: dict[str, str], tree: dict[str, str], mode: str
) -> None:
    tiers = {"system": _text(system), "user": _text(user), "working_tree": _text(tree)}
    found = [
        together(mode, **{name: tiers[name] for name in names})
        for names in (("system",), ("system", "user"), ("system", "user", "working_tree"))
    ]
    steps = [(found[1], found[2])] + ([(found[0], found[1])] if mode == "enforce" else [])
    for before, after in steps:
        for host in HOSTS:
            assert after.origin(host).integrity <= before.origin(host).integrity
            assert after.origin(host).sensitivity >= before.origin(host).sensitivity
        for field in ("connections", "sent_bytes", "received_bytes"):
            was, is_ = getattr(before.budgets, field), getattr(after.budgets, field)
            assert was is None or (is_ is not None and is_.amount <= was.amount)
        rates = {each.per: each.amount for each in after.budgets.requests}
        assert all(rates[each.per] <= each.amount for each in before.budgets.requests)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("network: [{host: localhost, port: 5432}], egress: {private: {PRIVATE}}", (5432,)),
        (
            "network: [{host: localhost, port: {at_least: 1, at_most: 3}}], egress: {connect_to: {TO}}",
            (2,),
        ),
        ("network: [{host: localhost, port: 5432, then: deny}], egress: {private: {PRIVATE}}", ()),
        ("network: [{host: '*', port: 5432}], egress: {private: {PRIVATE}}", ()),
        ("network: [{host: localhost, port: 5432}]", ()),
        ("network: [{host: localhost}], egress: {private: {PRIVATE}}", ()),
    ],
)
def test_the_box_s_own_loopback_is_given_up_for_ports_that_are_named_and_lead_somewhere(
    text: str, ports: tuple[int, ...]
) -> None:
    named = {
        "PRIVATE": "[{host: localhost, addresses: 127.0.0.0/8}]",
        "TO": "[{host: localhost, port: 2, to_host: localhost}]",
    }
    for name, entry in named.items():
        text = text.replace("{" + name + "}", entry)
    assert together(user=text).local_ports == ports


_UPSTREAM = "egress: {upstream: [{host: '*', proxy: 'http://%s.test:3128'%s}]}"


def test_a_proxy_is_read_whole_and_its_login_is_for_the_proxy_alone() -> None:
    more = ", credential: corp, ca: /etc/corp.pem, direct: ['*.corp.test', 10.0.0.0/8]"
    said = together(user=_UPSTREAM % ("Proxy", more))
    there = UpstreamProxy(
        host="*",
        proxy=ProxyAddress(host="proxy.test", port=3128, tls=False),
        pac=None,
        credential="corp",
        ca="/etc/corp.pem",
        direct_hosts=("*.corp.test",),
        direct=(ip_network("10.0.0.0/8"),),
        at=at(2, "user.yaml"),
    )
    assert (said.upstream("a.test"), said.upstream("git.corp.test")) == (there, None)
    assert said.upstream("localhost") is None
    assert said.logins == {"corp"}
    policy = load([profile(_UPSTREAM % ("Proxy", more), Tier.USER)])
    for host, effect in (("proxy.test", Effect.ALLOW), ("a.test", Effect.DENY)):
        use = CredentialUse(
            agent="claude", session="s", credential="corp", host=host, method="CONNECT", path="/"
        )
        assert policy.decide(use, now=NOW, enforcing=True).effect is effect


def test_a_proxy_may_speak_socks() -> None:
    said = together(user="egress: {upstream: [{host: '*', proxy: 'socks5://127.0.0.1:1080'}]}").upstream(
        "a.test"
    )
    assert said is not None
    assert said.proxy == ProxyAddress(host="127.0.0.1", port=1080, tls=False, is_socks=True)
    assert str(said.proxy) == "socks5://127.0.0.1:1080"


def test_the_system_s_proxy_comes_first_and_a_working_tree_names_none() -> None:
    said = together(system=_UPSTREAM % ("one", ""), user=_UPSTREAM % ("two", ""))
    proxied = said.upstream("a.test")
    assert proxied is not None
    assert proxied.proxy.host == "one.test"
    assert together(working_tree=_UPSTREAM % ("tree", "")).upstream("a.test") is None
    assert together("enforce", system="owner: x", user=_UPSTREAM % ("two", "")).upstream("a.test") is None


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy.test:3128",
        "http://proxy.test",
        "http://u:p@proxy.test:1",
        "socks4://a:1",
        "socks5://a",
        "http://*.test:1",
        "http://a:0",
    ],
)
def test_what_is_no_proxy_is_refused(proxy: str) -> None:
    ((said, _),) = refused(profile(f"egress: {{upstream: [{{host: '*', proxy: '{proxy}'}}]}}"))
    assert "expected a proxy such as http://proxy.example.com:3128" in said


@pytest.mark.parametrize(
    ("pac", "may_be"),
    [
        ("/etc/proxy.pac", True),
        ("http://wpad/wpad.dat", True),
        ("https://proxy.corp.test:8443/proxy.pac?of=us", True),
        ("https://10.1.2.3", True),
        ("proxy.pac", False),
        ("file:///etc/proxy.pac", False),
        ("https://u:p@proxy.test/a", False),
        ("https://proxy.test:0/a", False),
        ("https://proxy.test:99999/a", False),
        ("https://proxy.test/a#b", False),
        ("https://*.test/a", False),
        ("https://pröxy.test/a", False),
        ("https://proxy.test/a b", False),
    ],
)
def test_a_script_of_proxies_is_a_file_or_has_an_address(pac: str, may_be: bool) -> None:
    entry = f"egress: {{upstream: [{{host: '*', pac: '{pac}'}}]}}"
    if may_be:
        said = together(user=entry).upstream("a.test")
        assert said is not None and said.pac == pac
    else:
        ((what, _),) = refused(profile(entry))
        assert "expected an absolute path, or an address such as https://proxy.example.com/proxy.pac" in what


def test_a_proxy_is_named_or_a_file_that_names_one_and_not_both() -> None:
    file = "egress: {upstream: [{host: '*', pac: /etc/proxy.pac, credential: corp}]}"
    said = together(user=file).upstream("a.test")
    assert said is not None
    assert (said.proxy, said.pac) == (None, "/etc/proxy.pac")
    for entry in ("host: '*'", "host: '*', pac: /a, proxy: 'http://a.test:1'"):
        ((what, hint),) = refused(profile(f"egress: {{upstream: [{{{entry}}}]}}"))
        assert "neither a proxy, nor a script that names one, or both" in what
        assert hint == "write one"

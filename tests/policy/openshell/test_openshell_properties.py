"""Drawn policies of OpenShell: nothing passes after the import that would not pass before."""

import json
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import NOW
from openshell_reference import Asked, lets
from ringfence.core.actions import HostConnect, HttpRequest
from ringfence.core.decisions import Effect
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import load
from ringfence.policy.openshell.importing import imported
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier

HOSTS = ("api.x.test", "b.api.x.test", "c-api.x.test", "other.test")
PROGRAMS = ("/usr/bin/gh", "/usr/bin/git")
PATHS = ("/", "/a", "/a/b", "/a/b/c", "/A/b", "/b", "/a%2Fb", "/a/b;v=1", "/aa/b")
QUERIES = (("k=v",), ("K=v",), ("k=v", "l=1.2"), ("l=1",))
OPERATIONS = (("query.me",), ("mutation.add",), ("mutation.Add", "query.me"), ("mutation.drop",))

globs = st.sampled_from(
    ("/**", "**", "/a/*", "/a/**", "/*/b", "/a", "/a*/**", "/**/b", "/a/b", "/[ab]", "/a/b%2Fc")
)
methods = st.sampled_from(("*", "GET", "POST"))
queries = st.dictionaries(
    st.sampled_from(("k", "l")),
    st.sampled_from(("v", "1.*", "**", "*")) | st.just({"any": ["v", "w"]}),
    max_size=2,
)


def matcher(needs: bool) -> st.SearchStrategy[dict[str, Any]]:
    requests = st.fixed_dictionaries({"method": methods, "path": globs}, optional={"query": queries})
    if not needs:
        requests |= st.fixed_dictionaries({"method": methods})
    return requests


graphql_rule = st.fixed_dictionaries(
    {"operation_type": st.sampled_from(("query", "mutation"))},
    optional={"fields": st.lists(st.sampled_from(("me", "add", "a*", "drop")), min_size=1, max_size=2)},
)
where = {
    "host": st.sampled_from(
        ("api.x.test", "*.x.test", "*.api.x.test", "**.x.test", "*-api.x.test", "other.test")
    ),
    "port": st.sampled_from((443, 8080)),
}
options = {
    "enforcement": st.sampled_from(("enforce", "audit")),
    "path": st.sampled_from(("", "/a/**", "/a/b/**", "/a/b", "/a*", "/**")),
    "allow_encoded_slash": st.booleans(),
    "tls": st.sampled_from(("terminate", "skip")),
}
access = {"access": st.sampled_from(("read-only", "read-write", "full"))}
endpoints = st.one_of(
    st.fixed_dictionaries(where, optional={"tls": options["tls"]}),
    st.fixed_dictionaries({**where, "protocol": st.just("tcp")}),
    st.fixed_dictionaries({**where, **access}, optional=options),
    st.fixed_dictionaries(
        {**where, **access, "protocol": st.sampled_from(("rest", "websocket", "graphql"))}, optional=options
    ),
    st.fixed_dictionaries(
        {
            **where,
            "protocol": st.just("rest"),
            "rules": st.lists(matcher(True).map(lambda each: {"allow": each}), min_size=1, max_size=3),
        },
        optional={**options, "deny_rules": st.lists(matcher(False), max_size=2)},
    ),
    st.fixed_dictionaries(
        {
            **where,
            "protocol": st.just("graphql"),
            "rules": st.lists(graphql_rule.map(lambda each: {"allow": each}), min_size=1, max_size=2),
        },
        optional={**options, "deny_rules": st.lists(graphql_rule, max_size=1)},
    ),
)
binaries = st.lists(st.sampled_from((*PROGRAMS, "/usr/bin/*", "/usr/**", "/**/git")), max_size=2, unique=True)
network = st.fixed_dictionaries(
    {
        "endpoints": st.lists(endpoints, min_size=1, max_size=3),
        "binaries": binaries.map(lambda all_: [{"path": p} for p in all_]),
    }
)
looking = st.fixed_dictionaries(
    {
        "middleware": st.just("openshell/regex"),
        "endpoints": st.fixed_dictionaries(
            {"include": st.just(["*.x.test"])}, optional={"exclude": st.just(["api.x.test"])}
        ),
    }
)
policies = st.fixed_dictionaries(
    {"version": st.just(1), "network_policies": st.dictionaries(st.sampled_from("pqr"), network, min_size=1)},
    optional={"network_middlewares": st.dictionaries(st.just("m"), looking)},
)


def policy_of(said: dict[str, Any]) -> Policy:
    file = PolicyFile(tier=Tier.USER, name="openshell.yaml", data=json.dumps(said).encode())
    made = imported([file], agent="claude")
    return load([PolicyFile(tier=Tier.USER, name="ringfence.yaml", data=made.text.encode())])


def passes(policy: Policy, asked: Asked) -> bool:
    at: dict[str, Any] = {"agent": "claude", "host": asked.host, "port": asked.port, "program": asked.program}
    actions: list[HostConnect | HttpRequest] = [HostConnect(**at, raw=asked.raw)]
    if not asked.raw:
        actions.append(
            HttpRequest(
                **at, method=asked.method, path=asked.path, query=asked.query, operations=asked.operations
            )
        )
    return all(policy.decide(each, now=NOW, enforcing=True).effect is Effect.ALLOW for each in actions)


def all_requests() -> list[Asked]:
    found = []
    for host, port, program in product(HOSTS, (443, 8080), PROGRAMS):
        about: dict[str, Any] = {"host": host, "port": port, "program": program}
        found += [
            Asked(**about, raw=True),
            Asked(**about, path="/a/b"),
            Asked(**about, method="POST", path="/b"),
        ]
        if (port, program) == (443, PROGRAMS[0]) and host in HOSTS[:2]:
            found += [Asked(**about, method=m, path=p) for m in ("GET", "POST") for p in PATHS]
            found += [Asked(**about, path="/a/b", query=query) for query in QUERIES]
            found += [Asked(**about, method="POST", path="/a/b", operations=each) for each in OPERATIONS]
    return found


ALL = all_requests()


@settings(deadline=None, max_examples=30)
@given(policies)
def test_nothing_passes_after_the_import_that_openshell_would_refuse(said: dict[str, Any]) -> None:
    policy = policy_of(said)
    wider = [asked for asked in ALL if passes(policy, asked) and not lets(said, asked)]
    assert not wider


simple = st.fixed_dictionaries(
    {
        "host": st.sampled_from(("api.x.test", "*.x.test", "**.x.test")),
        "port": st.just(443),
        "protocol": st.just("rest"),
        "enforcement": st.just("enforce"),
        "rules": st.lists(
            st.fixed_dictionaries(
                {"method": methods, "path": st.sampled_from(("/**", "/a/*", "/**/b", "/a/**", "/a*/b"))}
            ).map(lambda each: {"allow": each}),
            min_size=1,
            max_size=3,
        ),
    }
)


@settings(deadline=None, max_examples=20)
@given(simple)
def test_plain_rules_let_the_same_through(endpoint: dict[str, Any]) -> None:
    said = {
        "version": 1,
        "network_policies": {"p": {"endpoints": [endpoint], "binaries": [{"path": "/usr/bin/gh"}]}},
    }
    policy = policy_of(said)
    assert [each for each in ALL if passes(policy, each)] == [each for each in ALL if lets(said, each)]

"""How fast actions are decided and policies are loaded, beside two other engines.

For the comparison each engine has the same 200 rules about hosts in its own words, and must answer alike.
"""

import json
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import Result, by_turns
from bench.scan.environments import python_of
from ringfence.core.actions import Action, HostConnect, HttpRequest, ModelUse
from ringfence.core.decisions import Effect
from ringfence.policy.files import PolicyFile
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Tier

__all__ = ["policy"]

_ENGINES = Path(__file__).resolve().parent / "policy_engines"
_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_FEW, _MANY, _ASKED, _ROUNDS = 200, 10_000, 500, 20


def policy(place: Path) -> Iterator[Result]:
    """One row for each limit."""
    for count, limit in ((_FEW, 5), (_MANY, 10)):
        took = _median_s(_loaded(_document(count)), _actions(count))
        yield Result(
            name=f"a decision with {count:,} rules, the median",
            measured=took * 1e6,
            limit=limit,
            unit=" µs",
            detail=f"{_ASKED} actions on models, hosts and requests, made beforehand",
        )
    document = _document(_MANY)
    (took,) = by_turns(lambda: _load_s(document))
    yield Result(
        name=f"loading a policy of {_MANY:,} rules",
        measured=took,
        limit=2,
        unit=" s",
        detail=f"{len(document) / 1e6:.1f} MB of YAML, read, checked and filed",
    )
    for engine, policies, requests in (
        ("cedarpy", _cedar(), _cedar_requests()),
        ("regopy", _rego(), _facts()),
    ):
        yield from _beside(engine, policies, requests, place)


def _beside(engine: str, policies: str, requests: list[dict[str, object]], place: Path) -> Iterator[Result]:
    python = python_of(engine, place, folder=_ENGINES)
    if python is None:
        return
    ours = _loaded(_hosts())
    actions = [HostConnect(agent="claude", host=host, port=443) for host in _asked()]
    given = json.dumps({"policies": policies, "requests": requests})
    command = [str(python), str(_ENGINES / "timing.py"), engine]
    ran = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True, check=True)
    theirs = json.loads(ran.stdout)
    if theirs["allowed"] != [ours.decide(each, now=_NOW).effect is Effect.ALLOW for each in actions]:
        raise ValueError(f"{engine} decides otherwise, so that its time says nothing")
    took = _median_s(ours, actions)
    yield Result(
        name=f"decisions a second with {_FEW} rules on hosts, against {engine}",
        measured=theirs["p50_s"] / took,
        limit=10,
        at_least=True,
        detail=f"medians {took * 1e6:.1f} µs and {theirs['p50_s'] * 1e6:.0f} µs",
    )


def _loaded(document: bytes) -> Policy:
    return load([PolicyFile(tier=Tier.USER, name="bench.yaml", data=document)])


def _load_s(document: bytes) -> float:
    started = time.perf_counter()
    _loaded(document)
    return time.perf_counter() - started


def _median_s(decided_by: Policy, actions: Sequence[Action]) -> float:
    took: list[float] = []
    decide, clock = decided_by.decide, time.perf_counter
    for _ in range(_ROUNDS):
        for action in actions:
            started = clock()
            decide(action, now=_NOW)
            took.append(clock() - started)
    return statistics.median(took)


def _document(rules: int) -> bytes:
    """A policy such as a large company might grow: approved models, sources, hosts, requests and tools."""
    fifth = range(rules // 5)
    return "\n".join(
        [
            "version: 1",
            "mode: enforce",
            "models:",
            "  approved:",
            *(f"    - {{name: org{i}/model-*, license: {{not: cc-by-nc*}}}}" for i in fifth),
            "sources:",
            "  rules:",
            *(f'    - {{match: {{source: "hub{i}.example.com/**"}}, then: {_then(i)}}}' for i in fifth),
            "agents:",
            "  profiles:",
            "    claude:",
            "      network:",  # two rules each
            *(f'        - {{host: "*.h{i}.example.com", port: 443, methods: [GET]}}' for i in fifth),
            "      tools:",
            *(f'        - {{server: mail, tool: t{i}, arguments: {{to: "*@example.com"}}}}' for i in fifth),
            "",
        ]
    ).encode()


def _then(number: int) -> str:
    return ("allow", "ask", "deny")[number % 3]


def _actions(rules: int) -> list[Action]:
    """Some that rules match and some that none does."""
    actions: list[Action] = []
    for i in range(_ASKED):
        number = i * 7 % (rules // 4)
        host = f"api.h{number}.example.com"
        actions += [
            ModelUse(
                name=f"org{number}/model-7b",
                formats=("gguf",),
                source=f"hub{number}.example.com/org/model",
                license="MIT",
            ),
            HostConnect(agent="claude", host=host, port=443),
            HttpRequest(agent="claude", host=host, port=443, method="GET", path="/v1/models"),
        ]
    return actions[:_ASKED]


def _hosts() -> bytes:
    """Half of the rules allow what is below a host, half deny one host there."""
    numbers = range(_FEW // 2)
    return "\n".join(
        [
            "version: 1",
            "mode: enforce",
            "agents:",
            "  rules:",
            *(
                "    - {actions: [host.connect], then: allow, "
                f'match: {{agent: claude, host: "*.h{i}.example.com", port: 443}}}}'
                for i in numbers
            ),
            *(
                f"    - {{actions: [host.connect], match: {{host: bad.h{i}.example.com}}, then: deny}}"
                for i in numbers
            ),
            "",
        ]
    ).encode()


def _cedar() -> str:
    on = 'principal, action == Action::"host.connect", resource'
    numbers = range(_FEW // 2)
    return "\n".join(
        [
            *(
                f'permit({on}) when {{ context.agent == "claude" && context.host like "*.h{i}.example.com" '
                f"&& context.port == 443 }};"
                for i in numbers
            ),
            *(f'forbid({on}) when {{ context.host == "bad.h{i}.example.com" }};' for i in numbers),
        ]
    )


def _rego() -> str:
    numbers = range(_FEW // 2)
    return "\n".join(
        [
            "package bench",
            "import rego.v1",
            "default permitted := false",
            "default denied := false",
            *(
                f'permitted if {{ input.agent == "claude"; endswith(input.host, ".h{i}.example.com"); '
                "input.port == 443 }"
                for i in numbers
            ),
            *(f'denied if {{ input.host == "bad.h{i}.example.com" }}' for i in numbers),
            "default allowed := false",
            "allowed if { permitted; not denied }",
        ]
    )


def _asked() -> list[str]:
    numbers = range(0, _FEW // 2, 2)
    return [f"{name}.h{i}.example.com" for i in numbers for name in ("api", "bad")] + ["example.org"]


def _facts() -> list[dict[str, object]]:
    return [{"agent": "claude", "host": host, "port": 443} for host in _asked()]


def _cedar_requests() -> list[dict[str, object]]:
    fixed = {"principal": 'User::"u"', "action": 'Action::"host.connect"', "resource": 'Host::"h"'}
    return [fixed | {"context": facts} for facts in _facts()]

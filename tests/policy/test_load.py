"""What documents come down to: sections, ids and places, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from loading import loaded, refused, rules_in
from ringfence.core.decisions import Effect, Mode, Obligation, ObligationKind, Place, Section
from ringfence.core.labels import Integrity
from ringfence.policy.rule import (
    AtLeast,
    AtMost,
    Before,
    Condition,
    Example,
    Is,
    Like,
    Rule,
    RuleId,
    Tier,
    Unlike,
)
from ringfence.policy.trust_words import Requirement
from ringfence.policy.values import (
    Approver,
    BreakGlass,
    Hold,
    Keep,
    Operators,
    Profile,
    Retention,
    Switch,
    Webhook,
)

EVERYTHING = Path(__file__).parent / "documents" / "everything.yaml"


def at(line: int) -> Place:
    return Place(file="p.yaml", line=line)


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return rules_in(EVERYTHING.read_bytes())


def test_a_rule_in_the_general_form_is_read_whole(rules: dict[str, Rule]) -> None:
    limit = ObligationKind.LIMIT
    rule = rules["acting-weights"]
    facts = {"verdict": "malicious", "license": "MIT"}
    assert rule == Rule(
        id=RuleId("acting-weights"),
        section=Section.MODELS,
        tier=Tier.SYSTEM,
        at=at(14),
        action_types=frozenset({"model.use", "model.pull"}),
        conditions=(
            Condition(field="verdict", test=AtLeast(4)),
            Condition(field="formats", test=Like(("pickle", "pytorch*"))),
            Condition(field="size_bytes", test=AtLeast(10_000_000_000)),
            Condition(field="source", test=Unlike(("huggingface.co/**",))),
            Condition(field="license", test=Like(("mit", "apache-2.0")), ignores_unknown=True),
        ),
        effect=Effect.DENY,
        mode=Mode.OBSERVE,
        obligations=(
            Obligation(kind=ObligationKind.RECORD_IN_FULL),
            Obligation(kind=ObligationKind.REDACT),
            Obligation(kind=ObligationKind.ROUTE_LOCALLY),
            Obligation(kind=limit, unit="calls", amount=100, per="hour"),
            Obligation(kind=limit, unit="usd-micro", amount=5_000_000, per="day"),
        ),
        why="It can run code when it is loaded.",
        controls=("iso42001:A.6", "nist-rmf:MAP-4"),
        examples=(
            *(
                Example(action_type=name, facts=facts, matches=True, at=at(28))
                for name in ("model.use", "model.pull")
            ),
            *(
                Example(action_type=name, facts={"verdict": "clean"}, matches=False, at=at(29))
                for name in ("model.use", "model.pull")
            ),
            Example(
                action_type="model.pull",
                facts={"verdict": "malicious", "size_bytes": 1_000_000_000},
                matches=False,
                at=at(29),
            ),
        ),
    )


def told(rule: Rule) -> tuple[object, ...]:
    return (
        sorted(rule.action_types),
        rule.effect,
        {each.field: each.test for each in rule.conditions},
        rule.at.line,
    )


def test_each_shorthand_is_a_rule_with_the_place_of_its_line(rules: dict[str, Rule]) -> None:
    allow, ask, deny = Effect.ALLOW, Effect.ASK, Effect.DENY
    both = ["model.pull", "model.use"]
    claude = {"agent": Like(("claude",))}
    assert told(rules["runtimes:32"]) == (
        ["runtime.run"],
        deny,
        {"name": Like(("ollama",)), "version": Before("0.7.0")},
        32,
    )
    assert told(rules["runtimes:33"]) == (
        ["listener.serve"],
        deny,
        {"exposure": Like(("network",))},
        33,
    )
    assert told(rules["sources:41"]) == (both, ask, {"source": Like(("hf.co/**",))}, 41)
    assert told(rules["data:45"])[1:3] == (deny, {"sensitivity": AtLeast(2), "local": Is(False)})
    assert told(rules["claude-up-to-internal"])[1:3] == (
        allow,
        {
            "host": Like(("api.anthropic.com",)),
            "model": Like(("claude-*",)),
            "sensitivity": AtMost(1),
        },
    )
    assert told(rules["agents:59"]) == (["agent.run"], allow, claude, 59)
    assert rules["agents:59"].until == datetime(2027, 1, 2, tzinfo=UTC)
    assert told(rules["agents:60:55"]) == (
        ["file.read", "file.write"],
        deny,
        claude | {"path": Like((".env",))},
        60,
    )
    assert told(rules["agents:67"])[:3] == (
        ["credential.use"],
        allow,
        claude
        | {
            "credential": Like(("github-token",)),
            "host": Like(("api.github.com",)),
            "method": Like(("GET",)),
            "path": Like(("/repos/our-org/**",)),
        },
    )
    assert [(each.unit, each.amount, each.per) for each in rules["agents:67"].obligations] == [
        ("usd-micro", 5_000_000, "day"),
        ("calls", 100, "hour"),
    ]
    assert told(rules["licenses:88:74"]) == (
        both,
        deny,
        {"purpose": Like(("production",)), "license": Like(("cc-by-nc*",))},
        88,
    )


def test_the_network_of_a_profile_is_connections_and_requests(rules: dict[str, Rule]) -> None:
    found = {
        (name, *rule.action_types, rule.effect.value)
        for name, rule in rules.items()
        if rule.at.line in {63, 64, 65}
    }
    assert found == {
        ("api", "host.connect", "allow"),
        ("api:http", "http.request", "allow"),
        ("agents:64", "host.connect", "ask"),
        ("agents:64:http", "http.request", "allow"),
        ("agents:65:http", "http.request", "deny"),
    }


def test_of_several_kept_lengths_the_first_that_fits_an_event_holds(rules: dict[str, Rule]) -> None:
    found = {name: told(rule)[1:3] for name, rule in rules.items() if name.startswith("retention:")}
    rest = Condition(field="event_types", test=Unlike(("decision.*",)))
    assert set(found) == {
        "retention:91:old",
        "retention:91:young",
        "retention:91:46:old",
        "retention:91:46:young",
    }
    assert found["retention:91:young"] == (
        Effect.DENY,
        {"event_types": Like(("decision.*",)), "older_than_days": AtMost(364)},
    )
    assert rest in rules["retention:91:46:old"].conditions


def test_values_are_read_whole() -> None:
    document = loaded(EVERYTHING.read_bytes())
    assert document.retention == Retention(
        events=(Keep(types="decision.*", days=365, at=at(91)), Keep(types="*", days=90, at=at(91))),
        holds=(
            Hold(streams="*", types="*", until=datetime(2027, 1, 2, tzinfo=UTC), why="case 12", at=at(92)),
        ),
    )
    assert document.operators == Operators(
        approve=(
            Approver(
                who=("alice", "group:security"),
                what=("model.use", "host.connect"),
                uses=10,
                lasts_s=28_800,
                at=at(97),
            ),
            Approver(who=("bob",), what=("*",), uses=None, lasts_s=None, at=at(98)),
        ),
        four_eyes=("credential.use", "tool.call"),
        break_glass=(BreakGlass(who=("bob",), lasts_s=3600, at=at(100)),),
        desktop=Switch(is_on=False, at=at(101)),
        webhooks=(
            Webhook(
                host="chat.example.com",
                port=443,
                target="/hooks/1?room=2",
                secret="~/hook.key",
                private=(),
                ca=None,
                at=at(101),
            ),
        ),
    )
    until = datetime(2027, 1, 2, tzinfo=UTC)
    assert document.profiles == (
        Profile(
            agent="claude", owner="dev-tools@example.com", approved_until=until, at=at(57), tier=Tier.SYSTEM
        ),
    )
    assert document.never_collected == ("prompt content", "keystrokes")
    (exemption,) = document.joined.exemptions
    assert (exemption.id, exemption.rule, exemption.until) == (
        "e1",
        "acting-weights",
        datetime(2026, 12, 31, 11, tzinfo=UTC),
    )


def test_trust_is_read_whole() -> None:
    trust = loaded(EVERYTHING.read_bytes()).joined.trust
    assert trust is not None
    assert [(each.name, each.effect, dict(each.args)) for each in trust.tools] == [
        ("mail.search", "read", {}),
        ("mail.send", "write", {"to": "target", "body": "content"}),
    ]
    assert {each.id: each.require for each in trust.rules} == {
        "reads": (),
        "critical": (Requirement(min=Integrity.USER), Requirement(designated=True)),
        "flow": (Requirement(readers_include="$targets", no_untrusted_urls=True),),
        "amount": (
            Requirement(min=Integrity.USER),
            Requirement(derived_at_most=500, when="targets_from_prompt"),
        ),
    }
    assert [(each.integrity, each.drop, each.max_writes) for each in trust.contexts] == [
        (Integrity.UNTRUSTED, ("secrets.*", "shell.net"), 3)
    ]


def test_a_rule_without_actions_is_for_those_that_have_all_its_facts() -> None:
    found = rules_in(
        """
        version: 1
        agents:
          rules:
            - {id: host, match: {host: "*.example.com"}, then: deny}
            - {id: command, match: {arguments: --force}, then: deny}
            - {id: tool, match: {arguments: {to: x}}, then: deny}
            - {id: not-forced, match: {argument: {not: --force}}, then: deny}
            - {id: all, then: ask}
        """
    )
    assert found["host"].action_types == {"host.connect", "http.request", "git.push", "credential.use"}
    assert found["command"].action_types == {"command.run"}
    assert found["not-forced"].action_types == {"command.run"}
    assert found["not-forced"].conditions == (Condition(field="arguments", test=Unlike(("--force",))),)
    assert found["tool"].action_types == {"tool.call"}
    assert len(found["all"].action_types) == 10


@pytest.mark.parametrize(
    ("line", "problem", "hint"),
    [
        ("modles: {}", "2:1: unknown key `modles`", "did you mean `models`?"),
        ("mode: obsrve", "2:7: `obsrve` is none of the words here", "did you mean `observe`?"),
        (
            "mode: [warn]",
            "2:7: expected observe, warn or enforce, found a list",
            "write observe, warn or enforce",
        ),
        ("serial: -1", "2:9: expected a number, found `-1`", "write a number"),
        (
            "models: [a]",
            "2:9: expected a mapping",
            "its keys: mode, approved, rules",
        ),
        ("models: {approved: [{until: 2027-02-30, name: x}]}", "2:29: expected a day", "write a day"),
        ("models: {approved: [{id: x}]}", "2:21: this approves every model", "give facts"),
        ("models: {rules: [{match: {name: x}}]}", "2:18: the key `then` is missing", "add it: allow"),
        (
            'agents: {profiles: {a: {files: {read: ["~/src/**"]}}}}',
            "2:40: `~` stands for no folder here",
            "name it whole: /home/NAME/…",
        ),
        (
            "models: {rules: [{match: {nmae: x}, then: deny}]}",
            "2:27: unknown key `nmae`",
            "did you mean `name`?",
        ),
        (
            "models: {rules: [{match: {name: '[x]'}, then: deny}]}",
            "2:33: `[` means nothing in a pattern",
            "list several patterns",
        ),
        (
            "models: {rules: [{match: {size: 10 potatoes}, then: deny}]}",
            "2:33: expected a size such as 10 GB or 512 MiB, found `10 potatoes`",
            "write a size",
        ),
        (
            "models: {rules: [{match: {verdict: {at_least: bad}}, then: deny}]}",
            "2:47: `bad` is none of the words here",
            "known here: clean",
        ),
        (
            "models: {rules: [{match: {remote: yes}, then: deny}]}",
            "2:35: expected true or false, found `yes`",
            "write true or false",
        ),
        (
            "models: {rules: [{match: {name: {unknown: ignore}}, then: deny}]}",
            "2:33: a test without a condition",
            "add a pattern",
        ),
        (
            "models: {rules: [{match: {signer: x, verdict: clean}, then: deny}]}",
            "2:19: no action of section models has all of these facts",
            "write a rule for each type",
        ),
        (
            "agents: {rules: [{actions: file.read, match: {hst: x}, then: deny}]}",
            "2:47: unknown key `hst`",
            "did you mean `host`?",
        ),
        (
            "agents: {rules: [{actions: file.read, match: {host: x}, then: deny}]}",
            "2:28: file.read has no fact host",
            "known here: agent, context, path, session",
        ),
        (
            "models: {rules: [{then: deny, until: 2027-01-01}]}",
            "2:31: only what is allowed can end",
            "remove `until`",
        ),
        (
            "models: {rules: [{then: allow, obligations: [redakt]}]}",
            "2:46: `redakt` is no obligation",
            "did you mean `redact`?",
        ),
        (
            "models: {rules: [{then: allow, obligations: {limit: 5 EUR/day}}]}",
            "2:53: expected a cap such as 100 calls/hour",
            "write a cap",
        ),
        ("models: {rules: [{then: allow, controls: A6}]}", "2:42: expected a control", "write a control"),
        ("models: {rules: [{then: allow, id: a b}]}", "2:36: expected a name of letters", "write a name"),
        ("models: {rules: [{then: }]}", "2:25: expected allow, ask or deny, found nothing", "write allow"),
        (
            "operators: {four_eyes: [model.used]}",
            "2:25: `model.used` is no type of action",
            "did you mean `model.use`?",
        ),
        (
            "agents: {profiles: {claude: {network: [{port: 443, then: allow, id: a}], rulez: []}}}",
            "2:74: unknown key `rulez`",
            "did you mean `rules`?",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_to_do(line: str, problem: str, hint: str) -> None:
    ((found, told_hint),) = refused(f"version: 1\n{line}\n")
    assert found.startswith(f"p.yaml:{problem}"), found
    assert told_hint.startswith(hint), told_hint


def test_all_problems_of_all_files_are_told_at_once() -> None:
    found = refused("version: 2\nmodles: {}\nmode: x\n", b"- a\n")
    assert [what.partition(": ")[0] for what, _ in found] == [
        "p.yaml:1:10",
        "p.yaml:2:1",
        "p.yaml:3:7",
        "p.yaml:1:1",
    ]


def test_a_wrong_example_refuses_the_document_and_says_what_came_out() -> None:
    text = """
        version: 1
        models:
          rules:
            - id: big
              match: {size: {at_least: 10 GB}, verdict: {like: malicious, unknown: ignore}}
              then: deny
              examples:
                match: [{size: 9 GB, verdict: malicious}]
                not_match:
                  - {size: 11 GB, verdict: malicious, action: model.use}
        """
    assert [what for what, _ in refused(text)] == [
        "p.yaml:8:1: rule big does not match this model.use, because of size_bytes",
        "p.yaml:8:1: rule big does not match this model.pull, because of size_bytes",
        "p.yaml:10:1: rule big matches this model.use, and should not",
    ]


def test_what_an_example_leaves_out_is_unknown() -> None:
    for then, matches in (("deny", "match"), ("allow", "not_match")):
        rule = f"{{match: {{name: x, digest: y}}, then: {then}, examples: {{{matches}: [{{name: x}}]}}}}"
        loaded(f"version: 1\nmodels: {{rules: [{rule}]}}\n")


def test_an_example_with_facts_that_no_action_of_the_rule_has_is_refused() -> None:
    rule = "{actions: model.sign, then: deny, examples: {match: [{digest: x}]}}"
    assert refused(f"version: 1\nmodels: {{rules: [{rule}]}}\n") == [
        ("p.yaml:2:71: the rule is for no action with these facts", "give facts of model.sign")
    ]


def test_several_rules_in_one_line_have_ids_of_their_own() -> None:
    found = rules_in("version: 1\nmodels: {rules: [{then: ask}, {then: deny}]}\nsources: {deny: [a, b]}\n")
    assert list(found) == ["models:2", "models:2:31", "sources:3"]
    assert found["sources:3"].conditions == (Condition(field="source", test=Like(("a", "b"))),)


def test_a_version_stays_what_is_written() -> None:
    found = rules_in("version: 1\nruntimes: {vulnerable: [{name: a, before: 0.10, because: b}]}\n")
    assert found["runtimes:2"].conditions[1].test == Before("0.10")

"""What the system's document enforces is a ceiling: no user's document opens what it closes."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import DIGEST, NOW, exemption, ruling
from drawn_policies import actions, modes, rules
from loading import of_tier
from often import examples
from ringfence.app.policy.explain import explain
from ringfence.app.policy.render.chapters import document_of
from ringfence.app.policy.show import show
from ringfence.core.action_types import type_of
from ringfence.core.actions import Action, Argument, HostConnect, ModelUse, ToolCall
from ringfence.core.decisions import Effect, Mode, Section
from ringfence.core.labels import Integrity, Label
from ringfence.policy.comparing import gains
from ringfence.policy.engine import Engine
from ringfence.policy.joining import Part, joined
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.problems import Problems
from ringfence.policy.rule import Rule, Tier
from ringfence.policy.sentences import plain

SYSTEM = """
    version: 1
    agents:
      mode: enforce
      rules:
        - {id: known, actions: [host.connect], match: {host: "*.example.com"}, then: allow}
        - {id: asked, actions: [host.connect], match: {host: "*.example.org"}, then: ask}
        - {id: tried, actions: [host.connect], match: {host: tried.net}, then: allow, mode: observe}
    models: {mode: warn}
    """
USER = """
    version: 1
    agents:
      mode: enforce
      rules:
        - {id: mine, actions: [host.connect], then: allow}
        - {id: perhaps, actions: [host.connect], match: {host: "*.net"}, then: ask}
        - {id: never, actions: [host.connect], match: {host: no.example.com}, then: deny}
        - {id: first, actions: [host.connect], match: {host: ask.example.com}, then: ask}
    models: {mode: enforce, rules: [{id: own, match: {name: "own/**"}, then: allow}]}
    """
BOTH = load([of_tier(SYSTEM, name="system.yaml"), of_tier(USER, Tier.USER, "user.yaml")])


def host(name: str) -> HostConnect:
    return HostConnect(host=name, port=443)


def word(policy: Policy, action: Action) -> tuple[Effect, str | None]:
    decision = policy.decide(action, now=NOW)
    return decision.effect, decision.reasons[0].rule


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.example.com", (Effect.ALLOW, "known")),
        ("a.example.org", (Effect.ASK, "asked")),
        ("evil.com", (Effect.DENY, None)),  # whatever `mine` allows
        ("a.net", (Effect.DENY, None)),  # whatever `perhaps` asks about
        ("tried.net", (Effect.DENY, None)),  # what is tried out opens nothing
        ("no.example.com", (Effect.DENY, "never")),
        ("ask.example.com", (Effect.ASK, "first")),
    ],
)
def test_under_a_ceiling_a_users_rules_only_make_graver(
    name: str, expected: tuple[Effect, str | None]
) -> None:
    assert word(BOTH, host(name)) == expected


def test_the_denial_stands_where_the_systems_document_enforces() -> None:
    (reason,) = BOTH.decide(host("evil.com"), now=NOW).reasons
    assert (str(reason.at), reason.mode) == ("system.yaml:3", Mode.ENFORCE)


def test_where_the_system_does_not_enforce_a_users_rules_open_what_the_user_closed() -> None:
    use = ModelUse(name="own/m", formats=())
    assert word(BOTH, use)[1] == "own"
    assert word(BOTH, replace(use, name="other/m")) == (Effect.DENY, None)
    assert BOTH.ceiling == {Section.AGENTS}


def test_a_mode_for_all_sections_is_a_ceiling_over_all() -> None:
    policy = load([of_tier("version: 1\nmode: enforce\nmodels: {mode: warn}\n")])
    assert policy.ceiling == set(Section) - {Section.MODELS}
    assert load([of_tier("version: 1\nmode: enforce\n", Tier.USER)]).ceiling == set()
    assert load([of_tier("version: 1\nmode: enforce\n", Tier.WORKING_TREE)]).ceiling == set()


def call(tool: str, *, planned: bool, bare: bool = True) -> ToolCall:
    label = Label(integrity=Integrity.UNTRUSTED)
    arguments = () if bare else (Argument(name="to", text="eve", label=label),)
    return ToolCall(server="mail", tool=tool, arguments=arguments, planned=planned, context=label)


_TRUST = """
    version: 1
    agents:
      mode: enforce
      trust:
        tools: {mail.send: {args: {to: target}}}
        rules:
          - {id: reads, effect: read, then: allow}
          - {id: writes, effect: write, require: {planned: true}, then: allow, else: deny}
          - {id: targets, role: target, require: {min: user}, else: ask}
    """


@pytest.mark.parametrize(
    "said",
    [
        "trust: {tools: {mail.read: {effect: read}}}",  # which the system's rule would allow
        "trust: {tools: {mail.send: {effect: read, args: {to: option}}}}",
        "trust: {tools: {mail.*: {effect: read}}, rules: [{id: all, then: allow}]}",
        "rules: [{id: all, then: allow}]",
    ],
)
def test_what_a_user_says_of_tools_opens_nothing_either(said: str) -> None:
    system = of_tier(_TRUST, name="system.yaml")
    alone = load([system])
    both = load([system, of_tier(f"version: 1\nagents:\n  {said}\n", Tier.USER, "user.yaml")])
    for tool, planned, bare in product(("read", "send"), (True, False), (True, False)):
        action = call(tool, planned=planned, bare=bare)
        before, after = (each.decide(action, now=NOW) for each in (alone, both))
        order = list(Effect)
        assert order.index(after.effect) >= order.index(before.effect), action
    assert word(alone, call("send", planned=True)) == (Effect.ALLOW, "writes")
    assert word(alone, call("send", planned=True, bare=False)) == (Effect.ASK, "targets")
    assert word(alone, call("read", planned=True)) == (Effect.DENY, None)


_SYSTEMS = st.lists(rules(tier=Tier.SYSTEM), max_size=6, unique_by=lambda each: each.id)
_ENFORCING = st.fixed_dictionaries(
    dict.fromkeys(
        (Section.MODELS, Section.SOURCES, Section.AGENTS),
        st.sampled_from([Mode.ENFORCE, Mode.ENFORCE, Mode.ENFORCE, Mode.WARN]),
    )
)
_OPENING = rules(effects=(Effect.ALLOW, Effect.ASK), tier=Tier.USER)
_USERS = st.lists(_OPENING | rules(tier=Tier.USER), max_size=6, unique_by=lambda each: each.id)


def part(tier: Tier, rules_: list[Rule], named: dict[Section, Mode], *, excepted: bool) -> Part:
    of = ruling(*rules_, modes=named)
    exemptions = [
        exemption(f"e{number}", rule.id, {}, until=NOW + timedelta(days=1))
        for number, rule in enumerate(rules_)
    ]
    return Part(
        file=of_tier(tier.name, tier),
        problems=Problems(file=tier.name),
        modes={section: (mode, at) for section, (mode, at) in of.modes.items() if at is not None},
        rules=rules_,
        exemptions=exemptions if excepted else [],
    )


@settings(max_examples=examples(400), deadline=None)
@given(_SYSTEMS, _ENFORCING, _USERS, modes, st.booleans(), actions)
def test_a_user_document_never_opens_what_an_enforcing_system_section_closes(
    of_system: list[Rule],
    system_modes: dict[Section, Mode],
    of_user: list[Rule],
    user_modes: dict[Section, Mode],
    excepted: bool,
    action: HostConnect | ModelUse,
) -> None:
    system = part(Tier.SYSTEM, of_system, system_modes, excepted=False)
    taken = {each.id for each in of_system}  # an id that is taken is refused when documents are loaded
    of_user = [each for each in of_user if each.id not in taken]
    user = part(Tier.USER, of_user, user_modes, excepted=excepted)
    alone, both = (
        Engine(joined(parts).joined, None, policy_digest=DIGEST).decide(action, now=NOW)
        for parts in ([system], [system, user])
    )
    order = list(Effect)
    for section in type_of(action).sections:
        if system_modes.get(section) is not Mode.ENFORCE:
            continue
        before, after = (next(r for r in each.reasons if r.section is section) for each in (alone, both))
        if before.mode is Mode.ENFORCE:
            assert after.mode is Mode.ENFORCE or before.effect is Effect.ALLOW
            assert order.index(after.effect) >= order.index(before.effect)
    if all(system_modes.get(each) is Mode.ENFORCE for each in type_of(action).sections):
        assert both.may_proceed <= alone.may_proceed


def test_explaining_names_the_users_rule_that_does_not_count_and_none_that_could_not() -> None:
    (section,) = explain(BOTH, host("evil.com"), started_at=NOW).sections
    assert (section.rule, section.at) == (None, "system.yaml:3")
    assert section.overruled == ("mine (user.yaml:5)",)
    assert {each.rule for each in section.near} == {"known", "asked", "tried"}
    (allowed,) = explain(BOTH, host("a.example.com"), started_at=NOW).sections
    assert allowed.overruled == ()


def test_what_would_turn_it_is_what_the_system_allows() -> None:
    found = explain(BOTH, host("evil.com"), started_at=NOW).turns
    assert {each.rule for each in found} == {"known", "first"}


def test_showing_says_which_sections_only_the_system_opens() -> None:
    shown = show(BOTH, trouble=None, started_at=NOW)
    assert {each.section for each in shown.modes if each.ceiling} == {Section.AGENTS}


def test_comparing_finds_what_a_ceiling_closes_and_nothing_that_it_keeps_closed() -> None:
    system, loose = (of_tier(each) for each in (SYSTEM, SYSTEM.replace("mode: enforce", "mode: warn", 1)))
    user = of_tier(USER, Tier.USER, "user.yaml")
    kinder = USER.replace("host: no.example.com}, then: deny", "host: no.example.com}, then: allow")
    mine = of_tier("version: 1\nagents: {mode: enforce}\n", Tier.USER, "user.yaml")
    assert gains(load([system]), load([system, user]), now=NOW).found == ()
    opened = gains(load([system, user]), load([loose, user]), now=NOW).found
    assert {each.after.reasons[0].rule for each in opened} >= {"mine"}
    assert gains(load([loose, user]), load([system, user]), now=NOW).found == ()
    assert gains(load([loose, mine]), load([loose, user]), now=NOW).found != ()
    assert (
        gains(load([system, user]), load([system, of_tier(kinder, Tier.USER)]), now=NOW).found != ()
    )  # a denial less


def test_what_people_sign_says_where_a_users_rule_is_no_leave() -> None:
    document = document_of(BOTH, title="Policy", written_at=NOW)
    lines = {
        each.id: plain(each.sentence)
        for chapter in document.chapters
        for group in chapter.groups
        for each in group.lines
    }
    begins = "Only where the system's document allows it, too: "
    assert [id_ for id_, text in lines.items() if text.startswith(begins)] == ["mine", "perhaps", "first"]

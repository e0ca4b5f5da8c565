"""Cases beside a policy: read strictly, and told apart from what the policy says."""

from datetime import UTC, datetime

import pytest

from deciding import NOW
from loading import of_tier
from ringfence.core.actions import FileWrite, ModelUse
from ringfence.core.decisions import Place
from ringfence.core.verdicts import Verdict
from ringfence.policy.cases import Case, Difference, differences, reached, read_cases
from ringfence.policy.load import load
from ringfence.policy.problems import PolicyRefused

POLICY = """
    version: 1
    mode: enforce
    models:
      rules:
        - {id: bad, match: {verdict: malicious}, then: deny}
        - {id: big, match: {size: {at_least: 1 GB}}, then: ask, obligations: [redact, {limit: 3 calls/hour}]}
    agents: {rules: [{id: docs, match: {path: docs/**}, actions: file.write, then: allow, until: 2026-12-31}]}
"""


def cases(text: str) -> tuple[Case, ...]:
    return read_cases(of_tier(text, name="cases.yaml"))


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyRefused) as caught:
        cases(text)
    return [f"{each}; {each.hint}" for each in caught.value.problems]


def test_a_case_has_its_action_and_what_is_expected_with_their_places() -> None:
    (case,) = cases("""
        - name: a big model
          action: {action: model.use, size: 2 GB, format: gguf, verdict: clean}
          expect:
            effect: ask
            rule: big
          now: 2026-11-30
    """)
    assert isinstance(case.action, ModelUse)
    assert (case.action.size_bytes, case.action.formats) == (2_000_000_000, ("gguf",))
    assert case.action.verdict is Verdict.CLEAN
    assert case.action.license is None
    assert case.now == datetime(2026, 11, 30, tzinfo=UTC)
    assert case.at == Place(file="cases.yaml", line=1)
    assert case.places == {
        "effect": Place(file="cases.yaml", line=4),
        "rule": Place(file="cases.yaml", line=5),
    }


def test_what_is_wrong_with_a_case_is_told_with_its_place() -> None:
    assert problems("- {name: a, action: {action: model.uze}, expect: {effect: allow}}\n") == [
        "cases.yaml:1:30: `model.uze` is no type of action; did you mean `model.use`?"
    ]
    assert problems("- {name: a, action: {name: m}, expect: {effect: allow}}\n") == [
        "cases.yaml:1:21: the type of action is missing; add `action`, such as model.use"
    ]
    (unknown,) = problems("- {name: a, action: {action: file.read, pat: x}, expect: {effect: allow}}\n")
    assert unknown.startswith("cases.yaml:1:41: unknown key `pat`; did you mean `path`?")
    (word,) = problems("- {name: a, action: {action: file.read}, expect: {effect: perhaps}}\n")
    assert word.startswith("cases.yaml:1:59: `perhaps` is none of the words here")
    assert problems("{}\n")[0].startswith("cases.yaml:1:1: expected a list")


def test_only_what_a_case_names_is_compared() -> None:
    policy = load([of_tier(POLICY)])
    one, other, none = cases("""
        - name: a
          action: {action: model.use, verdict: malicious}
          expect: {effect: deny, mode: enforce, rule: bad}
        - name: b
          action: {action: model.use, verdict: clean}
          expect: {effect: allow, mode: warn, obligations: redact}
        - name: c
          action: {action: file.write, path: x}
          expect: {effect: deny, rule: none, obligations: []}
    """)
    assert differences(one, policy.decide(one.action, now=NOW)) == ()
    assert differences(none, policy.decide(none.action, now=NOW)) == ()
    at = Place(file="cases.yaml", line=6)
    assert differences(other, policy.decide(other.action, now=NOW)) == (
        Difference(what="effect", expected="allow", found="deny", at=at),
        Difference(what="mode", expected="warn", found="enforce", at=at),
        Difference(
            what="obligations",
            expected="What is sensitive is taken out before.",
            found="At most 3 calls per hour. What is sensitive is taken out before.",
            at=at,
        ),
    )


def test_a_case_reaches_the_rules_that_its_action_fits_at_its_time() -> None:
    policy = load([of_tier(POLICY)])
    now, later = cases("""
        - {name: a, action: {action: file.write, path: docs/x}, expect: {effect: allow}}
        - name: b
          action: {action: file.write, path: docs/x}
          expect: {effect: deny}
          now: 2027-02-01T00:00:00Z
    """)
    assert isinstance(now.action, FileWrite)
    assert reached(policy, now, now=NOW) == {"docs"}
    assert reached(policy, later, now=NOW) == frozenset()

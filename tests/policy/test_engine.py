from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deciding import NOW, engine, exemption, rule, ruling
from ringfence.core.action_types import ActionType
from ringfence.core.actions import (
    HostConnect,
)
from ringfence.core.decisions import (
    Effect,
)
from ringfence.core.limits import LIMITS
from ringfence.policy.rule import AtLeast
from ringfence.policy.table import Table

ALLOW, DENY = Effect.ALLOW, Effect.DENY
CONNECT = HostConnect(agent="claude", host="api.example.com", port=443)


def test_an_allowance_ends() -> None:
    decide = engine(ruling(rule("r", ALLOW, until=NOW))).decide
    assert decide(CONNECT, now=NOW - timedelta(microseconds=1)).effect is ALLOW
    assert decide(CONNECT, now=NOW).effect is DENY


def test_an_exception_is_for_its_rule_its_facts_and_its_time_and_is_named() -> None:
    until = NOW + timedelta(days=1)
    rules = (rule("allow", ALLOW), rule("no", DENY, {"port": "443"}), rule("other", DENY, {"port": "80"}))
    except_no = exemption("e1", "no", {"agent": "claude", "program": "/usr/bin/*"}, until=until)
    decide = engine(ruling(*rules, exemptions=(except_no,))).decide
    known = replace(CONNECT, program="/usr/bin/curl")
    reason = decide(known, now=NOW).reasons[0]
    assert (reason.effect, reason.rule, reason.exception) == (ALLOW, "allow", "e1")
    for action, now in (
        (CONNECT, NOW),  # the program is unknown
        (replace(known, agent="codex"), NOW),
        (replace(known, port=80), NOW),
        (known, until),
    ):
        reason = decide(action, now=now).reasons[0]
        assert (reason.effect, reason.exception) == (DENY, None)


def test_an_exception_opens_nothing_by_itself() -> None:
    denied = exemption("e1", "no", {}, until=NOW + timedelta(days=1))
    reason = engine(ruling(rule("no", DENY), exemptions=(denied,))).decide(CONNECT, now=NOW).reasons[0]
    assert (reason.effect, reason.rule, reason.exception) == (DENY, None, None)


def test_what_the_same_rules_matched_is_decided_once_and_few_outcomes_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ringfence.policy.engine.LIMITS", replace(LIMITS, policy_outcomes=2))
    deciding = engine(
        ruling(*(rule(f"r{number:02}", DENY, {"port": AtLeast(number)}) for number in range(12)))
    )
    for port in range(12):
        first = deciding.decide(replace(CONNECT, port=port), now=NOW)
        assert first is deciding.decide(replace(CONNECT, port=port, host="other"), now=NOW)
        assert first.reasons[0].rule == "r00"
    assert len(deciding._tables[HostConnect].kept) <= 2


def test_rules_are_made_ready_once_for_a_type_of_action_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[type] = []

    def table(of: ActionType, *rest: Any) -> Table:
        made.append(of.made)
        return Table(of, *rest)

    monkeypatch.setattr("ringfence.policy.engine.Table", table)
    deciding = engine(ruling(rule("r", ALLOW)))
    assert made == []
    for port in (80, 443):
        assert deciding.decide(replace(CONNECT, port=port), now=NOW).effect is ALLOW
    assert made == [HostConnect]

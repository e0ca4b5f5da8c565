from datetime import UTC, datetime, timedelta

from loading import loaded
from ringfence.policy.policy import Policy

_TEXT = """
version: 1
agents:
  rules:
    - {id: one, actions: [http.request], then: allow, until: 2026-12-01}
    - {id: two, actions: [http.request], then: ask}
exceptions:
  - {id: e, rule: two, asked_by: ann, reviewed_by: bob, why: a test, until: 2026-11-20T12:00:00Z}
"""
_MOMENT = timedelta(microseconds=1)


def test_what_is_decided_holds_until_the_next_rule_or_exception_is_over() -> None:
    policy = Policy(loaded(_TEXT))
    of_exception = datetime(2026, 11, 20, 12, tzinfo=UTC)
    (of_rule,) = {each.until for each in policy.rules if each.until is not None}
    assert policy.holds_until(of_exception - _MOMENT) == of_exception
    assert policy.holds_until(of_exception) == of_rule
    assert policy.holds_until(of_rule) is None

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.egress.broker.budgets import WINDOWS_S
from ringfence.egress.broker.money import Account, Limit, Purses

ONE = Account(agent="claude", session="s1", rule="key")
OTHER = Account(agent="claude", session="s2", rule="key")


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def limit(amount: int, per: str = "day", account: Account = ONE) -> list[Limit]:
    return [Limit(account=account, amount=amount, per=per)]


def test_a_request_goes_while_less_than_the_limit_is_spent_and_held() -> None:
    purses = Purses(clock=Clock())
    assert purses.check(limit(100)) is None
    purses.hold([ONE], 60)
    purses.hold([ONE], 60)
    spent = purses.check(limit(100))
    assert spent is not None
    assert spent.what == (
        "the policy grants 0.0001 USD for each day, and 0 USD are spent by list prices, "
        "and 0.00012 USD held for requests that are not answered yet"
    )
    purses.settle([ONE], 60, 10)
    assert purses.check(limit(100)) is None
    assert purses.left(limit(100)) == 30
    purses.settle([ONE], 60, 90)
    assert purses.check(limit(100)) is not None
    assert purses.left(limit(100)) == 0


@pytest.mark.parametrize("per", ["minute", "hour", "day", "session"])
def test_sessions_of_an_agent_share_all_but_what_is_a_sessions(per: str) -> None:
    purses = Purses(clock=Clock())
    purses.count([ONE], 100)
    assert (purses.check(limit(100, per, OTHER)) is None) == (per == "session")
    for other in (
        Account(agent="codex", session="s3", rule="key"),
        Account(agent="claude", session="s1", rule="b"),
    ):
        assert purses.check(limit(100, per, other)) is None


def test_a_rule_that_lets_through_two_things_of_a_request_counts_it_once() -> None:
    purses = Purses(clock=Clock())
    purses.hold([ONE, ONE], 10)
    purses.settle([ONE, ONE], 10, 10)
    assert purses.left(limit(100)) == 90


@dataclass
class Model:
    """What was spent, one by one, and the windows as they should be."""

    spent: list[tuple[float, int]] = field(default_factory=list)
    since: float | None = None

    def now(self, at: float, seconds: int | None) -> int:
        if self.since is None or (seconds is not None and at - self.since >= seconds):
            self.since = at
        return sum(amount for when, amount in self.spent if when >= self.since)


_STEPS = st.lists(st.tuples(st.sampled_from(["wait", "ask", "answer"]), st.integers(0, 100_000)), max_size=60)


@pytest.mark.parametrize("per", [*WINDOWS_S, "session"])
@given(steps=_STEPS, most=st.integers(1, 100_000))
@settings(deadline=None, max_examples=150)
def test_no_request_goes_once_its_window_has_nothing_left(
    per: str, steps: list[tuple[str, int]], most: int
) -> None:
    clock, model, held = Clock(), Model(), []
    purses = Purses(clock=clock)
    for step, number in steps:
        if step == "wait":
            clock.s += number
        elif step == "answer" and held:
            amount = held.pop()
            purses.settle([ONE], amount, number)
            model.now(clock.s, WINDOWS_S.get(per))
            if number:
                model.spent.append((clock.s, number))
        elif step == "ask":
            goes = purses.check(limit(most, per)) is None
            assert goes == (model.now(clock.s, WINDOWS_S.get(per)) + sum(held) < most)
            if goes:
                purses.hold([ONE], number)
                held.append(number)
    for each in held:
        purses.settle([ONE], each, 0)
    assert not purses._held


def test_what_was_spent_before_counts_from_when_it_was() -> None:
    clock = Clock()
    purses = Purses(clock=clock)
    clock.s = 10_000
    purses.count([ONE], 100, ago_s=3_000)
    assert purses.check(limit(100, "hour")) is not None
    clock.s += 601
    assert purses.check(limit(100, "hour")) is None
    assert purses.check(limit(100, "day")) is not None


def test_a_session_that_ends_is_forgotten_and_its_agents_day_is_not() -> None:
    purses = Purses(clock=Clock())
    purses.count([ONE], 100)
    purses.forget("s1")
    assert purses.check(limit(100, "session")) is None
    assert purses.check(limit(100, "day")) is not None


@pytest.mark.parametrize(("session", "is_others"), [("s1", False), (None, True)])
def test_what_can_not_be_counted_again_is_used_up(session: str | None, is_others: bool) -> None:
    purses = Purses(clock=Clock())
    purses.use_up(session)
    assert purses.check(limit(100)) is not None
    assert (purses.check(limit(100, account=OTHER)) is not None) == is_others

"""What another policy makes possible: found whenever a random action is let through that was not."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import NOW, exemption, ruling
from drawn_policies import actions, many, modes
from ringfence.core.action_types import type_of
from ringfence.core.actions import HostConnect, ModelUse
from ringfence.core.decisions import Mode, Section
from ringfence.policy import comparing
from ringfence.policy.comparing import Gains, gains, level
from ringfence.policy.document import Document
from ringfence.policy.policy import Policy
from ringfence.policy.rule import Like, Rule
from ringfence.policy.values import Operators, Retention

_LATER = NOW + timedelta(days=1)


def policy(rules: list[Rule], named: dict[Section, Mode], excepted: list[bool] = []) -> Policy:  # noqa: B006
    """One of user's rules; a rule whose place in `excepted` is true has an exception for one model."""
    exemptions = tuple(
        exemption(f"e{number}", rule.id, {"agent": Like(("claude",))}, until=_LATER)
        for number, rule in enumerate(rules)
        if number < len(excepted) and excepted[number]
    )
    return Policy(
        Document(
            digest="0" * 64,
            files=(),
            joined=ruling(*rules, modes=named, exemptions=exemptions),
            tree=None,
            retention=Retention(),
            operators=Operators(),
            profiles=(),
            never_collected=(),
        )
    )


often = settings(max_examples=400, deadline=None)
exceptions = st.lists(st.booleans(), max_size=3)


@often
@given(many, many, modes, modes, exceptions, exceptions, st.lists(actions, min_size=20, max_size=20))
def test_whatever_is_newly_let_through_makes_the_policy_wider(
    one: list[Rule],
    other: list[Rule],
    named: dict[Section, Mode],
    others: dict[Section, Mode],
    excepted: list[bool],
    also: list[bool],
    tried: list[HostConnect | ModelUse],
) -> None:
    """Both policies share rules, so that much of it meets."""
    before = policy(one, named, excepted)
    after = policy([*one[1:], *other], others, also)
    result = gains(before, after, now=NOW)
    gained = {each.action_type for each in result.found}
    for at in (NOW, _LATER):
        for each in tried:
            action = replace(each, agent="claude") if len(excepted) % 2 else each
            if level(after.decide(action, now=at)) < level(before.decide(action, now=at)):
                assert type_of(action).name in gained or result.undecided


@often
@given(many, many, modes, modes)
def test_everything_that_is_found_is_so(
    one: list[Rule], other: list[Rule], named: dict[Section, Mode], others: dict[Section, Mode]
) -> None:
    before, after = policy(one, named), policy([*one[1:], *other], others)
    for each in gains(before, after, now=NOW).found:
        was, will = before.decide(each.action, now=each.at), after.decide(each.action, now=each.at)
        assert (was, will) == (each.before, each.after)
        assert level(will) < level(was) or will.obligations != was.obligations


@often
@given(many, modes, exceptions)
def test_a_policy_makes_nothing_possible_that_it_had_not(
    rules: list[Rule], named: dict[Section, Mode], excepted: list[bool]
) -> None:
    one = policy(rules, named, excepted)
    assert gains(one, policy(rules[::-1], named), now=NOW).found == () or any(excepted)
    assert gains(one, one, now=NOW) == Gains(
        found=(), undecided=(), times=comparing._times(one, one, now=NOW)
    )

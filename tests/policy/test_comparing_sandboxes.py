"""What another policy lets boxes use: found whenever a bound goes up or falls away, or more is handed in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import NOW
from loading import of_tier
from ringfence.policy.comparing_values import value_gains
from ringfence.policy.load import load
from ringfence.policy.policy import Policy
from ringfence.policy.sandboxing import sandboxing


def policy(profiles: str) -> Policy:
    return load([of_tier(f"version: 1\nagents: {{profiles: {{{profiles}}}}}\n")])


def claude(text: str) -> Policy:
    return policy(f"claude: {{sandbox: {{{text}}}}}")


@pytest.mark.parametrize(
    ("before", "after", "was", "will"),
    [
        ("memory: 1 GB", "memory: 2 GB", "has at most 1 GB of memory", "has at most 2 GB of memory"),
        ("wall: 1h", "", "has at most 1 hour in all", "nothing bounds `claude`: 1 hour in all"),
        ("debug: false", "debug: true", "may not be traced", "may trace their own children"),
        ("", "home: kept", "home is new for each session", "home is kept from run to run"),
        ("home: new", "home: kept", "home is new for each session", "home is kept from run to run"),
        ("", "starts: unrecorded", "are recorded as they start", "programs start unrecorded"),
        ("", "publish: 80", "nothing of its box is at port 80", "port 80 leads to port 80 of its box"),
        ("", "environment: [X]", "`X` is not handed to `claude`", "`X` is handed to `claude`"),
        ('environment: ["X*"]', 'environment: ["X*", XTOKEN]', "`XTOKEN` is not", "`XTOKEN` is handed"),
    ],
)
def test_what_a_box_may_use_more_of_is_told_and_the_reverse_is_not(
    before: str, after: str, was: str, will: str
) -> None:
    (gain,) = value_gains(claude(before), claude(after), now=NOW).found
    assert gain.about == "agents.sandbox"
    assert (was in gain.before, will in gain.after) == (True, True)
    assert value_gains(claude(after), claude(before), now=NOW).found == ()


def test_a_port_of_the_machine_that_leads_elsewhere_is_told_both_ways() -> None:
    here, there = claude("publish: 80"), claude("publish: [{port: 81, at: 80}]")
    for before, after, port in ((here, there, 81), (there, here, 80)):
        (gain,) = value_gains(before, after, now=NOW).found
        assert f"port 80 leads to port {port} of its box" in gain.after


def test_a_bound_for_all_that_becomes_one_for_some_is_told_for_an_agent_that_loses_it() -> None:
    some, all_ = policy("claude: {sandbox: {memory: 1 GB}}"), policy("'*': {sandbox: {memory: 1 GB}}")
    (gain,) = value_gains(all_, some, now=NOW).found
    assert "`claude`" not in gain.before
    assert value_gains(some, all_, now=NOW).found == ()


AGENTS = ("claude", "claude-2", "codex")
NAMES = ("A", "AB", "B")
boxes = st.fixed_dictionaries(
    {},
    optional={
        "memory": st.sampled_from(("1 GB", "2 GB")),
        "cpu": st.sampled_from(("1m", "2m")),
        "debug": st.sampled_from(("true", "false")),
        "environment": st.sampled_from(("['A*']", "[AB]", "[A, '*']")),
    },
)
drawn = st.dictionaries(st.sampled_from(("claude", "claude*", "'*'", "codex")), boxes, max_size=2).map(
    lambda profiles: policy(
        ", ".join(
            f"{name}: {{sandbox: {{{', '.join(f'{key}: {value}' for key, value in box.items())}}}}}"
            for name, box in profiles.items()
        )
    )
)


@settings(max_examples=150, deadline=None)
@given(drawn, drawn)
def test_whatever_some_box_gets_more_of_is_found_and_nothing_else(before: Policy, after: Policy) -> None:
    is_wider = False
    for agent in (*AGENTS, "zz"):
        was, will = sandboxing(before.document, agent), sandboxing(after.document, agent)
        for field, bound in was.bounds.items():
            new = will.bounds.get(field)
            is_wider |= new is None or new.amount > bound.amount
        traced = [each.said.debug is not None and each.said.debug.is_on for each in (was, will)]
        is_wider |= traced == [False, True]
        for name in (*NAMES, "ZZ"):
            for by_name in (False, True):
                is_wider |= (
                    will.handed(name, by_name=by_name) is not None
                    and was.handed(name, by_name=by_name) is None
                )
    assert bool(value_gains(before, after, now=NOW).found) == is_wider

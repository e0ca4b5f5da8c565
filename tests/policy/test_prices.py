"""What models cost, by the documents: what is read, whose holds, and what comes with ringfence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loading import loaded, of_tier, refused
from ringfence.policy.known_prices import known_prices, prices_of
from ringfence.policy.load import read
from ringfence.policy.prices import ModelPrice, Priced, Prices
from ringfence.policy.rule import Tier

M = 1_000_000
PLAIN = ModelPrice(
    model="m",
    input=3 * M,
    output=15 * M,
    cache_read=3 * M // 10,
    cache_write=15 * M // 4,
    cache_write_long=6 * M,
    most_output=None,
    dearer_from=200_000,
)


def test_tokens_cost_by_their_kind_and_fractions_are_rounded_up() -> None:
    assert PLAIN.cost(input=1) == 3
    assert PLAIN.cost(cache_read=1) == 1
    assert PLAIN.cost(cache_write=4, cache_write_long=1) == 15 + 6
    assert PLAIN.cost(output=2) == 30
    assert PLAIN.cost(input=10, cache_read=10, output=10) == 30 + 3 + 150


def test_a_long_request_costs_twice_what_is_read_and_half_as_much_again_what_is_written() -> None:
    assert PLAIN.cost(input=200_000, output=10) == 600_000 + 150
    assert PLAIN.cost(input=100_000, cache_read=100_001, output=10) == 600_000 + 60_001 + 225


_TOKENS = st.integers(0, 10**9)


@given(_TOKENS, _TOKENS, _TOKENS, _TOKENS, _TOKENS)
@settings(deadline=None)
def test_nothing_costs_more_than_the_most(one: int, two: int, three: int, four: int, written: int) -> None:
    cost = PLAIN.cost(input=one, cache_read=two, cache_write=three, cache_write_long=four, output=written)
    assert 0 <= cost <= PLAIN.most(read=one + two + three + four, written=written)


SYSTEM = """
version: 1
{mode}
prices:
  as_of: 2026-01-01
  hosts: [{{host: a.example.com, models: [{{model: m*, input: 1, output: 1}}]}}]
"""
USER = """
version: 1
prices:
  hosts:
    - {host: a.example.com, models: [{model: "*", input: 0, output: 0}]}
    - {host: api.anthropic.com, models: [{model: claude-opus-4-5, input: 0, output: 0}]}
"""


@pytest.mark.parametrize("is_closed", [False, True])
def test_the_systems_prices_stand_before_a_users_and_alone_where_it_enforces(is_closed: bool) -> None:
    system = SYSTEM.format(mode="agents: {mode: enforce}" if is_closed else "")
    prices = prices_of(read([of_tier(system), of_tier(USER, Tier.USER)]))
    ours, others = prices.of("a.example.com", "/", "m1"), prices.of("a.example.com", "/", "x")
    assert ours is not None
    assert ours.model is not None
    assert (ours.model.input, ours.as_of) == (M, "2026-01-01")
    assert (others is None) == is_closed
    opus = prices.of("api.anthropic.com", "/v1/messages", "claude-opus-4-5")
    assert opus is not None
    assert opus.model is not None
    assert opus.model.input == (5 * M if is_closed else 0)


def test_what_is_left_out_of_a_price_costs_as_what_it_is_most_like() -> None:
    text = (
        "version: 1\nprices: {hosts: [{host: h, models: [{model: m, input: 2, output: 1, cache_write: 3}]}]}"
    )
    found = prices_of(loaded(text)).of("h", "/any/where", "M")
    assert found is not None
    assert found.model is not None
    assert (found.model.cache_read, found.model.cache_write_long) == (2 * M, 3 * M)


def test_only_where_it_is_paid_by_the_token_is_there_a_price() -> None:
    prices = Prices(known_prices())
    assert prices.of("api.openai.com", "/v1/responses", "gpt-5") is not None
    assert prices.of("api.openai.com", "/v1/fine_tuning/jobs", "gpt-5") is None
    assert prices.of("api.openai.com", "/v1/responses", "gpt-5-of-tomorrow") is None
    assert prices.is_free("api.anthropic.com", "/v1/messages/count_tokens")
    assert not prices.is_free("api.anthropic.com", "/v1/messages")
    told = prices.of("openrouter.ai", "/api/v1/chat/completions", "any/model")
    assert told == Priced(model=None, is_told=True, as_of="2026-11-23")


def test_every_price_that_comes_with_ringfence_is_reached_and_bounds_its_answers() -> None:
    """None stands behind one that fits the same names, and of each it is known what is held for it."""
    for host in known_prices():
        for each in host.models:
            name = each.model.replace("?", "1")
            found = Prices((host,)).of(host.host, host.paths[0].replace("*", "1"), name)
            assert found is not None
            assert found.model == each
            assert each.most_output
            assert 0 < each.cache_read <= each.input <= each.output


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("{host: h, models: [{model: m, input: -1, output: 1}]}", "expected dollars such as 3 or 0.25"),
        ("{host: h, models: [{model: m, input: 1 EUR, output: 1}]}", "expected dollars such as 3 or 0.25"),
        ("{host: h, models: [{model: m, input: 1}]}", "the key `output` is missing"),
        (
            "{host: h, told: true, models: [{model: m, input: 1, output: 1}]}",
            "its answers say what they cost",
        ),
    ],
)
def test_what_is_no_price_is_refused(entry: str, what: str) -> None:
    assert any(what in said for said, _ in refused(f"version: 1\nprices: {{hosts: [{entry}]}}"))


def test_a_working_tree_sets_no_prices() -> None:
    ((said, _),) = refused(of_tier("version: 1\nprices: {hosts: []}", Tier.WORKING_TREE))
    assert said.endswith("a working tree's document has no `prices`")

"""What another policy's prices make of the same money."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loading import loaded
from ringfence.policy.comparing_prices import price_gains
from ringfence.policy.known_prices import prices_of
from ringfence.policy.price_sentences import of_prices
from ringfence.policy.sentences import plain


def _document(*hosts: str) -> str:
    return f"version: 1\nprices: {{hosts: [{', '.join(hosts)}]}}"


def _gains(before: str, after: str) -> list[tuple[str, str]]:
    found = price_gains(loaded(before), loaded(after), count=lambda _steps: None)
    return [(each.before, each.after) for each in found]


A = "{host: a.example, models: [{model: m, input: 2, output: 4}]}"
A_CHEAP = "{host: a.example, models: [{model: m, input: 2, output: 3}]}"
NONE = "version: 1"


@pytest.mark.parametrize(
    ("before", "after", "gains"),
    [
        (_document(A), _document(A), 0),
        (_document(A), _document(A_CHEAP), 1),
        (_document(A_CHEAP), _document(A), 0),
        (NONE, _document(A), 1),
        (_document(A), NONE, 0),
        (_document(A), _document("{host: a.example, free: '**'}", A), 2),
        (_document(A), _document("{host: a.example, told: true}", A), 2),
        (_document(A), _document("{host: '*.example', models: [{model: m, input: 2, output: 4}]}"), 1),
    ],
    ids=["same", "cheaper", "dearer", "new", "gone", "free", "told", "another host"],
)
def test_what_counts_for_less_is_told(before: str, after: str, gains: int) -> None:
    assert len(_gains(before, after)) == gains


def test_a_price_that_comes_with_ringfence_is_what_it_is_compared_with() -> None:
    free = "models: [{model: claude-opus-4-5, input: 0, output: 0}]"
    new = _document(f"{{host: api.anthropic.com, paths: /v1/messages, {free}}}")
    ((before, after),) = _gains(NONE, new)
    assert before == (
        "at `api.anthropic.com/v1/messages` the model `claude-opus-4-5` costs "
        "5 USD for a million tokens read, 25 USD for as many written, 0.5 USD for as many read "
        "from a cache, 6.25 USD written into one, 10 USD for an hour, and writes 64000 tokens at most"
    )
    assert after.endswith("costs 0 USD for a million tokens read, 0 USD for as many written")


_PRICE = st.builds(
    "{{model: {}, input: {}, output: {}}}".format,
    st.sampled_from(["m", "m1", "'m*'", "'*'"]),
    st.integers(0, 2),
    st.integers(0, 2),
)
_HOST = st.builds(
    lambda host, models, free: f"{{host: {host}, models: [{', '.join(models)}], free: {free}}}",
    st.sampled_from(["a.example", "'*.example'"]),
    st.lists(_PRICE, max_size=3),
    st.sampled_from(["/x", "'/**'", "/y"]),
)


@given(st.lists(_HOST, max_size=2), st.lists(_HOST, max_size=2))
@settings(deadline=None, max_examples=60)
def test_where_nothing_is_told_nothing_costs_less(before: list[str], after: list[str]) -> None:
    old, new = _document(*before), _document(*after)
    if _gains(old, new):
        return
    was, will = prices_of(loaded(old)), prices_of(loaded(new))
    for model in ("m", "m1", "m2", "k"):
        for path in ("/x", "/y", "/z"):
            if will.is_free("a.example", path) or was.is_free("a.example", path):
                assert was.is_free("a.example", path)
                continue
            theirs, ours = was.of("a.example", path, model), will.of("a.example", path, model)
            if ours is None:
                continue
            assert theirs is not None
            assert theirs.model is not None
            assert ours.model is not None
            assert ours.model.input >= theirs.model.input
            assert ours.model.output >= theirs.model.output


def test_prices_are_told_to_people_who_sign_them() -> None:
    model = "{model: m, input: 2, output: 4, dearer_from: 9}"
    hosts = f"{{host: a.example, paths: /v1, free: /v0, models: [{model}]}}", "{host: b.example, told: true}"
    said = [plain(one) for each in loaded(_document(*hosts)).prices for one in of_prices(each)]
    price = "2 USD for a million tokens read, 4 USD for as many written, more beyond 9 tokens"
    assert said == [
        "At a.example nothing is paid for /v0.",
        f"At a.example the model m costs for /v1 {price}.",
        "At b.example answers say themselves what they cost.",
    ]

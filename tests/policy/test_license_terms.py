import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.policy.license_terms import may_be, must_be

expressions = st.recursive(
    st.sampled_from(["mit", "gpl", "nc"]),
    lambda inner: st.builds(
        lambda one, word, other: f"({one} {word} {other})", inner, st.sampled_from(["AND", "or"]), inner
    ),
    max_leaves=8,
)


def holds(expression: str, fitting: set[str], *, dual: bool) -> bool:
    """Python's own reading of the same expression."""
    words = {"mit": "mit" in fitting, "gpl": "gpl" in fitting, "nc": "nc" in fitting}
    text = expression.lower()
    if dual:
        text = text.replace(" and ", " AND ").replace(" or ", " and ").replace(" AND ", " or ")
    return bool(eval(text, {}, words))


@settings(max_examples=500, deadline=None)
@given(expressions, st.sets(st.sampled_from(["mit", "gpl", "nc"])))
def test_one_may_choose_where_it_says_or_and_all_hold_where_it_says_and(
    expression: str, fitting: set[str]
) -> None:
    assert may_be(expression, fitting.__contains__) is holds(expression, fitting, dual=False)
    assert must_be(expression, fitting.__contains__) is holds(expression, fitting, dual=True)


def test_and_binds_closer_than_or_and_an_exception_belongs_to_its_license() -> None:
    assert may_be("mit OR gpl AND nc", {"mit"}.__contains__) is True
    assert may_be("(mit OR gpl) AND nc", {"mit"}.__contains__) is False
    assert may_be("gpl WITH classpath", {"gpl WITH classpath"}.__contains__) is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mit and",
        "(mit",
        "mit)",
        "mit gpl",
        "or",
        "( )",
        "(" * 40 + "mit" + ")" * 40,
        "mit or " * 400 + "mit",
    ],
)
def test_what_is_no_expression_is_unknown(text: str) -> None:
    assert may_be(text, lambda _: True) is None
    assert must_be(text, lambda _: True) is None

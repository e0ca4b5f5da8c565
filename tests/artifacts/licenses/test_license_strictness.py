"""The strictest license counts."""

from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.licenses import (
    LicenseClass,
    class_of,
    effective_license,
    normalise,
    obligations,
    strictness,
)
from ringfence.artifacts.licenses.catalogue import catalogue
from ringfence.core.models import LicenseClaim, Obligation

EXPRESSIONS = st.sampled_from(
    [each.expression for each in catalogue().licenses]
    + [
        normalise(text)
        for text in ("Zed", "my terms", "MIT OR gemma", "llama3 AND cc-by-nc-4.0", "MIT OR x y")
    ]
) | st.text(max_size=20).map(normalise)


def claims(*expressions: str) -> tuple[LicenseClaim, ...]:
    return tuple(LicenseClaim(expression=each, source=f"claim {i}") for i, each in enumerate(expressions))


def test_classes_come_in_a_declared_order() -> None:
    assert [
        class_of(expression)
        for expression in sorted(
            ["LicenseRef-x", "CC-BY-NC-4.0", "Zed", "LicenseRef-llama-3-license-2024",
             "LicenseRef-scancode-gemma-tou-2024-04-01", "GPL-3.0-only", "MIT"],
            key=strictness,
        )
    ] == list(LicenseClass)  # fmt: skip


def test_all_parts_of_an_expression_hold_or_the_least_strict_of_a_choice() -> None:
    assert class_of("MIT AND GPL-3.0-only") is LicenseClass.COPYLEFT
    assert class_of("MIT OR GPL-3.0-only") is LicenseClass.PERMISSIVE
    assert class_of("(MIT OR GPL-3.0-only) AND CC-BY-NC-4.0") is LicenseClass.NON_COMMERCIAL
    assert class_of("GPL-2.0-only WITH Classpath-exception-2.0") is LicenseClass.COPYLEFT


def test_a_choice_that_holds_an_unknown_license_is_unknown() -> None:
    assert class_of("MIT OR LicenseRef-unknown-x") is LicenseClass.UNKNOWN


def test_a_quantised_llama_that_is_called_apache_is_under_the_llama_license() -> None:
    own, base = claims("Apache-2.0"), claims("LicenseRef-llama-3-license-2024")
    assert effective_license(own, base) == "LicenseRef-llama-3-license-2024"


def test_without_a_claim_there_is_no_license() -> None:
    assert effective_license(()) is None
    assert effective_license((), claims("MIT")) is None


def test_a_strict_base_counts_even_when_the_model_states_nothing() -> None:
    assert effective_license((), claims("MIT", "CC-BY-NC-4.0")) == "CC-BY-NC-4.0"


@given(
    st.lists(EXPRESSIONS, min_size=1, max_size=5),
    st.lists(EXPRESSIONS, max_size=3),
    EXPRESSIONS,
    st.booleans(),
)
def test_adding_a_claim_never_makes_the_license_less_strict(
    own: list[str], along: list[str], added: str, to_own: bool
) -> None:
    before = effective_license(claims(*own), claims(*along))
    after = effective_license(
        claims(*own, *([added] if to_own else [])), claims(*along, *([] if to_own else [added]))
    )
    assert before is not None
    assert after is not None
    assert strictness(after) >= strictness(before)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=5))
def test_the_order_of_claims_does_not_matter(own: list[str]) -> None:
    assert effective_license(claims(*own)) == effective_license(claims(*reversed(own)))


@given(EXPRESSIONS, EXPRESSIONS)
def test_only_equal_expressions_are_equally_strict(one: str, other: str) -> None:
    assert (strictness(one) == strictness(other)) == (one == other)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=4), EXPRESSIONS)
def test_adding_a_claim_never_takes_an_obligation_away(own: list[str], added: str) -> None:
    assert set(obligations(*own)) <= set(obligations(*own, added))


def test_obligations_are_in_plain_words() -> None:
    assert obligations("LicenseRef-scancode-llama-3.1-license-2024") == (
        Obligation(id="acceptable-use", text="follow the licensor's list of forbidden uses"),
        Obligation(
            id="include-agreement", text="when you pass it on: give every recipient a copy of the agreement"
        ),
        Obligation(
            id="notice-file",
            text="when you pass it on: add the notice file with the wording that the agreement prescribes",
        ),
        Obligation(id="built-with-llama", text="when you pass it on: show “Built with Llama” prominently"),
        Obligation(
            id="llama-name", text="when you pass it on: names of models made from it begin with “Llama”"
        ),
        Obligation(
            id="license-above-700m-users",
            text="at scale: above 700 million monthly users, a license from Meta is needed first",
        ),
    )


def test_what_nobody_knows_has_to_be_reviewed() -> None:
    review = ["review-before-use"]
    assert [each.id for each in obligations()] == review
    assert [each.id for each in obligations("LicenseRef-unknown-x")] == review
    assert [each.id for each in obligations("Zed")] == review


def test_a_choice_asks_what_its_least_strict_part_asks() -> None:
    assert [each.id for each in obligations("MIT OR GPL-3.0-only")] == ["keep-notices"]

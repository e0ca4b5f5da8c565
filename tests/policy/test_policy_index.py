from hypothesis import given, settings
from hypothesis import strategies as st

from often import examples
from ringfence.core.action_types import ACTION_TYPES
from ringfence.policy.conditions import fact
from ringfence.policy.globs import folded, glob
from ringfence.policy.index import Lookup, keys
from ringfence.policy.rule import Condition, Like, Unlike

TYPES = {each.name: each for each in ACTION_TYPES}
NAME, HOST, FORMATS = (
    fact(field, TYPES[of])
    for field, of in (("name", "model.use"), ("host", "host.connect"), ("formats", "model.use"))
)
texts = st.text(alphabet="ab/.", max_size=6)


@settings(max_examples=examples(500), deadline=None)
@given(st.lists(st.tuples(texts, st.sampled_from(["", "*", "**"]), texts), max_size=12), texts, st.booleans())
def test_a_value_leads_to_every_rule_that_it_fits(
    written: list[tuple[str, str, str]], value: str, of_hosts: bool
) -> None:
    about = HOST if of_hosts else NAME
    value = folded(value, about.kind)  # as it is read
    patterns = ["".join(each) for each in written]
    filed = []
    for pattern in patterns:
        found = keys(Condition(field=about.name, test=Like((pattern,))), about)
        if found:
            filed.append((pattern, found, True))
    lookup = Lookup(about, filed)
    fitting = {pattern for pattern, _, _ in filed if glob(pattern, about.kind).matches(value)}
    assert fitting <= set(lookup.find(value))
    assert set(lookup.find(None)) == {pattern for pattern, _, _ in filed}


def test_a_value_leads_to_nothing_else_that_begins_otherwise() -> None:
    written = ("a/**", "a/b/**", "a/b/c/**", "a/bb/**", "b/**", "a/b/c")
    filed = [(each, keys(Condition(field="name", test=Like((each,))), NAME), False) for each in written]
    lookup = Lookup(NAME, filed)
    assert sorted(lookup.find("a/b/c/d")) == ["a/**", "a/b/**", "a/b/c/**"]
    assert sorted(lookup.find("a/b/c")) == ["a/**", "a/b/**", "a/b/c"]
    assert sorted(lookup.find("a/z")) == ["a/**"]
    assert lookup.find("c") == ()
    assert lookup.find(None) == ()


def test_each_of_several_values_leads_to_its_rules() -> None:
    filed = [
        (each, keys(Condition(field="formats", test=Like((each,))), FORMATS), False)
        for each in ("gguf", "pick*")
    ]
    assert sorted(Lookup(FORMATS, filed).find(("GGUF", "pickle"))) == ["gguf", "pick*"]


def test_what_others_can_meet_too_is_filed_under_nothing() -> None:
    assert keys(Condition(field="name", test=Unlike(("a",))), NAME) == ()
    assert keys(Condition(field="name", test=Like(("a", "**"))), NAME) == ()
    assert keys(Condition(field="name", test=Like(("*a*",))), NAME) == ()

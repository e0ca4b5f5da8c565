from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.protocols.graphql import operations
from ringfence.protocols.http import BadHttp


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("{viewer{login}}", ("query.viewer",)),
        ("query Q($a:Int=1,$b:[T!]!={c:[1]})@d(e:{f:1}){a:viewer{login}}", ("query.viewer",)),
        ("mutation{viewer:deleteRepository(input:{id:\"x\"}){id}}", ("mutation.deleteRepository",)),
        ("mutation M{a b(c:1)@skip(if:true) d:e{f}}", ("mutation.a", "mutation.b", "mutation.e")),
        ("subscription{s}", ("subscription.s",)),
        ("query A{a} mutation B{b}", ("mutation.b", "query.a")),
        ("mutation{...F ... on M{c ...{d}} ...@i(if:true){e}} fragment F on M{a...G}fragment G on M{b...F}",
         tuple(f"mutation.{each}" for each in "abcde")),
        ('{a(b:"}{ mutation{x}" c:"""}{ \\""" " "" mutation{y}""")}# mutation{z}\n', ("query.a",)),
        ("\ufeffquery{query mutation on: fragment}", ("query.fragment", "query.mutation", "query.query")),
        ("{__schema{types{name}}}", ("query.__schema",)),
    ],
)  # fmt: skip
def test_operations_are_the_type_with_each_root_field_whatever_it_is_called(document, found):
    assert operations(document) == found


@pytest.mark.parametrize(
    "document",
    [
        "", "viewer", "{", "{}", "{a}}", "{a(b:[)]}", "{a{b(}}", "query", "query{...F}", "{a:}", "{a}\0",
        'mutation{a(b:"x)}', "type Q{a:Int}", "fragment F on Q{a}", "{...F} fragment F on Q{...F}",
        "{a" + "{a" * 70 + "}" * 71, "{" + "...{" * 70 + "a" + "}" * 71, "{" + "a," * 60_000 + "}",
        "{" + ",".join(f"a{i}" for i in range(1_001)) + "}", "#" * 300_000,
        "{a} fragment F on Q{b} fragment F on Q{c}",
    ],
)  # fmt: skip
def test_what_is_none_or_too_much_is_refused(document):
    with pytest.raises(BadHttp):
        operations(document)


_FIELD = st.sampled_from(
    ["a", "b", 'c(d:"}")', "e{f{g}}", "h:i", "...F", "...on M{j}", "...{k l}", "m@n(o:[1])"]
)


@settings(deadline=None)
@given(st.lists(_FIELD, min_size=1, max_size=8), st.lists(_FIELD, max_size=3))
def test_more_fields_never_hide_one(fields, more):
    end = "}fragment F on M{z}"
    assert set(operations("mutation{" + " ".join(fields) + end)) <= set(
        operations("mutation{" + " ".join(more + fields) + end)
    )


@settings(deadline=None)
@given(st.text(alphabet='{}()[]:@$!.="#\\ab1 \n', max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(BadHttp):
        assert operations(text)

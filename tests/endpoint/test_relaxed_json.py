"""JSON as people write it, rewritten as parsers read it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.endpoint.relaxed_json import strict

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
BLANKS = ("", " ", "\n", '// a comment, with "quotes" and }\n', "/* , ] */", "/**/")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{"a": 1, // one\n "b": [1, 2,],}', {"a": 1, "b": [1, 2]}),
        ("{a: 'it\\'s \"so\"', $b_1: null}", {"a": 'it\'s "so"', "$b_1": None}),
        ('{"address": "http://x/*,]*/,}"}', {"address": "http://x/*,]*/,}"}),
        ('["a\\"b", \'\\n\', true, -1.5e3]', ['a"b', "\n", True, -1500.0]),
        ("/* head */ {} // tail", {}),
    ],
)
def test_what_editors_allow_is_understood(written: str, meant: object) -> None:
    assert json.loads(strict(written)) == meant


@pytest.mark.parametrize(
    "broken", ["1/**/2", "[1,,2]", "[,]", "{a 1}", '"open', "'open", "{a:1", "/* open", "[,"]
)
def test_what_is_broken_stays_broken(broken: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json.loads(strict(broken))


@given(JSON_VALUES, st.booleans())
def test_plain_json_keeps_its_meaning(value: object, ascii_only: bool) -> None:
    assert json.loads(strict(json.dumps(value, ensure_ascii=ascii_only))) == value


@given(JSON_VALUES, st.data())
def test_comments_between_tokens_change_nothing(value: object, data: st.DataObject) -> None:
    def gap() -> str:
        return data.draw(st.sampled_from(BLANKS))

    def written(item: object) -> str:
        if isinstance(item, dict):
            pairs = [
                f"{gap()}{json.dumps(key)}{gap()}:{gap()}{written(each)}{gap()}" for key, each in item.items()
            ]
            return "{" + ",".join(pairs) + ("," + gap() if pairs else "") + "}"
        if isinstance(item, list):
            items = [f"{gap()}{written(each)}{gap()}" for each in item]
            return "[" + ",".join(items) + ("," + gap() if items else "") + "]"
        return json.dumps(item)

    assert json.loads(strict(gap() + written(value) + gap())) == value


@given(st.text(alphabet="\"'\\/*,:[]{}\n a1-.e$\u202e"))
def test_any_text_comes_to_an_end(text: str) -> None:
    assert isinstance(strict(text), str)

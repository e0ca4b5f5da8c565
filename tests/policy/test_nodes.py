import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.core.limits import LIMITS
from ringfence.policy.nodes import Listing, Mapping, Scalar, parse
from ringfence.policy.problems import Problems


def tree(data: bytes) -> object:
    problems = Problems(file="p.yaml")
    node = parse(data, problems)
    assert problems.found == []
    return shown(node)


def shown(node: object) -> object:
    match node:
        case Scalar():
            return (node.text, node.line, node.column)
        case Listing():
            return [shown(each) for each in node.items]
        case Mapping():
            return {shown(key): shown(value) for key, value in node.entries.values()}
    return None


def wrong(data: bytes) -> list[tuple[str, str]]:
    problems = Problems(file="p.yaml")
    assert parse(data, problems) is None
    return [(str(each), each.hint) for each in problems.found]


DOCUMENT = "# talk\nmode: 'no'\nä:\n  - 0.10\n  - {b: [c, ~]}\n  - |\n    two\n    lines\n".encode()


def test_every_key_and_value_knows_its_line_and_column_and_stays_the_text_it_is() -> None:
    assert tree(DOCUMENT) == {
        ("mode", 2, 1): ("no", 2, 7),
        ("ä", 3, 1): [
            ("0.10", 4, 5),
            {("b", 5, 6): [("c", 5, 10), ("~", 5, 13)]},
            ("two\nlines\n", 6, 5),
        ],
    }


def test_the_same_tree_comes_out_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    fast = tree(DOCUMENT)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert tree(DOCUMENT) == fast


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter() -> None:
    assert tree(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n") == {("a", 1, 1): ("1", 1, 4), ("b", 2, 1): ("2", 2, 4)}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "p.yaml:1:1: the document is empty"),
        (b"# only talk\n", "p.yaml:1:1: the document is empty"),
        (b"a: 1\na: 2", "p.yaml:2:1: the key `a` stands twice, first in line 1"),
        (b"a: &x 1", "p.yaml:1:4: an anchor, `&x`"),
        (b"a: *x", "p.yaml:1:4: an alias, `*x`"),
        (b"a: !!str 1", "p.yaml:1:4: a tag, `tag:yaml.org,2002:str`"),
        (b"a: !x {}", "p.yaml:1:4: a tag, `!x`"),
        (b"%TAG ! tag:x,2000:\n---\na: 1", "p.yaml:1:1: a %TAG directive"),
        (b"a: 1\n---\nb: 1", "p.yaml:2:1: a second document"),
        (b"? [a]\n: 1", "p.yaml:1:3: a key that is no text"),
        (b"a:\n\t- b", "p.yaml:2:1: a tab indents this line"),
        (b"a:\n  \tb: 1", "p.yaml:2:3: a tab indents this line"),
        (b"a: b\xff", "p.yaml:1:5: not UTF-8"),
        ("ä\n é: x".encode("utf-16"), "p.yaml:1:1: not UTF-8"),
        (b"a: \x00", "p.yaml:1:4: a character that YAML does not allow"),
        ("a: 1 # \u202e".encode(), "p.yaml:1:8: a character that nobody sees: \\u{202e}"),
        (b'a: "\\u200b"', "p.yaml:1:4: an escape of a character that nobody sees"),
        (b"a: [1\nb: 2", "p.yaml:2:2: not YAML: did not find expected ',' or ']'"),
    ],
)
def test_what_is_ambiguous_is_refused_with_its_place_and_a_hint(data: bytes, problem: str) -> None:
    found = wrong(data)
    assert [what for what, _ in found] == [problem]
    assert all(hint for _, hint in found)


def test_all_of_it_is_told_at_once() -> None:
    assert [what for what, _ in wrong(b"a: &x 1\na: !t 2\nb: *x\n")] == [
        "p.yaml:1:4: an anchor, `&x`",
        "p.yaml:2:1: the key `a` stands twice, first in line 1",
        "p.yaml:2:4: a tag, `!t`",
        "p.yaml:3:4: an alias, `*x`",
    ]


def test_problems_past_the_limit_are_not_kept() -> None:
    assert len(wrong(b"- &x 1\n" * 1000)) == LIMITS.policy_problems


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text("a:-[]{}\"'\n\t &*!|>#%,?0\\u", max_size=60).map(str.encode))
def test_any_bytes_are_a_tree_or_problems_with_places(data: bytes) -> None:
    problems = Problems(file="p.yaml")
    node = parse(data, problems)
    assert (node is None) == bool(problems.found)
    assert all(each.line >= 1 and each.column >= 1 for each in problems.found)


def test_reading_takes_no_recursion() -> None:
    depth = sys.getrecursionlimit()
    tree(b"[" * LIMITS.policy_depth + b"]" * LIMITS.policy_depth)
    assert sys.getrecursionlimit() == depth

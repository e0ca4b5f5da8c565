import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from often import examples
from ringfence.core.actions import FieldKind
from ringfence.policy.globs import SEPARATORS, BadGlob, folded, glob

KINDS = (FieldKind.TEXT, FieldKind.NAME, FieldKind.PATH, FieldKind.HOST)
patterns = st.lists(st.sampled_from(["a", "b", "A", "*", "**", "?", "/", ".", "\\*", "\\a"]), max_size=8).map(
    "".join
)
texts = st.text(alphabet="abA/.*", max_size=9)


def expected(pattern: str, text: str, kind: FieldKind) -> bool:
    """The grammar's table, read by a backtracking engine that knows nothing of automata."""
    separator = SEPARATORS.get(kind)
    text, written = folded(text, kind), folded(pattern, kind)
    if kind is FieldKind.PATH and text.startswith("/") and not written.removeprefix("\\").startswith("/"):
        return False
    none_of = f"[^{re.escape(separator)}]" if separator else "."
    spelled, at = "", 0
    while at < len(written):
        stars = len(written[at:]) - len(written[at:].lstrip("*"))
        begins = separator is not None and (at == 0 or written[at - 1] == separator)
        ends = at + stars == len(written) or written[at + stars] == separator
        if stars and begins and ends:
            if stars > 1 and at + stars < len(written):
                spelled += f"(?:.*{re.escape(separator)})?"
                stars += 1
            elif stars > 1 or (kind is FieldKind.HOST and at == 0):
                spelled += ".+"
            else:
                spelled += f"{none_of}+"
            at += stars
        elif stars:
            spelled += ".*" if stars > 1 else f"{none_of}*"
            at += stars
        elif written[at] == "?":
            spelled, at = spelled + none_of, at + 1
        else:
            at += written[at] == "\\"
            spelled, at = spelled + re.escape(written[at]), at + 1
    return re.fullmatch(spelled, text, re.DOTALL) is not None


@settings(max_examples=examples(1500), deadline=None)
@given(patterns, texts, st.sampled_from(KINDS))
def test_a_pattern_fits_what_its_table_says(pattern: str, text: str, kind: FieldKind) -> None:
    assert glob(pattern, kind).fits(text) is expected(pattern, text, kind)


@settings(max_examples=examples(1000), deadline=None)
@given(patterns, texts, st.sampled_from(KINDS))
def test_the_fast_ways_say_what_the_states_say(pattern: str, text: str, kind: FieldKind) -> None:
    compiled = glob(pattern, kind)
    same = folded(text, kind)
    assert compiled.matches(same) is compiled.automaton().accepts(same)
    if compiled.matches(same):
        assert same.startswith(compiled.prefix)
        assert same.endswith(compiled.suffix)
        assert compiled.exact in {None, same}


@pytest.mark.parametrize(
    ("pattern", "kind", "fitting", "other"),
    [
        ("mit*", FieldKind.TEXT, ("MIT", "mit/x", "mit-0"), ("amit", "")),
        ("*", FieldKind.TEXT, ("", "a/b"), ()),
        (
            "meta-llama/*",
            FieldKind.NAME,
            ("meta-llama/x",),
            ("meta-llama/", "meta-llama/x/y", "Meta-llama/x"),
        ),
        ("*", FieldKind.NAME, ("a",), ("", "a/b")),
        ("a/**", FieldKind.NAME, ("a/b", "a/b/c"), ("a", "a/", "ab")),
        ("a/**/b", FieldKind.NAME, ("a/b", "a/x/b", "a/x/y/b"), ("ab", "axb", "a/xb")),
        ("**/.env", FieldKind.PATH, (".env", "a/.env"), ("/a/.env", "a.env", "a/.env/b")),
        ("/**/.env", FieldKind.PATH, ("/.env", "/a/b/.env"), (".env", "a/.env")),
        ("**", FieldKind.PATH, ("a", "a/b"), ("/etc/passwd", "/", "")),
        ("/etc/*", FieldKind.PATH, ("/etc/passwd",), ("/etc/ssl/key", "etc/passwd")),
        ("*.example.com", FieldKind.HOST, ("a.example.com", "A.B.Example.COM."), ("example.com",)),
        ("**.example.com", FieldKind.HOST, ("example.com", "a.b.example.com"), ("xexample.com",)),
        ("*", FieldKind.HOST, ("localhost", "a.b"), ("",)),
        ("api-*.example.com", FieldKind.HOST, ("api-1.example.com",), ("api-1.x.example.com",)),
        ("a.*.example.com", FieldKind.HOST, ("a.b.example.com",), ("a.b.c.example.com",)),
        (r"\*\?\[x\]", FieldKind.TEXT, ("*?[x]",), ("ab[x]",)),
    ],
)
def test_each_sort_of_pattern(
    pattern: str, kind: FieldKind, fitting: tuple[str, ...], other: tuple[str, ...]
) -> None:
    compiled = glob(pattern, kind)
    assert [text for text in (*fitting, *other) if compiled.fits(text)] == list(fitting)


@pytest.mark.parametrize(
    ("pattern", "kind", "what"),
    [
        ("*.[ch]", FieldKind.NAME, "`[` means nothing in a pattern"),
        ("{a,b}", FieldKind.TEXT, "`{` means nothing in a pattern"),
        ("a\\", FieldKind.TEXT, "a pattern ends in a lone backslash"),
        ("bücher.example", FieldKind.HOST, "a host is not written in ASCII"),
        ("x" * 1001, FieldKind.TEXT, "a pattern is longer than 1000 characters"),
    ],
)
def test_what_other_grammars_would_read_otherwise_is_refused(
    pattern: str, kind: FieldKind, what: str
) -> None:
    with pytest.raises(BadGlob) as refused:
        glob(pattern, kind)
    assert refused.value.what == what
    assert refused.value.hint


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "pattern", ["*a" * 300 + "b", "**/" * 300 + "b", "?*" * 300 + "b", "*" * 999 + "b", "**a*" * 200 + "b"]
)
def test_a_hostile_pattern_takes_one_step_for_each_character(pattern: str, kind: FieldKind) -> None:
    automaton = glob(pattern, kind).automaton()
    assert len(automaton.literals) <= len(pattern) + 2  # states are bits of one integer: no set of them grows
    read: list[str] = []
    text = "a" * 5000
    automaton.accepts(read.append(char) or char for char in text)
    assert len(read) <= len(text)

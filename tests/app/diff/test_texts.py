import time

from hypothesis import given
from hypothesis import strategies as st

from ringfence.app.diff.comparison import TextKind
from ringfence.app.diff.texts import text_change
from ringfence.core.limits import LIMITS
from ringfence.core.text import printable


def lines(old: str | None, new: str | None) -> tuple[str, ...]:
    change = text_change("f", TextKind.OTHER, old, new)
    return change.lines if change else ()


def test_a_template_in_one_line_is_broken_where_its_blocks_end() -> None:
    old = "{% if a %}{{ b }}{% endif %}" * 10
    found = lines(old, old.replace("{{ b }}", "{{ c }}", 1))
    assert [line for line in found if line[0] in "+-"] == ["-{{ b }}", "+{{ c }}"]


def test_where_a_change_lies_is_counted_from_the_beginning_of_the_text() -> None:
    old = "".join(f"{n}\n" for n in range(100))
    assert lines(old, old.replace("50\n", "x\n"))[0] == "@@ -48,7 +48,7 @@"


def test_a_change_of_the_last_line_feed_is_seen() -> None:
    assert lines("a\n", "a") == ("@@ -1 +1 @@", "-a", "+a (no line feed at the end)")


def test_texts_too_long_to_be_compared_line_by_line_are_told_as_replaced() -> None:
    old = "".join(f"{n}\n" for n in range(0, 40_000, 2))
    new = "".join(f"{n}\n" for n in range(1, 40_000, 2))
    started = time.monotonic()
    change = text_change("f", TextKind.CODE, old, new)
    assert time.monotonic() - started < 10
    assert change is not None
    assert len(change.lines) == LIMITS.diff_lines
    assert change.lines[:2] == ("@@ from line 1 on @@", "-0")
    assert "+1" in change.lines
    assert change.lines_left_out > 19_000


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_that_differ_have_a_printable_diff(old: str, new: str) -> None:
    found = lines(old, new)
    assert bool(found) == (old != new)
    assert all(printable(line) == line for line in found)

"""A box that writes for the operator's eyes: it never looks like anything else, and answers nothing."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from ringfence.app.approving import ShownFact
from ringfence.core.actions import Argument, HttpRequest, ToolCall
from ringfence.core.labels import Integrity, Label
from ringfence.core.limits import LIMITS
from ringfence.tui.text import cut, fact_lines, only_ascii, spelled, wrapped
from viewing import Viewed, viewed
from watched import Machine, machine, post, push, session_id

_ONE, _TWO = map(session_id, (1, 2))
_HARMFUL = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u1160\u3164]"
)
_LIES = (
    "\x1b[2J\x1b[1;1H approved",
    "\u202egnp.exe",
    'a\nchange: "create"\n force: no',
    "[bold red]all is well[/]",
    "[@click=app.quit]here[/]",
    "\u200b\u2066\u1160\ufeff",
    "b\u0301\u0301\u0301",
    "\r   1 asks 0",
)


@pytest.fixture
def here(tmp_path: Path) -> Machine:
    return machine(tmp_path)


@pytest.mark.parametrize("lie", _LIES)
def test_whatever_a_box_asks_stands_there_in_letters(here: Machine, lie: str) -> None:
    here.does(_ONE, push(f"refs/heads/{lie}"))
    here.does(_ONE, post(f"q={lie}"))

    async def look(seen: Viewed) -> None:
        await seen.read()
        for keys in ("1", "2", "3", "1 A", "q a"):
            shown = await seen.press(*keys.split())
            assert not _HARMFUL.search(shown)
            assert len(shown.splitlines()) == 24
            assert all(cell_len(line) <= 80 for line in shown.splitlines())
        assert "1 asks 2 " in await seen.press("escape"), "and nothing was answered"

    viewed(here, look)


def test_markup_is_text(here: Machine) -> None:
    here.does(_ONE, push("refs/heads/[bold]x[/bold]"))

    async def look(seen: Viewed) -> None:
        await seen.read()
        assert 'ref: "refs/heads/[bold]x[/bold]"' in await seen.press("a")

    viewed(here, look)


def test_a_host_of_letters_that_look_alike_is_seen_to_be_another(here: Machine) -> None:
    """The third letter is Cyrillic."""
    here.does(_ONE, HttpRequest(host="api.example.com", port=443, method="POST", path="/p\u0430y"))

    async def look(seen: Viewed) -> None:
        shown = await seen.read()
        assert "/p\\u0430y" in shown.splitlines()[2]
        assert "\u0430" not in await seen.press("2")
        await seen.press("1")
        assert "= letters outside ASCII: '/p\\u0430y'" in await seen.press("a")

    viewed(here, look)


def test_the_end_of_a_very_long_argument_must_be_seen_before_a_yes(here: Machine) -> None:
    """What matters stands behind pages of nothing; Enter does nothing until somebody has gone there."""
    text = "x" * 20_000 + "; rm -rf /"
    label = Label(integrity=Integrity.UNTRUSTED)
    here.does(
        _ONE, ToolCall(server="mail", tool="send", arguments=(Argument(name="to", text=text, label=label),))
    )

    async def look(seen: Viewed) -> None:
        await seen.read()
        shown = await seen.press("a")
        assert "(20,010 characters)" in shown
        assert "read to the end first" in shown
        assert "read to the end first" in await seen.press("enter", "enter", "space")
        shown = await seen.press("G")
        assert "Enter does it" in shown
        await seen.press("k", "k", "enter")
        await seen.shows("1 approved")

    viewed(here, look)
    here.door.approvals.look()
    assert len(here.door.approvals.grants) == 1


def test_a_question_that_hides_among_many_alike_is_read_before_all_are_approved(here: Machine) -> None:
    for number in range(30):
        here.does(_ONE, push(f"refs/heads/fix-{number}"))
    here.does(_ONE, push("refs/heads/main"))

    async def look(seen: Viewed) -> None:
        await seen.read()
        assert "read to the end first" in await seen.press("A", "enter")
        assert 'ref: "refs/heads/main"' in await seen.press("G")

    viewed(here, look)
    here.door.approvals.look()
    assert here.door.approvals.grants == {}


def test_a_session_that_read_worse_things_cannot_hide_behind_one_that_did_not(here: Machine) -> None:
    """Both questions are one line; where the values came from is told of both."""
    here.does(_ONE, post("q=1"))
    lied = post("q=1")
    object.__setattr__(lied, "context", Label(integrity=Integrity.UNTRUSTED, sources=("session/evil:1",)))
    here.does(_TWO, lied)

    async def look(seen: Viewed) -> None:
        assert "1 asks 1 " in await seen.read()
        assert "untrusted, public, from session/evil:1" in await seen.press("a")

    viewed(here, look)


def test_questions_of_other_agents_accounts_or_rules_are_never_one_line(tmp_path: Path) -> None:
    one, other = machine(tmp_path), machine(tmp_path)
    object.__setattr__(other.door, "asker", type(one.door.asker)(name="bob", pseudonym="b"))
    one.does(_ONE, post("q=1"))
    one.does(_TWO, post("q=1"))
    other.does(_TWO, post("q=1", "r=2"))
    other.does(session_id(3), post("q=1"))

    async def look(seen: Viewed) -> None:
        assert "1 asks 3 " in await seen.read()

    viewed(one, look)


def test_a_flood_of_questions_moves_no_cursor_and_changes_no_answer(here: Machine) -> None:
    """Somebody is about to press Enter while others come, before and behind."""
    here.does(_ONE, push("refs/heads/good"))

    async def look(seen: Viewed) -> None:
        await seen.read()
        await seen.press("a")
        for number in range(40):
            here.does(_TWO, push(f"refs/heads/evil-{number}"))
        await seen.read()
        await seen.press("enter")
        await seen.shows("1 approved")

    viewed(here, look)
    here.door.approvals.look()
    (grant,) = here.door.approvals.grants.values()
    assert grant.given.compared["ref"] == "refs/heads/good"


@given(st.text(), st.integers(1, 200))
def test_no_line_is_wider_than_it_may_be_and_nothing_is_left_out(text: str, cells: int) -> None:
    shown = spelled(text)
    assert not _HARMFUL.search(shown)
    lines = list(wrapped(shown, cells))
    assert all(cell_len(line) <= max(cells, 8) for line in lines)
    assert "".join([lines[0], *(line.removeprefix("    ¦ ") for line in lines[1:])]) == shown
    assert cell_len(cut(shown, cells)) <= cells
    assert only_ascii(text).isascii()
    assert Text(shown).plain == shown, "nothing in it is a control code"


@given(st.text(max_size=200), st.integers(20, 120))
def test_no_value_ends_its_line_or_begins_one(value: str, cells: int) -> None:
    lines = list(fact_lines((ShownFact(name="path", value=value), ShownFact(name="port", value=443)), cells))
    assert [line[:8] for line in lines if not line.startswith(("    ¦ ", "    = "))] == [
        "   path:",
        "   port:",
    ] or (len(value) > 60 and lines[0].startswith("   path ("))
    assert all("\n" not in line for line in lines)


def test_a_name_of_any_length_costs_a_line_no_more_than_its_limit(here: Machine) -> None:
    for _ in range(3):
        here.does(_ONE, HttpRequest(host="a.example.com", port=443, method="GET", path="/" + "y" * 40_000))
    looked = here.watching.watch.look()
    assert [len(row.subject) for row in looked.rows if row.session] == [LIMITS.watched_chars] * 3
    assert {row.chars > 40_000 for row in looked.rows if row.session} == {True}

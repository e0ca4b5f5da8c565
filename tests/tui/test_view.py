"""The view as people use it: what the keys do, and what then stands on the screen."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from ringfence.app.watching.answering import answer_all
from ringfence.core.receipts import Receipt
from ringfence.gate.confined import Confined
from ringfence.ledger.events.process_untold import ProcessUntold, UntoldWhy
from ringfence.ledger.events.sandbox_ended import EndedBy
from viewing import Viewed, viewed
from watched import Machine, get, machine, post, push, session_id

_AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_SCREENS = Path(__file__).parent / "screens"
_ONE, _TWO, _THREE = map(session_id, (1, 2, 3))


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def busy(tmp_path: Path) -> Machine:
    """Three sessions, two of which ask the same; at a time that stands still. Its policy is older."""
    clock = iter([_AT - timedelta(days=1)])
    found = machine(
        tmp_path, clock=lambda: next(clock, _AT), since=_AT - timedelta(hours=1), random=Random(7)
    )
    found.door.policy()
    for each in (_ONE, _TWO, _THREE):
        found.starts(each, "/usr/bin/claude", "--print", "fix the tests")
    found.runs(_ONE, "/usr/bin/make", "test")
    found.runs(_ONE, "/usr/bin/cc", "-c", "a.c", by="/usr/bin/make", times=40)
    found.tells(_THREE, ProcessUntold(session=_THREE, why=UntoldWhy.POLICY))
    found.reads(_ONE, "news.example.com")
    found.does(_ONE, push())
    found.does(_TWO, push())
    found.does(_ONE, push())
    found.does(_THREE, post("q=" + "long " * 40))
    found.does(_TWO, get("/items/1"))
    found.does(_TWO, get("/items/2", host="evil.example.net"))
    found.ends(_THREE, EndedBy.ITSELF, 2)
    return found


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("asks", ""),
        ("events", "2"),
        ("sessions", "3"),
        ("not-shown", "4"),
        ("question", "a"),
        ("long-question", "j enter"),
        ("all-alike", "A"),
        ("denied", "2 d"),
        ("log", "3 j l"),
        ("keys", "question_mark"),
    ],
)
def test_each_screen_is_as_it_was_drawn(busy: Machine, name: str, keys: str) -> None:
    async def look(seen: Viewed) -> None:
        await seen.read()
        shown = await seen.press(*keys.split()) if keys else seen.text()
        golden = _SCREENS / f"{name}.txt"
        assert shown == golden.read_text(), f"if this is right, write it to {golden}:\n{shown}"

    viewed(busy, look)


@pytest.mark.parametrize("name", ["events", "question"])
def test_the_documentation_shows_the_screens_as_they_are(name: str) -> None:
    documentation = (Path(__file__).parents[2] / "docs" / "tui.md").read_text()
    assert (_SCREENS / f"{name}.txt").read_text() in documentation


def test_an_event_and_the_policy_are_there_whole(busy: Machine) -> None:
    async def look(seen: Viewed) -> None:
        await seen.read()
        event = await seen.press("2", "G", "enter")
        assert 'by: "itself"\n   exit_status: 2\n' in event
        assert "session/0199c0de-0000-7000-8000-000000000003:5" in event
        policy = await seen.press("q", "p")
        assert "agents     enforce     5 rules" in policy

    viewed(busy, look)


def test_a_yes_lets_all_questions_of_the_line_through_and_no_other(busy: Machine) -> None:
    async def answer(seen: Viewed) -> None:
        await seen.read()
        await seen.press("a", "u", "t", "enter")
        assert "1 asks 1 " in await seen.shows("2 approved")

    viewed(busy, answer)
    grants = busy.door.approvals
    grants.look()
    given = [each.given for each in grants.grants.values()]
    assert [(each.action_type, each.operator, each.uses, each.compared["session"]) for each in given] == [
        ("git.push", "olga", 3, _ONE),
        ("git.push", "olga", 3, _TWO),
    ]
    assert [(each.expires_at - _AT).total_seconds() for each in given if each.expires_at] == [28_800] * 2


def test_a_yes_is_what_the_one_who_asked_waits_for(busy: Machine) -> None:
    async def answer(seen: Viewed) -> None:
        await seen.read()
        await seen.press("a", "enter")
        await seen.shows("2 approved")

    with ThreadPoolExecutor(1) as beside:
        waits = beside.submit(busy.tries, _ONE, push(), wait_s=20)
        viewed(busy, answer)
        assert isinstance(waits.result(), Receipt)
    assert not isinstance(busy.tries(_ONE, push()), Receipt), "it was for once"


def test_what_is_asked_again_and_again_comes_with_a_rule_that_would_spare_it(busy: Machine) -> None:
    busy.does(_THREE, push())

    async def look(seen: Viewed) -> None:
        await seen.read()
        await seen.press("enter")
        assert '- {"id": "asked-' in await seen.press("G")
        assert "a rule could spare" not in await seen.press("q", "a", "G"), "whoever answers need not read it"

    viewed(busy, look)


def test_a_no_closes_the_question(busy: Machine) -> None:
    async def answer(seen: Viewed) -> None:
        await seen.read()
        await seen.press("j", "x", "enter")
        assert "gist" not in await seen.shows("1 denied")

    viewed(busy, answer)
    busy.door.approvals.look()
    states = [(each.state, each.operator) for each in busy.door.approvals.asks.values()]
    assert states == [("open", None), ("open", None), ("refused", "olga")]


def test_nothing_is_answered_by_going_back(busy: Machine) -> None:
    async def leave(seen: Viewed) -> None:
        await seen.read()
        for keys in (["a", "escape"], ["A", "q"], ["x", "escape"], ["enter", "enter", "escape"]):
            assert "1 asks 2 " in await seen.press(*keys)

    viewed(busy, leave)
    busy.door.approvals.look()
    assert {each.state for each in busy.door.approvals.asks.values()} == {"open"}


def test_what_the_policy_does_not_let_this_operator_do_is_said_and_not_done(busy: Machine) -> None:
    async def answer(seen: Viewed) -> None:
        await seen.read()
        await seen.press("a", "T", "T", "t", "t", "t", "t")  # a day, of eight hours that are allowed
        shown = await seen.press("enter")
        assert "approved" not in (shown := await seen.shows("olga may approve up to 10 uses, 8 hours"))
        assert "1 asks 2 " in shown

    viewed(busy, answer)
    busy.door.approvals.look()
    assert busy.door.approvals.grants == {}


def test_from_within_a_sandbox_one_only_looks(busy: Machine) -> None:
    def refuse() -> None:
        raise Confined("this process cannot approve: it is in a box", hint="approve outside")

    object.__setattr__(busy.watching.who, "check_free", refuse)

    async def answer(seen: Viewed) -> None:
        assert "to look only: this process cannot approve: it is in a box" in await seen.read()
        await seen.press("a", "enter")
        assert "1 asks 2 " in await seen.shows("approve outside")

    viewed(busy, answer)


def test_what_comes_while_a_page_is_open_is_not_answered_with_it(busy: Machine) -> None:
    async def answer(seen: Viewed) -> None:
        await seen.read()
        await seen.press("A")
        busy.does(_TWO, push("refs/heads/release"))
        await seen.read()
        await seen.press("enter")
        assert "refs/heads/release" in await seen.shows("2 approved")

    viewed(busy, answer)


def test_the_chosen_question_stays_chosen_when_others_go(busy: Machine, tmp_path: Path) -> None:
    other = machine(tmp_path, clock=lambda: _AT).watching
    busy.does(_TWO, push("refs/heads/next"))

    async def look(seen: Viewed) -> None:
        await seen.read()
        assert "http.request by the agent claude" in await seen.press("j")
        answer_all(other.queue.look(_AT)[0].asks, None, other.who)
        assert ">    1x     0s  claude      http.request" in await seen.read()

    viewed(busy, look)


def test_another_operator_who_was_first_is_named(busy: Machine, tmp_path: Path) -> None:
    other = machine(tmp_path, clock=lambda: _AT).watching

    async def answer(seen: Viewed) -> None:
        await seen.read()
        await seen.press("x")
        rows = other.queue.look(_AT)
        assert answer_all(rows[0].asks, None, other.who).refused == 2
        await seen.press("enter")
        assert "refused by olga already" in await seen.shows("question")

    viewed(busy, answer)


def test_events_are_found_by_kind_session_refusal_and_text(busy: Machine) -> None:
    async def look(seen: Viewed) -> None:
        await seen.read()
        shown = await seen.press("2", *"ccc")
        assert "connect" in shown.splitlines()[-2]
        assert "1 of" not in shown
        shown = await seen.press("c")
        assert shown.count("  request  ") == 6
        shown = await seen.press("escape", "slash", *"eVIl")
        assert "1 of" in shown
        shown = await seen.press("enter", "s")
        assert f"session {_TWO[-8:]}" in shown
        shown = await seen.press("escape", "d")
        assert shown.count("✗") == 5

    viewed(busy, look)


def test_programs_that_started_are_found_by_their_kind_and_their_names(busy: Machine) -> None:
    async def look(seen: Viewed) -> None:
        await seen.read()
        shown = await seen.press("2", "c", "c")
        assert "3 of 20 events · following · process" in shown
        assert "/usr/bin/cc -c a.c by /usr/bin/make" in shown
        shown = await seen.press("slash", *"BIN/CC", "enter")
        assert "1 of 20 events" in shown

    viewed(busy, look, size=(120, 30))


def test_what_this_kernel_cannot_tell_is_listed(busy: Machine) -> None:
    without = replace(busy, watching=replace(busy.watching, tells_starts=False))

    async def look(seen: Viewed) -> None:
        await seen.read()
        shown = await seen.press("4")
        assert "programs that start in boxes of this machine" in shown
        assert "Linux 5.19 can" in shown
        assert "programs that start in 00000003" in shown

    viewed(without, look)


def test_whoever_goes_up_stays_there_while_more_comes_until_they_go_to_the_end(busy: Machine) -> None:
    async def look(seen: Viewed) -> None:
        for number in range(40):
            busy.does(_TWO, get(f"/items/{number}"))
        await seen.read()
        before = await seen.press("2", "g")
        assert "stopped" in before
        for number in range(40):
            busy.does(_TWO, get(f"/more/{number}"))
        after = await seen.read()
        assert before.splitlines()[2:-2] == after.splitlines()[2:-2]
        assert "/more/39" in await seen.press("G")
        busy.does(_TWO, get("/the/last"))
        assert "/the/last" in await seen.read()

    viewed(busy, look)


def test_a_terminal_that_is_too_small_or_grows_is_no_trouble(busy: Machine) -> None:
    async def look(seen: Viewed) -> None:
        await seen.read()
        for size in ((20, 5), (1, 1), (200, 60), (80, 24)):
            for key in "2a":
                await seen.resize(*size)
                await seen.press(key)
            await seen.press("escape")
        assert await seen.press("1") == (_SCREENS / "asks.txt").read_text()

    viewed(busy, look)


def test_a_ledger_that_cannot_be_read_is_said_and_tried_again(busy: Machine, tmp_path: Path) -> None:
    kept, away = tmp_path / "state", tmp_path / "away"

    async def look(seen: Viewed) -> None:
        await seen.read()
        kept.rename(away)
        kept.mkdir()
        (kept / "ledger.sqlite").write_bytes(b"no database" * 100)
        assert "the ledger: the ledger's file is damaged" in await seen.read()
        assert "the ledger: the ledger's file is damaged" in await seen.press("2", "G", "enter")
        await seen.press("1")
        (kept / "ledger.sqlite").unlink()
        kept.rmdir()
        away.rename(kept)
        assert "the ledger: " not in await seen.read()

    viewed(busy, look)


def test_of_very_many_alike_only_as_many_are_answered_as_are_shown(tmp_path: Path) -> None:
    here = machine(tmp_path)
    for number in range(5):
        here.does(_ONE, push(f"refs/heads/{number}"))

    async def answer(seen: Viewed) -> None:
        await seen.read()
        assert "3 questions; 2 more lines are left for later" in await seen.press("A")
        await seen.press("G", "enter")
        assert "1 asks 2 " in await seen.shows("3 approved")

    viewed(here, answer, alike=3)

"""`ringfence tui`: the lists, and the keys that lead from one to the other.

What the ledger says is read in a thread beside, and drawn when it has been read: at most four times a second,
however much there is. Answers go through the same use cases as `ringfence approve` and `deny`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from ringfence.app.ledger.fields import fields_of
from ringfence.app.policy.show import show as policy_shown
from ringfence.app.watching.answering import answer_all
from ringfence.app.watching.asking import AskDetail, AskRow
from ringfence.app.watching.kinds import Kind
from ringfence.app.watching.log import Filter, Log
from ringfence.app.watching.rows import EventRow
from ringfence.app.watching.sessions import WatchedSession
from ringfence.app.watching.unseen import Unseen, unseen
from ringfence.app.watching.watch import Looked
from ringfence.core.errors import RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.gate.confined import Confined
from ringfence.tui import bars, drawing
from ringfence.tui.asking import asks_text
from ringfence.tui.lines import Lines, Rows
from ringfence.tui.pages import AnswerPage, Given, Page, Says
from ringfence.tui.text import fact_lines, spelled
from ringfence.tui.words import KEYS, TABS, help_text, policy_text, unseen_text
from ringfence.wiring.watching import Watching

__all__ = ["View", "show"]

_KINDS: tuple[Kind | None, ...] = (None, *Kind)


def show(watched: Watching) -> int:
    """Shows it until somebody quits; the exit status. The mouse is left alone, so that text can be marked."""
    view = View(watched)
    view.run(mouse=False)
    return view.return_code or 0


class View(App[None]):
    """The whole of it."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen, Rows, Lines, Input { background: ansi_default; color: ansi_default; }
    Screen { layout: vertical; overflow: hidden; }
    Rows, Lines { height: 1fr; scrollbar-size: 0 0; border: none; }
    Rows:focus, Lines:focus { background: ansi_default; background-tint: ansi_default 0%; }
    .bar { height: 1; }
    #note { height: auto; max-height: 5; }
    #lists, #lists Vertical { height: 1fr; }
    #lists Vertical Lines { height: 2fr; }
    Input { height: 1; border: none; padding: 0 1; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"tab({n - 1})", show=False) for n in range(1, 1 + len(TABS))),
        Binding("tab", "next(1)", show=False, priority=True),
        Binding("shift+tab", "next(-1)", show=False, priority=True),
        Binding("enter", "open", show=False),
        Binding("a", "answer('yes')", show=False),
        Binding("x", "answer('no')", show=False),
        Binding("A", "answer_kind", show=False),
        Binding("l", "log", show=False),
        Binding("p", "policy", show=False),
        Binding("slash", "search", show=False),
        Binding("f", "follow", show=False),
        Binding("c", "kind(1)", show=False),
        Binding("C", "kind(-1)", show=False),
        Binding("d", "denied", show=False),
        Binding("s", "session", show=False),
        Binding("escape", "all", show=False, priority=True),
        Binding("question_mark", "help", show=False),
        Binding("q", "quit", show=False),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(
        self, watched: Watching, *, every_s: float = 0.25, alike: int = LIMITS.watched_alike
    ) -> None:
        super().__init__(ansi_color=True)
        self._watch, self._queue, self._who = watched.watch, watched.queue, watched.who
        self._now, self._notes, self._every_s = watched.now, watched.notes, every_s
        self._kept, self._alike = Log(), alike
        self._looked: Looked | None = None
        self._tab = 0
        self._said = ""  # of the last thing that was done; gone with the next list
        self._standing = ""
        self._previewed: AskRow | None = None
        self._looking = asyncio.Lock()
        self._top, self._heads, self._note, self._keys = (Static(classes="bar") for _ in range(4))
        self._note.id = "note"
        self._search = Input(placeholder="search", select_on_focus=False)
        self._lists: tuple[Widget, ...] = ()
        self.asks: Rows[AskRow] = Rows(
            self._draw_ask, lambda row: row.key, empty="nothing waits for an answer"
        )
        self.events: Rows[EventRow] = Rows(
            drawing.event, lambda row: row.ordinal, empty="no event", follows=True
        )
        self.question = Lines(lambda _cells: [])
        self._tells_starts, self._unseen = watched.tells_starts, tuple[Unseen, ...]()
        self.unseen = Lines(lambda _cells: [])
        self.sessions: Rows[WatchedSession] = Rows(
            self._draw_session, lambda row: row.id, empty="no session; begin one: ringfence run -- COMMAND"
        )

    def compose(self) -> ComposeResult:
        """One line of state, one of headings, the lists, one of remarks, one of keys."""
        yield self._top
        yield self._heads
        asks = Vertical(self.asks, Static(classes="bar"), self.question)
        self._lists = (asks, self.events, self.sessions, self.unseen)
        yield Vertical(*self._lists, id="lists")
        yield self._search
        yield self._note
        yield self._keys

    def on_mount(self) -> None:
        """Begins to look."""
        try:
            self._who.check_free()
        except Confined as error:
            self._standing = f"to look only: {error.what}"
        self.action_tab(0)
        self.run_worker(self._follow(), name="follow")

    async def _follow(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Reads all that the ledger has now, and draws it."""
        async with self._looking:
            while True:
                looked = await asyncio.to_thread(self._watch.look)
                self._take(looked)
                if not looked.is_behind:
                    return

    def _take(self, looked: Looked) -> None:
        before, self._looked = self._looked, looked
        if looked.rows:
            self.events.show(self._kept.shown, gone=self._kept.take(looked.rows))
        if before is None or looked.asks != before.asks or looked.asks:
            self.asks.show(looked.asks)
            self._preview()
        if before is None or looked.rows:
            self.sessions.show(looked.sessions)
            self._show_unseen(looked)
        if before is not None and {each.key for each in looked.asks} - {each.key for each in before.asks}:
            self.bell()
        while self._notes:
            self._said = self._notes.popleft()
        self._tell()

    def _show_unseen(self, looked: Looked) -> None:
        """What no event tells of, where that is other than before."""
        missing = unseen(looked.sessions, tells_starts=self._tells_starts)
        if missing != self._unseen:
            self._unseen = missing
            self.unseen.show(unseen_text(missing))

    def _draw_ask(self, row: AskRow, cells: int) -> Text:
        return drawing.ask(row, cells, self._now(), self._watch.tries(row))

    def _draw_session(self, row: WatchedSession, cells: int) -> Text:
        return drawing.session(row, cells, self._now())

    def _preview(self) -> None:
        """The chosen question, below the list."""
        row = self.asks.chosen
        if row == self._previewed:
            return
        self._previewed = row
        details = [self._queue.detail(row, self._now())] if row else []
        self.question.show(self._asks_text(details, proposals=True))

    # What the bars say

    def _tell(self) -> None:
        self._top.update(bars.state(self._looked, self._tab))
        columns = (drawing.ASK_COLUMNS, drawing.EVENT_COLUMNS, drawing.SESSION_COLUMNS, ())[self._tab]
        self._heads.update(drawing.headings(columns))
        is_behind = self._looked is not None and self._looked.is_behind
        if self._looked is not None and self._looked.trouble is not None:
            self._note.update(Text(f" the ledger: {spelled(self._looked.trouble)}", "red"))
        elif TABS[self._tab] == "events" and not self._said:
            self._note.update(bars.found(self._kept, follows=self.events.follows, is_behind=is_behind))
        else:
            self._note.update(Text(f" {spelled(self._said or self._standing)}", "yellow"))
        self._keys.update(Text(f" {KEYS[TABS[self._tab]]}", "dim"))

    # Keys

    def action_tab(self, number: int) -> None:
        """Shows this list."""
        self._tab, self._said = number, ""
        self._search.display = False
        for each, widget in enumerate(self._lists):
            widget.display = each == number
        (self.asks if number == 0 else self._lists[number]).focus()
        self._tell()

    def action_next(self, by: int) -> None:
        """Shows the next list."""
        if len(self.screen_stack) == 1:
            self.action_tab((self._tab + by) % len(TABS))

    async def action_open(self) -> None:
        """All of what is chosen."""
        match TABS[self._tab]:
            case "asks":
                self.action_answer("")
            case "events" if (row := self.events.chosen) is not None:
                await self._open(row)
            case "sessions":
                self.action_log()

    async def _open(self, row: EventRow) -> None:
        try:
            recorded = await asyncio.to_thread(self._watch.event, row)
        except RingfenceError as error:
            self._say(error)
            return
        if recorded is not None:
            facts = tuple(fields_of(recorded))
            title = f"{row.stream}:{row.seq}  {spelled(row.what)}"
            self.push_screen(Page(title, lambda cells: [Text(each) for each in fact_lines(facts, cells)]))

    def action_answer(self, says: Says) -> None:
        """Shows the chosen questions, with this answer prepared."""
        row = self.asks.chosen
        if TABS[self._tab] == "asks" and row is not None:
            self._ask((row,), says)

    def action_answer_kind(self) -> None:
        """Shows all questions of the chosen one's kind, with a yes prepared."""
        row = self.asks.chosen
        if TABS[self._tab] == "asks" and row is not None and self._looked:
            self._ask(tuple(each for each in self._looked.asks if each.kind == row.kind), "yes")

    def _ask(self, rows: tuple[AskRow, ...], says: Says) -> None:
        shown = rows[: self._alike]
        details = [self._queue.detail(each, self._now()) for each in shown]
        ids = tuple(each for row in shown for each in row.asks)
        rest = f"; {len(rows) - len(shown)} more lines are left for later" if len(shown) < len(rows) else ""
        what = f"{rows[0].action_type}: {len(ids)} question{'' if len(ids) == 1 else 's'}{rest}"
        page = AnswerPage(what, self._asks_text(details, proposals=not says), says=says, many=len(ids))
        self.push_screen(page, partial(self._given, ids))

    def _asks_text(self, details: Sequence[AskDetail], *, proposals: bool) -> Callable[[int], list[Text]]:
        sessions = {each.id: each for each in self._looked.sessions} if self._looked else {}
        tries = {each.row.key: self._watch.tries(each.row) for each in details}
        return asks_text(details, sessions, tries, proposals=proposals)

    def _given(self, ids: tuple[str, ...], given: Given | None) -> None:
        if given is not None:
            self._said = "…"
            self.run_worker(self._answer(ids, given))

    async def _answer(self, ids: tuple[str, ...], given: Given) -> None:
        try:
            self._said = bars.told(await asyncio.to_thread(answer_all, ids, given.answer, self._who))
        except RingfenceError as error:
            self._say(error)
        await self.look()

    def _say(self, error: RingfenceError) -> None:
        self._said = f"{error.what}; {error.hint}"
        self._tell()

    def action_log(self) -> None:
        """The events of the chosen session."""
        chosen = self._chosen_session()
        if chosen is not None:
            self._choose(Filter(session=chosen))
            self.action_tab(TABS.index("events"))

    def _chosen_session(self) -> str | None:
        match TABS[self._tab]:
            case "asks":
                row = self.asks.chosen
                return row.sessions[0] if row is not None and row.sessions else None
            case "events":
                return self.events.chosen.session if self.events.chosen else None
            case "sessions":
                return self.sessions.chosen.id if self.sessions.chosen else None
        return None

    def action_policy(self) -> None:
        """The policy in force."""
        try:
            policy = self._who.door.policy()
        except RingfenceError as error:
            self._say(error)
            return
        shown = policy_shown(policy, trouble=self._who.door.policies.trouble, started_at=self._now())
        self.push_screen(Page("the policy", policy_text(shown)))

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Page("keys", help_text))

    def action_search(self) -> None:
        """A text to look for in events."""
        self.action_tab(TABS.index("events"))
        self._search.value = self._kept.filter.text
        self._search.display = True
        self._search.focus()

    def on_input_changed(self, changed: Input.Changed) -> None:
        """Looks for what was typed so far."""
        self._choose(replace(self._kept.filter, text=changed.value))

    def on_input_submitted(self) -> None:
        """Back to the list of what was found."""
        self._search.display = False
        self.events.focus()

    def action_follow(self) -> None:
        """Follows what comes, or stops."""
        self.events.follows = not self.events.follows
        self.events.show(self._kept.shown)
        self._tell()

    def action_kind(self, by: int) -> None:
        """Only events of the next kind."""
        at = _KINDS.index(self._kept.filter.kind)
        self._choose(replace(self._kept.filter, kind=_KINDS[(at + by) % len(_KINDS)]))

    def action_denied(self) -> None:
        """Only what was refused, or everything."""
        self._choose(replace(self._kept.filter, refusals=not self._kept.filter.refusals))

    def action_session(self) -> None:
        """Only the chosen session, or all."""
        session = None if self._kept.filter.session else self._chosen_session()
        self._choose(replace(self._kept.filter, session=session))

    def action_all(self) -> None:
        """Everything again; on a page, back from it."""
        if len(self.screen_stack) > 1:
            self.screen.dismiss(None)
            return
        self._search.display = False
        self._said = ""
        self._choose(Filter())
        self.action_tab(self._tab)

    def _choose(self, filter_: Filter) -> None:
        self._kept.choose(filter_)
        self.events.show(self._kept.shown)
        self._tell()

    def on_rows_moved(self) -> None:
        """Shows another question. Stops following when somebody goes up, goes on at the end."""
        self._preview()
        self.events.follows = self.events.cursor >= len(self._kept.shown) - 1
        self._tell()

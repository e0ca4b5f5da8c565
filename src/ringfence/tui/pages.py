"""Pages over the lists: one event whole, the keys, and questions with their answer."""

from collections.abc import Callable
from typing import ClassVar, Literal

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from ringfence.app.approving import Answer
from ringfence.core.dataclass import dataclass
from ringfence.tui.lines import Lines

__all__ = ["AnswerPage", "Given", "Page", "Says"]

Made = Callable[[int], list[Text]]
Says = Literal["yes", "no", ""]
"""What an operator is about to say."""

_USES: tuple[int, ...] = (1, 3, 10, 100)
_TIMES = ((900, "15m"), (3_600, "1h"), (28_800, "8h"), (86_400, "1d"), (604_800, "7d"))
_HINT = "j k g G space move   q back"


class Page(Screen[None]):
    """A text to read."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,escape,enter", "back", show=False)]

    def __init__(self, title: str, made: Made) -> None:
        super().__init__()
        self._title = title
        self._text = Lines(made)

    def compose(self) -> ComposeResult:
        """Title, text, keys."""
        yield Static(Text(f" {self._title}", "bold"), classes="bar")
        yield self._text
        yield Static(classes="bar", id="foot")

    def on_lines_scrolled(self) -> None:
        """Says which lines can be seen."""
        self.query_one("#foot", Static).update(Text(f" {self._text.place}   {_HINT}", "dim"))

    def action_back(self) -> None:
        """To the lists."""
        self.dismiss(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an operator said to the questions of a page."""

    answer: Answer | None  # None: no


class AnswerPage(Screen[Given | None]):
    """Questions, each whole, and the answer to all of them. A yes is taken only when the end was seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "back", show=False),
        Binding("a", "say('yes')", show=False),
        Binding("x", "say('no')", show=False),
        Binding("u", "uses(1)", show=False),
        Binding("U", "uses(-1)", show=False),
        Binding("t", "time(1)", show=False),
        Binding("T", "time(-1)", show=False),
        Binding("enter", "give", show=False),
    ]

    def __init__(self, title: str, made: Made, *, says: Says, many: int) -> None:
        super().__init__()
        self._title, self._says, self._many = title, says, many
        self._text = Lines(made)
        self._uses, self._time = 0, 1

    def compose(self) -> ComposeResult:
        """Title, questions, the answer, keys."""
        yield Static(Text(f" {self._title}", "bold"), classes="bar")
        yield self._text
        yield Static(classes="bar", id="answer")
        yield Static(classes="bar", id="foot")

    def on_mount(self) -> None:
        """Says what is asked of the operator."""
        self._tell()

    def on_lines_scrolled(self) -> None:
        """Says which lines can be seen."""
        self._tell()

    def action_back(self) -> None:
        """Without an answer."""
        self.dismiss(None)

    def action_say(self, what: Says) -> None:
        """Prepares this answer; nothing is done yet."""
        self._says = what
        self._tell()

    def action_uses(self, by: int) -> None:
        """Another number of uses."""
        self._uses = (self._uses + by) % len(_USES)
        self._tell()

    def action_time(self, by: int) -> None:
        """Another end."""
        self._time = (self._time + by) % len(_TIMES)
        self._tell()

    def action_give(self) -> None:
        """Gives the answer, if there is one and it may be given."""
        if self._says == "no":
            self.dismiss(Given(answer=None))
        elif self._says == "yes" and self._text.was_read:
            self.dismiss(Given(answer=Answer(uses=_USES[self._uses], lasts_s=_TIMES[self._time][0])))

    def _tell(self) -> None:
        all_ = f"all {self._many}" if self._many > 1 else "it"
        line = Text(" ")
        if self._says == "yes":
            uses = "once" if _USES[self._uses] == 1 else f"{_USES[self._uses]} times"
            line.append(f"approve {all_}: {uses}, for {_TIMES[self._time][1]}", "bold green")
            read = "   Enter does it" if self._text.was_read else "   read to the end first: G"
            line.append(read, "" if self._text.was_read else "yellow").append(
                "   u uses  t time  Esc back", "dim"
            )
        elif self._says == "no":
            line.append(f"deny {all_}", "bold red").append("   Enter does it").append("   Esc back", "dim")
        else:
            line.append("a approve   x deny   Esc back", "dim")
        self.query_one("#answer", Static).update(line)
        self.query_one("#foot", Static).update(Text(f" {self._text.place}   j k g G space move", "dim"))

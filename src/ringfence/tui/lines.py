"""Lists that draw what can be seen of them, and nothing else: ten thousand lines cost as much as twenty."""

from collections.abc import Callable, Hashable, Sequence
from io import StringIO
from typing import ClassVar, Generic, TypeVar

from rich.console import Console
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

__all__ = ["MOVES", "Lines", "Rows"]

RowT = TypeVar("RowT")

MOVES: list[BindingType] = [
    Binding("j,down", "move(1)", show=False),
    Binding("k,up", "move(-1)", show=False),
    Binding("g,home", "first", show=False),
    Binding("G,end", "last", show=False),
    Binding("pagedown,space,ctrl+f", "page(1)", show=False),
    Binding("pageup,ctrl+b", "page(-1)", show=False),
]
_CURSOR = Style(reverse=True)
_CONSOLE = Console(markup=False, highlight=False, emoji=False, file=StringIO())


class Rows(ScrollView, Generic[RowT], can_focus=True):
    """One line for each row, one of them chosen. It follows the end while `follows` is set."""

    BINDINGS: ClassVar[list[BindingType]] = MOVES

    class Moved(Message):
        """Somebody chose another row."""

    def __init__(
        self,
        draw: Callable[[RowT, int], Text],
        key: Callable[[RowT], Hashable],
        *,
        empty: str,
        follows: bool = False,
        id: str | None = None,  # noqa: A002 - as Textual calls it
    ) -> None:
        super().__init__(id=id)
        self._draw, self._key, self._empty = draw, key, empty
        self._rows: Sequence[RowT] = ()
        self.cursor = 0
        self.follows = follows
        self.drawn = 0  # lines, since the start

    @property
    def chosen(self) -> RowT | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def show(self, rows: Sequence[RowT], *, gone: int | None = None) -> None:
        """Shows these. The cursor stays on its row; `gone`: how many left its beginning, if no other did."""
        chosen = None if gone is not None else self.chosen
        self._rows = rows
        if self.follows:
            self.cursor = len(rows) - 1
        elif gone is not None:
            self.cursor -= gone
        elif chosen is not None:
            key = self._key(chosen)
            self.cursor = next((n for n, row in enumerate(rows) if self._key(row) == key), self.cursor)
        self.cursor = max(0, min(self.cursor, len(rows) - 1))
        self.virtual_size = Size(0, len(rows))
        self._reveal()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of what can be seen."""
        width, index = self.size.width, y + self.scroll_offset.y
        self.drawn += 1
        if index >= len(self._rows):
            hint = self._empty if not self._rows and y == 1 else ""
            return _strip(Text(f"  {hint}", "dim"), width)
        line = self._draw(self._rows[index], width - 2)
        if index != self.cursor:
            return _strip(Text("  ") + line, width)
        return _strip(Text(f"> {line.plain}"), width, _CURSOR)

    def action_move(self, by: int) -> None:
        """Chooses the row that is so many further."""
        self._choose(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Chooses the row that is so many screens further."""
        self._choose(self.cursor + by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """Chooses the first row."""
        self._choose(0)

    def action_last(self) -> None:
        """Chooses the last row."""
        self._choose(len(self._rows) - 1)

    def on_resize(self, _event: events.Resize) -> None:
        """Keeps the chosen row in sight."""
        self._reveal()

    def _choose(self, index: int) -> None:
        self.cursor = max(0, min(index, len(self._rows) - 1))
        self._reveal()
        self.refresh()
        self.post_message(self.Moved())

    def _reveal(self) -> None:
        height, top = self.size.height, self.scroll_offset.y
        if height and not top <= self.cursor < top + height:
            above = self.cursor if self.cursor < top else self.cursor - height + 1
            self.scroll_to(y=above, animate=False, force=True, immediate=True)


class Lines(ScrollView, can_focus=True):
    """A text to read, made for each width anew. `was_read`: its last line was once to be seen."""

    BINDINGS: ClassVar[list[BindingType]] = MOVES

    class Scrolled(Message):
        """Other lines of it can be seen."""

    def __init__(self, made: Callable[[int], list[Text]]) -> None:
        super().__init__()
        self._made, self._width = made, 0
        self._lines: list[Text] = []
        self.was_read = False

    @property
    def place(self) -> str:
        """Which lines can be seen, of how many."""
        first = self.scroll_offset.y + 1
        last = min(len(self._lines), self.scroll_offset.y + self.size.height)
        return f"lines {first}-{last} of {len(self._lines)}"

    def show(self, made: Callable[[int], list[Text]]) -> None:
        """Another text, from its beginning."""
        self._made = made
        self._make()
        self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """One line of what can be seen."""
        index = y + self.scroll_offset.y
        line = self._lines[index] if index < len(self._lines) else Text()
        return _strip(line, self.size.width)

    def on_resize(self, _event: events.Resize) -> None:
        """Wraps the text anew."""
        if self.size.width != self._width:
            self._make()
        self._look()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Notes how far it was read."""
        super().watch_scroll_y(old_value, new_value)
        self._look()

    def action_move(self, by: int) -> None:
        """So many lines further."""
        self._scroll(self.scroll_offset.y + by)

    def action_page(self, by: int) -> None:
        """So many screens further."""
        self._scroll(self.scroll_offset.y + by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """To its beginning."""
        self._scroll(0)

    def action_last(self) -> None:
        """To its end."""
        self._scroll(len(self._lines))

    def _make(self) -> None:
        self._width = self.size.width
        self._lines = self._made(max(20, self._width - 1))
        self.virtual_size = Size(0, len(self._lines))
        self.was_read = False
        self._look()
        self.refresh()

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def _look(self) -> None:
        if self.size.height and self.scroll_offset.y + self.size.height >= len(self._lines) > 0:
            self.was_read = True
        self.post_message(self.Scrolled())


def _strip(line: Text, width: int, style: Style | None = None) -> Strip:
    strip = Strip(line.render(_CONSOLE)).adjust_cell_length(width)
    return strip if style is None else strip.apply_style(style)

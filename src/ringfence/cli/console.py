"""The terminal as ringfence uses it: data on stdout, talk on stderr, foreign text never interpreted."""

import re
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.text import Text

from ringfence.cli.streams import NotWritten, write
from ringfence.core.text import clip, printable

__all__ = ["data_console", "one_line", "safe", "show", "talk_console"]

_TRAILING_BLANKS = re.compile(r"[ ]+$", re.MULTILINE)


def data_console() -> Console:
    """Stdout. As wide as the terminal, 80 columns elsewhere; NO_COLOR is honoured; no emoji, no markup."""
    console = Console(highlight=False, markup=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, emoji=False, width=80)


def show(parts: Iterable[RenderableType], *, more: bool = False) -> None:
    """Prints the parts to stdout, each as soon as it is there, without blanks at the ends of lines.

    A text that must not be wrapped is one line, however wide the terminal is.
    `more`: something was shown before, so that the first heading keeps its distance.

    Raises:
        NotWritten: it could not be written.
    """
    console = data_console()
    for number, part in enumerate(parts):
        try:
            with console.capture() as captured:
                console.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
        except OSError as error:  # PYTHONUNBUFFERED=1: its end writes no text at all, and a full disk refuses
            raise NotWritten(error) from error
        text = _TRAILING_BLANKS.sub("", captured.get())
        write(text if number or more else text.lstrip("\n"))  # headings begin with an empty line


def talk_console() -> Console:
    """Stderr, for progress and remarks."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def safe(text: str, style: str = "", *, chars: int = 400) -> Text:
    """Foreign text as it may be shown: control characters spelled out, no markup, bounded."""
    return Text(clip(printable(text), chars=chars), style=style)


def one_line(text: str, style: str = "", *, chars: int = 1000) -> Text:
    """As `safe`, and never broken: for places that people copy or click."""
    line = safe(text, style, chars=chars)
    line.no_wrap = True
    return line

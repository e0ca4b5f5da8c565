"""The terminal view as tests drive it: keys in, the screen's text out."""

import asyncio
import io
from collections.abc import Awaitable, Callable

from rich.console import Console
from textual.pilot import Pilot

from ringfence.core.limits import LIMITS
from ringfence.tui.view import View
from watched import Machine

__all__ = ["Viewed", "viewed"]

_PATIENCE_S = 20.0


class Viewed:
    """A view that runs, with a screen of 80 by 24 unless it was said otherwise."""

    def __init__(self, view: View, pilot: Pilot[None]) -> None:
        self.view, self._pilot = view, pilot

    async def press(self, *keys: str) -> str:
        """These keys, one after the other; the screen then."""
        await self._pilot.press(*keys)
        await self._pilot.pause()
        return self.text()

    async def read(self) -> str:
        """The screen, once all that the ledger has now is on it."""
        await self.view.look()
        await self._pilot.pause()
        return self.text()

    async def shows(self, text: str) -> str:
        """The screen, once this stands on it."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while text not in self.text():
                    await self._pilot.pause()
        except TimeoutError:
            raise AssertionError(f"{text!r} is not on\n{self.text()}") from None
        return self.text()

    async def resize(self, columns: int, rows: int) -> str:
        """The screen, of another size."""
        await self._pilot.resize_terminal(columns, rows)
        await self._pilot.pause()
        return self.text()

    def text(self) -> str:
        """What can be seen, without blanks at the ends of lines."""
        width, height = self.view.size
        console = Console(width=width, height=height, file=io.StringIO(), record=True, force_terminal=True)
        console.print(self.view.screen._compositor.render_update(full=True))
        lines = console.export_text().splitlines()[:height]
        return "\n".join(line.rstrip() for line in lines) + "\n"


def viewed(
    machine: Machine,
    do: Callable[[Viewed], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    alike: int = LIMITS.watched_alike,
) -> None:
    """Runs `do` with a view of the machine."""

    async def driven() -> None:
        view = View(machine.watching, every_s=3600, alike=alike)
        async with view.run_test(size=size) as pilot:
            await do(Viewed(view, pilot))

    asyncio.run(driven())

"""How far a scan is, on a terminal's stderr."""

import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ringfence.cli.console import talk_console
from ringfence.cli.sizes import show_size

__all__ = ["TerminalProgress"]


class TerminalProgress:
    """Lines that come and go: files walked per second, bytes hashed of all, files judged of all."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
            console=talk_console(),
            transient=True,
        )
        self._walk = self._bars.add_task("walking", total=None, said="")
        self._hash = self._bars.add_task("hashing", total=None, said="", visible=False)
        self._judge = self._bars.add_task("judging", total=None, said="", visible=False)
        self._began = time.monotonic()

    def walking(self, *, files: int, candidates: int) -> None:
        """Shows files passed, their rate, and how many were looked into."""
        rate = files / max(0.001, time.monotonic() - self._began)
        self._bars.update(self._walk, said=f"{files:,} files ({rate:,.0f}/s), {candidates:,} looked into")

    def hashing(self, *, done_bytes: int, total_bytes: int) -> None:
        """Shows bytes hashed of those to hash."""
        said = f"{show_size(done_bytes)} of {show_size(total_bytes)}"
        self._bars.update(self._walk, visible=False)
        self._bars.update(self._hash, visible=True, total=total_bytes, completed=done_bytes, said=said)

    def judging(self, *, done: int, total: int) -> None:
        """Shows files judged of those to judge."""
        self._bars.update(self._walk, visible=False)
        self._bars.update(self._hash, visible=False)
        said = f"{done:,} of {total:,} files"
        self._bars.update(self._judge, visible=True, total=total, completed=done, said=said)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

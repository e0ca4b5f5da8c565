"""Whose work the broker is at, written where its daemon reads it once the broker has died.

A program that has found how the broker can be made to crash does it again and again. The broker does one
thing at a time: each step of a task that was begun for a session has that session's name on a page that both
processes share, and nobody's after it. What runs in other threads, or in the event loop itself, has no name.
"""

import asyncio
import mmap
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from typing import Any

__all__ = ["WORKS_FOR", "blamed", "make_page", "tasks_with_names", "with_name"]

_BYTES = 64
_NOBODY = bytes(_BYTES)

_Steps = Coroutine[Any, Any, Any]

WORKS_FOR: ContextVar[str] = ContextVar("WORKS_FOR")
"""The session that what is begun here is for."""


def make_page() -> mmap.mmap:
    """One that this process shares with all that are forked from it."""
    return mmap.mmap(-1, _BYTES)


def blamed(page: mmap.mmap) -> str:
    """Whose work was not over when the broker died; empty: nobody's. The page is nobody's from then on."""
    found = page[:].rstrip(b"\0").decode(errors="replace")
    page[:] = _NOBODY
    return found


def tasks_with_names(loop: asyncio.AbstractEventLoop, page: mmap.mmap) -> None:
    """All tasks that are begun from now on say on the page whose they are, while they run."""

    def task(
        loop: asyncio.AbstractEventLoop,
        coroutine: _Steps,
        context: Context | None = None,
        **more: Any,  # noqa: ANN401
    ) -> "asyncio.Task[Any]":
        session = WORKS_FOR.get("") if context is None else context.get(WORKS_FOR, "")
        coroutine = with_name(coroutine, page, session)
        return asyncio.Task(coroutine, loop=loop, context=context, **more)

    loop.set_task_factory(task)  # type: ignore[arg-type]  # its signature grows with each Python


def with_name(coroutine: _Steps, page: mmap.mmap | None, session: str) -> _Steps:
    """The same, whose steps say on the page whose they are."""
    if page is None or not session:
        return coroutine
    return _Named(coroutine, page, session.encode()[:_BYTES].ljust(_BYTES, b"\0"))


class _Named(_Steps):
    """A coroutine whose steps have a name."""

    __slots__ = ("_coroutine", "_name", "_page")

    def __init__(self, coroutine: _Steps, page: mmap.mmap, name: bytes) -> None:
        self._coroutine, self._page, self._name = coroutine, page, name

    def send(self, value: Any) -> Any:  # noqa: ANN401 - what the event loop sends
        self._page[:] = self._name
        try:
            return self._coroutine.send(value)
        finally:
            self._page[:] = _NOBODY

    def throw(self, *what: Any) -> Any:  # noqa: ANN401 - what the event loop throws
        self._page[:] = self._name
        try:
            return self._coroutine.throw(*what)
        finally:
            self._page[:] = _NOBODY

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Any:  # noqa: ANN401
        return self._coroutine.__await__()

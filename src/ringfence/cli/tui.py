"""`ringfence tui`: begins the terminal view, a room of its own that is found by name, as commands are."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from ringfence.core.errors import UsageError
from ringfence.wiring.watching import Watching, watching

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Shows it until somebody quits."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the view needs a terminal", hint="ringfence asks, or ringfence ledger show --follow"
        )
    view: Callable[[Watching], int] = import_module("ringfence.tui.view").show
    with watching(since=options.since) as watched:
        return view(watched)

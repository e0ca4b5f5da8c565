"""A progress display where somebody can see it. The display itself is loaded only then: it is not small."""

import sys
from contextlib import AbstractContextManager, nullcontext

from ringfence.app.scan.request import NoProgress, Progress

__all__ = ["watched"]


def watched() -> AbstractContextManager[Progress]:
    """On a terminal's stderr; nothing elsewhere."""
    if not (sys.stderr and sys.stderr.isatty()):
        return nullcontext(NoProgress())
    from ringfence.cli.progress import TerminalProgress

    return TerminalProgress()

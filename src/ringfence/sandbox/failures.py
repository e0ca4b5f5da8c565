"""Why a box could not be had, in a person's words, with what to do about it."""

import os
from pathlib import Path

from ringfence.core.errors import RingfenceError
from ringfence.core.text import printable
from ringfence.sandbox.messages import Failed

__all__ = ["BoxRefused", "refusal"]


class BoxRefused(RingfenceError):
    """No box, so nothing ran."""


_ELSE = "run `ringfence doctor` to see what this machine offers"


def refusal(failed: Failed, *, proc: Path = Path("/proc")) -> BoxRefused:
    """The error that a person sees. `proc` says how this machine is set up."""
    about = f"{failed.layer}: " if failed.layer else ""
    what = printable(failed.what)
    if failed.errno == 0:
        return BoxRefused(
            f"the box does not hold: {about}{what}", hint="report this; nothing was run. " + _ELSE
        )
    from ringfence.sandbox.known_failures import hint_of  # most boxes stand

    hint = hint_of(failed, proc=proc) or _ELSE
    return BoxRefused(f"no box: {about}{what}: {os.strerror(failed.errno).lower()}", hint=hint)

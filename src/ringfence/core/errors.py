"""The errors a person sees: what happened, and what to do about it."""

from enum import IntEnum

__all__ = ["ExitCode", "RingfenceError", "UnreadableScope", "UsageError"]


class ExitCode(IntEnum):
    """What a command's exit status says."""

    DONE = 0
    FAILED_AS_ASKED = 1
    USAGE = 2
    NOT_EXAMINED = 3
    # Of `run`, whose command has all others for itself, as shells and containers say it.
    NO_BOX = 125
    NOT_EXECUTED = 126
    NOT_FOUND = 127


class RingfenceError(Exception):
    """A question that could not be answered.

    `what` and `hint` are shown as they are: they hold no secret and no unescaped foreign text.
    """

    code = ExitCode.USAGE

    def __init__(self, what: str, *, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class UsageError(RingfenceError):
    """The command line asks for something that does not exist or does not fit."""


class UnreadableScope(RingfenceError):
    """What the command was asked to examine cannot be examined."""

    code = ExitCode.NOT_EXAMINED

"""Finds the command and turns what goes wrong into two lines and an exit code.

Each command's module is imported only when it is called, so that `ringfence --version` stays quick.
"""

import errno
import signal
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType, SimpleNamespace
from typing import TYPE_CHECKING, TypeAlias

from ringfence.cli.streams import NotWritten, discard_output, standard_streams, tell
from ringfence.core.errors import ExitCode, RingfenceError

if TYPE_CHECKING:
    import argparse

__all__ = ["answered", "without_options"]

_Options: TypeAlias = "argparse.Namespace | SimpleNamespace"
_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells say it


def answered(arguments: Sequence[str]) -> int:
    """The exit code of the command that these ask for (see `ExitCode`, 130 when interrupted)."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    command = ""
    try:
        with standard_streams():
            options = _parsed(arguments)
            command = options.command
            return _run(options)
    except RingfenceError as error:
        tell(f"ringfence: error: {error.what}")
        tell(f"ringfence: hint: {error.hint}")
        discard_output()
        return error.code
    except BrokenPipeError:  # `ringfence scan | head` is no mistake
        discard_output()
        return ExitCode.DONE
    except (MemoryError, OSError, RuntimeError) as error:
        what = _used_up(error)
        if what is None:
            raise
        tell(f"ringfence: error: this system allows no more {what}")
        if command == "run":  # every other status is the command's own
            tell("ringfence: hint: end other programs, make room, or raise the limit (ulimit -a)")
            return ExitCode.NO_BOX
        tell("ringfence: hint: look at fewer folders at a time, or raise the limit (ulimit -a)")
        return ExitCode.NOT_EXAMINED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _used_up(error: Exception) -> str | None:
    """What there is no more of; None when the error is another, and a mistake of ours."""
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return "room on disk"
        return "open files" if error.errno in (errno.EMFILE, errno.ENFILE) else None
    return "threads" if str(error) == "can't start new thread" else None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Ends the command in good order. Whoever will not wait for that and asks again ends it at once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt


def _parsed(arguments: Sequence[str]) -> _Options:
    if tuple(arguments[:2]) == ("run", "--"):
        return without_options(arguments[1:])
    from ringfence.cli.parser import make_parser

    try:
        return make_parser(arguments[0] if arguments else None).parse_args(arguments)
    except OSError as error:  # of --help and --version, which are printed there and then
        if isinstance(error, BrokenPipeError):
            raise
        raise NotWritten(error) from error


def without_options(argv: Sequence[str]) -> SimpleNamespace:
    """What the parser makes of `run -- COMMAND`; `argv` begins with the two dashes.

    Most boxes are asked for like this, and to load and make a parser takes as long as a box to stand.
    """
    return SimpleNamespace(
        command="run",
        explain=False,
        resume=None,
        report=None,
        agent=None,
        mcp=None,
        adopt=False,
        learn=False,
        strict=False,
        allow_degraded=False,
        format="table",
        argv=list(argv),
    )


def _run(options: _Options) -> int:
    """Every command has a module of its name here, whose `run` takes the options and gives the exit code."""
    command: Callable[[_Options], int] = import_module(f"ringfence.cli.{options.command}").run
    return command(options)

"""`ringfence`: finds the command and turns what goes wrong into two lines and an exit code.

Each command's module is imported only when it is called, so that `ringfence --version` stays quick.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from ringfence.cli.parser import make_parser
from ringfence.core.errors import ExitCode, RingfenceError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code (see `ringfence.core.errors.ExitCode`, 130 when interrupted)."""
    options = make_parser().parse_args(arguments)
    try:
        return _run(options.command, options)
    except RingfenceError as error:
        print(f"ringfence: error: {error.what}", file=sys.stderr)
        print(f"ringfence: hint: {error.hint}", file=sys.stderr)
        return error.code
    except BrokenPipeError:  # `ringfence scan | head` is no mistake
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run(command: str, options: argparse.Namespace) -> int:
    match command:
        case "scan":
            from ringfence.cli import scan

            return scan.run(options)
        case "inspect":
            from ringfence.cli import inspect

            return inspect.run(options)
        case "doctor":
            from ringfence.cli import doctor

            return doctor.run(options)
        case "demo":
            from ringfence.cli import demo

            return demo.run(options)
        case _:
            from ringfence.cli import completion

            return completion.run(options)


if __name__ == "__main__":
    sys.exit(main())

"""`ringfence ledger export`: the record for other tools."""

import argparse
import errno
import os
import re
from pathlib import Path

from ringfence.app.ledger.choosing import chosen
from ringfence.app.ledger.export import Export, Exporting
from ringfence.cli.ledger.wanted import wanted
from ringfence.cli.streams import tell, write
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.text import clip, printable
from ringfence.wiring.ledger import named_ledger

__all__ = ["run"]

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
_OWN_OUTPUT = re.compile(r"/dev/(stdout|stderr|fd/[0-9]+)")  # links, to what this process was given


def run(options: argparse.Namespace) -> int:
    """Writes the events, and says how many, and what was left out."""
    ledger = named_ledger()
    exporting = Exporting(ledger, chosen(wanted(options, ledger)), Export(options.format))
    try:
        if str(options.output) == "-":
            write(exporting.lines())
        else:
            _write_file(exporting, options)
    finally:
        tell(_summary(exporting))
    return ExitCode.DONE


def _write_file(exporting: Exporting, options: argparse.Namespace) -> None:
    try:
        with open(options.output, "w", encoding="utf-8", opener=_opened) as file:
            file.writelines(exporting.lines())
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UsageError(
                f"{printable(str(options.output))}: it is a link, which is not followed",
                hint="name the file itself",
            ) from error
        raise UsageError(
            f"{printable(str(options.output))}: {os.strerror(error.errno or 0).lower()}",
            hint="name a file in a folder that exists and that you may write to, or `-` for standard output",
        ) from error


def _opened(path: str, _: int) -> int:
    """A new file is for nobody else to read; one that is there keeps the mode it was given."""
    follows = 0 if _OWN_OUTPUT.fullmatch(path) else os.O_NOFOLLOW
    return os.open(Path(path), _FLAGS | follows, 0o600)


def _summary(exporting: Exporting) -> str:
    written = f"{exporting.written} event{'' if exporting.written == 1 else 's'} exported"
    if not exporting.left_out:
        return written
    left_out = ", ".join(
        f"{count} {clip(printable(why), chars=100)}" for why, count in sorted(exporting.left_out.items())
    )
    return f"{written}; this format has no place for {left_out}"

"""Where a document goes: to standard output, or into the file that `-o` names."""

import argparse
import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from ringfence.cli.streams import write
from ringfence.core.errors import UsageError
from ringfence.core.text import printable

__all__ = ["deliver", "refuse_table_in_file"]


def deliver(text: str | Iterable[str], to: Path) -> None:
    """Writes the text, which may come in pieces, and a line break; `-` is standard output.

    Raises:
        UsageError: the file cannot be written.
    """
    whole = chain((text,) if isinstance(text, str) else text, "\n")
    if str(to) == "-":
        write(whole)
        return
    try:
        with to.open("w", encoding="utf-8") as file:
            file.writelines(whole)
    except OSError as error:
        raise UsageError(
            f"{printable(str(to))}: {os.strerror(error.errno or 0).lower()}",
            hint="name a file in a folder that exists and that you may write to, or `-` for standard output",
        ) from error


def refuse_table_in_file(options: argparse.Namespace) -> None:
    """Before anything is looked at: a table is laid out for a terminal.

    Raises:
        UsageError: `-o` names a file, and the format is a table.
    """
    if options.format == "table" and str(options.output) != "-":
        raise UsageError(
            "-o needs a format that is no table",
            hint="say which, for example --format html or --format json",
        )

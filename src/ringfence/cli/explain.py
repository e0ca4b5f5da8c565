"""`ringfence explain CHECK`: what a finding means."""

import argparse
import textwrap

from ringfence.cli.streams import write
from ringfence.core.check_docs import Check, all_checks, check_named, nearest_checks
from ringfence.core.errors import ExitCode, UsageError
from ringfence.core.text import clip, printable

__all__ = ["run"]

_WIDTH = 80


def run(options: argparse.Namespace) -> int:
    """Prints one check's page, or the title of each."""
    if options.check == "all":
        write("".join(f"{each.id}  {each.title}\n" for each in all_checks().values()))
        return ExitCode.DONE
    check = check_named(options.check)
    if check is None:
        raise _unknown(options.check)
    write(_page(check))
    return ExitCode.DONE


def _page(check: Check) -> str:
    meaning = textwrap.fill(check.meaning, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"{check.id}: {check.title}\n\n{meaning}\n"


def _unknown(id_: str) -> UsageError:
    near = nearest_checks(id_)
    return UsageError(
        f"{clip(printable(id_), chars=80)}: no check has this name",
        hint=f"did you mean {' or '.join(near)}?" if near else "`ringfence explain all` lists every check",
    )

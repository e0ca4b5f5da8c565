"""Says which word was probably meant when one is mistyped, of commands as of choices."""

import argparse
import os
import sys
from contextlib import suppress
from typing import Any

__all__ = ["SuggestingParser"]


class SuggestingParser(argparse.ArgumentParser):
    """A parser whose refusals of a word end in a hint, where a word is there that is like it."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        """As argparse makes one for each option, to try it; to know the width it would import shutil."""
        return argparse.HelpFormatter(prog=self.prog, width=_columns() - 2)

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401 - as argparse has it
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            from difflib import get_close_matches  # a word that is right need not wait for it

            like = get_close_matches(str(value)[:100], map(str, action.choices or ()), n=1)
            if not like:
                raise
            what = f"{error.message}\nringfence: hint: did you mean `{like[0]}`?"
            raise argparse.ArgumentError(action, what) from None


def _columns() -> int:
    """As `shutil.get_terminal_size` finds them."""
    with suppress(KeyError, ValueError):
        if (columns := int(os.environ["COLUMNS"])) > 0:
            return columns
    with suppress(OSError, ValueError, AttributeError):  # no terminal, a closed stream, none
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    return 80

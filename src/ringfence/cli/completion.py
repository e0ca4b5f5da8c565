"""`ringfence completion SHELL`: a completion script, made by shtab from the parser."""

import argparse

from ringfence.cli.streams import write

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints the script."""
    import shtab

    from ringfence.cli.parser import make_parser

    write(shtab.complete(make_parser(), shell=options.shell) + "\n")
    return 0

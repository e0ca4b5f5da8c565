"""`ringfence completion SHELL`: a completion script, made by shtab from the parser."""

import argparse

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Prints the script."""
    import shtab

    from ringfence.cli.parser import make_parser

    print(shtab.complete(make_parser(), shell=options.shell))
    return 0

"""Options of `ringfence policy …`."""

import argparse
from pathlib import Path
from typing import TypeAlias

from ringfence.cli.options import add_format

__all__ = ["TIERS", "add_policy"]

# The words of `policy.rule.Tier`; a test holds them together.
TIERS = ("system", "user", "working-tree")

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_policy(commands: _Commands) -> None:
    """The group `policy`."""
    policy = commands.add_parser(
        "policy",
        help="what may be done with AI on this machine",
        description="Writes, checks and shows the policy, ringfence.yaml. docs/policy.md has its language.",
    )
    tasks = policy.add_subparsers(dest="task", metavar="TASK", required=True)
    _add_init(tasks)
    _add_check(tasks)
    _add_show(tasks)


def _add_init(tasks: _Commands) -> None:
    init = tasks.add_parser(
        "init",
        help="write a first policy",
        description="Writes the documented starter, which observes everything and blocks nothing.",
        epilog="exit status: 0 written, 2 there is a file already, or it cannot be written",
    )
    init.add_argument("--strict", action="store_true", help="the closed one: all else is denied")
    init.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="default: your own policy, which then is in force; - prints it",
    )


def _add_check(tasks: _Commands) -> None:
    check = tasks.add_parser(
        "check",
        help="what is wrong with policies",
        description="Tells everything that is wrong with each document by itself; without FILE, "
        "the documents of this machine and folder together.",
        epilog="exit status: 0 good, 1 something is wrong, 2 usage, 3 a file cannot be read",
    )
    check.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a document; - is standard input")
    check.add_argument(
        "--tier", choices=TIERS, default="user", help="whose document it is to be (default: %(default)s)"
    )
    add_format(check)


def _add_show(tasks: _Commands) -> None:
    show = tasks.add_parser(
        "show",
        help="which documents are in force",
        description="Lists the documents that the policy in force is made of, and what each contributes.",
        epilog="exit status: 0 done, 1 the documents as they are now are not in force",
    )
    add_format(show)

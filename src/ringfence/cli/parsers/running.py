"""Options of `run` and `kill`."""

import argparse
from typing import TypeAlias

from ringfence.cli.options import add_format

__all__ = ["add_running"]

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_running(commands: _Commands) -> None:
    """The two commands."""
    run = commands.add_parser(
        "run",
        help="run a command in a box: with what it was given, and nothing else",
        description="Runs a command in a box of its own: the working tree to write, toolchains to read, no "
        "network, no secrets. Before it starts, the box is tried from within; the proof is in the ledger.",
        epilog="example: ringfence run -- make test. "
        "exit status: the command's own; 125 no box could be had, 126 it cannot be executed or the policy "
        "refuses it, 127 it is not found; of --explain and --report: 0 done, 2 usage, 3 not readable",
    )
    what = run.add_mutually_exclusive_group()
    what.add_argument("--explain", action="store_true", help="show what the box would be, and run nothing")
    what.add_argument("--resume", metavar="SESSION", help="go on in the box of a session that has ended")
    what.add_argument(
        "--report",
        nargs="?",
        const="",
        metavar="SESSION",
        help="sum up a session, or list all; runs nothing",
    )
    run.add_argument("--agent", metavar="NAME", help="the policy's profile (default: the program's name)")
    run.add_argument(
        "--strict",
        action="store_true",
        help="refuse to start where the working tree holds secrets, instead of hiding them",
    )
    run.add_argument(
        "--allow-degraded",
        action="store_true",
        help="start although Landlock or the cgroup namespace cannot be had; recorded and shown",
    )
    add_format(run)
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="what to run")
    kill = commands.add_parser(
        "kill",
        help="end boxes at once",
        description="Ends a session's box and every process in it, and says how long that took.",
        epilog="example: ringfence kill --all. exit status: 0 done, 2 usage, 3 a process is still there",
    )
    kill.add_argument("session", nargs="?", metavar="SESSION", help="as ringfence run --report shows it")
    kill.add_argument("--all", action="store_true", help="every box of this user")
    add_format(kill)

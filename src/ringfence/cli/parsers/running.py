"""Options of `run`, `kill`, `forget` and `daemon`."""

import argparse
from typing import TypeAlias

from ringfence.cli.moments import parse_moment
from ringfence.cli.options import add_format
from ringfence.core.patterns import pattern

__all__ = ["add_daemon", "add_forget", "add_kill", "add_run"]

_SERVER = pattern(r"[a-z][a-z0-9-]{0,62}")

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_run(commands: _Commands) -> None:
    """`ringfence run`."""
    run = commands.add_parser(
        "run",
        help="run a command in a box: with what it was given, and nothing else",
        description="Runs a command in a box of its own: the working tree to write, toolchains to read, "
        "hosts that the policy grants, no secrets. Before it starts, the box is tried from within; the proof "
        "is in the ledger.",
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
        "--mcp",
        type=_server,
        metavar="NAME",
        help="the command is a tool server on standard streams: each call is judged as one of server NAME, "
        "of the profile mcp-NAME if --agent says no other",
    )
    run.add_argument(
        "--adopt", action="store_true", help="first take the logins of your programs into the vault"
    )
    run.add_argument(
        "--learn",
        action="store_true",
        help="at the end, propose a policy for what was refused; nothing more is let through",
    )
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


def add_kill(commands: _Commands) -> None:
    """`ringfence kill`."""
    kill = commands.add_parser(
        "kill",
        help="end boxes at once",
        description="Ends a session's box and every process in it, and says how long that took.",
        epilog="example: ringfence kill --all. exit status: 0 done, 2 usage, 3 a process is still there",
    )
    kill.add_argument("session", nargs="?", metavar="SESSION", help="as ringfence run --report shows it")
    kill.add_argument("--all", action="store_true", help="every box of this user")
    add_format(kill)


def add_daemon(commands: _Commands) -> None:
    """`ringfence daemon`."""
    daemon = commands.add_parser(
        "daemon",
        help="see or end what answers the boxes' programs",
        description="Of what decides and carries out whatever boxes ask the world for. It starts when a box "
        "needs it, and ends ten minutes after the last one.",
        epilog="example: ringfence daemon status. exit status: 0 done, 2 usage, 3 one does not end",
    )
    daemon.add_argument(
        "what", choices=("status", "stop"), help="stop: boxes that run go on with another one"
    )
    add_format(daemon)


def _server(text: str) -> str:
    """A name that is nothing else: no host's, no path, no pattern."""
    if not _SERVER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a server; try files or my-mail")
    return text


def add_forget(commands: _Commands) -> None:
    """`ringfence forget`."""
    forget = commands.add_parser(
        "forget",
        help="remove what sessions keep that have ended",
        description="Removes the homes of sessions and what was taken out of their working trees. A session "
        "that runs is never touched, nor one that a legal hold covers; what the ledger says of them stays. "
        "With --homes, removes what agents keep from run to run.",
        epilog="example: ringfence forget --older-than 30d. "
        "exit status: 0 done, 2 usage, 3 a session that was named stays",
    )
    forget.add_argument("sessions", nargs="*", metavar="SESSION", help="as ringfence run --report shows it")
    forget.add_argument(
        "--older-than",
        type=parse_moment(),
        metavar="TIME",
        help="all that nobody has used for so long, such as 30d or 2w, or since a date",
    )
    forget.add_argument("--all-ended", action="store_true", help="all that do not run")
    forget.add_argument(
        "--homes",
        action="store_true",
        help="instead of sessions, homes that are kept from run to run: all, those named (or whose agents "
        "are), or --older-than",
    )
    forget.add_argument("--yes", action="store_true", help="do not ask")
    add_format(forget)

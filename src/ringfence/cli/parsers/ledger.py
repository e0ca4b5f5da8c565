"""Options of `ringfence ledger …`."""

import argparse
from pathlib import Path
from typing import TypeAlias

from ringfence.cli.options import add_format
from ringfence.cli.parsers.reading import add_reading

__all__ = ["add_ledger"]

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_ledger(commands: _Commands) -> None:
    """The group `ledger`."""
    ledger = commands.add_parser(
        "ledger",
        help="the record of what was decided, done and seen",
        description="Shows, exports, checks, proves, anchors and prunes the record. docs/ledger.md has more.",
        epilog="RINGFENCE_LEDGER names another ledger: a file, or postgresql://…",
    )
    tasks = ledger.add_subparsers(dest="task", metavar="TASK", required=True)
    add_reading(tasks)
    _add_verify(tasks)
    _add_checkpoint(tasks)
    _add_key(tasks)
    _add_prove(tasks)
    _add_verify_proof(tasks)
    _add_anchor(tasks)
    _add_prune(tasks)
    _add_hold(tasks)


def _add_verify(tasks: _Commands) -> None:
    verify = tasks.add_parser(
        "verify",
        help="whether the record is as it was written",
        description="Checks every event against its chain and every checkpoint against the events before it, "
        "and names the first bad one. What only a copy elsewhere shows (events cut off at the end, a fork, "
        "a record signed anew) takes an anchor or a key that is kept elsewhere.",
        epilog="example: ringfence ledger verify --anchor anchors.txt --key ledger.pub. "
        "exit status: 0 whole, 1 something is wrong, 2 usage, 3 it cannot be read",
    )
    verify.add_argument(
        "--anchor",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="checkpoints that were kept elsewhere; - is standard input (may be repeated)",
    )
    _add_keys(verify, "trust checkpoints of these keys and no others (may be repeated); default: your own")
    add_format(verify)


def _add_checkpoint(tasks: _Commands) -> None:
    checkpoint = tasks.add_parser(
        "checkpoint",
        help="sign all that is recorded up to now",
        description="Makes a checkpoint: a signed note over all events, which is recorded and printed.",
    )
    add_format(checkpoint)


def _add_key(tasks: _Commands) -> None:
    key = tasks.add_parser(
        "key",
        help="the public key that checkpoints are signed with",
        description="Prints the key in the form of signed notes, to be kept where this machine cannot write.",
        epilog="example: ringfence ledger key > ledger.pub",
    )
    key.add_argument(
        "--keyring",
        action="store_true",
        help="move the private key into the system's keyring first (needs ringfence[keyring])",
    )


def _add_prove(tasks: _Commands) -> None:
    prove = tasks.add_parser(
        "prove",
        help="a short proof that an event is in the record",
        description="Writes a proof that anybody with the public key can check without the ledger.",
        epilog="example: ringfence ledger prove endpoint:17 -o proof.json",
    )
    prove.add_argument("event", metavar="STREAM:SEQ", help="as ringfence ledger show names it")
    prove.add_argument(
        "--with-body", action="store_true", help="what the event says, too, not only that it is"
    )
    prove.add_argument(
        "-o", "--output", type=Path, default=Path("-"), metavar="FILE", help="default: -, standard output"
    )


def _add_verify_proof(tasks: _Commands) -> None:
    verify = tasks.add_parser(
        "verify-proof",
        help="check a proof, without the ledger",
        description="Says whether a proof holds, and for which event. Needs nothing but the key.",
        epilog="exit status: 0 it holds, 1 it does not, 2 usage, 3 it cannot be read",
    )
    verify.add_argument("proof", type=Path, metavar="FILE", help="- is standard input")
    _add_keys(verify, "the key that the checkpoint must be signed with (may be repeated)", required=True)
    add_format(verify)


def _add_anchor(tasks: _Commands) -> None:
    anchor = tasks.add_parser(
        "anchor",
        help="hand the newest checkpoint to somebody who keeps it",
        description="Makes a checkpoint unless the newest covers everything, and hands it on.",
        epilog="example: ringfence ledger anchor --exec ssh witness add-checkpoint",
    )
    to = anchor.add_mutually_exclusive_group(required=True)
    to.add_argument("--to", type=Path, metavar="FILE", help="append it to this file")
    to.add_argument(
        "--git", type=Path, metavar="REPO", help="commit it to refs/ringfence/anchors of this repository"
    )
    to.add_argument(
        "--exec",
        dest="program",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="write it to this command's standard input; all that follows is the command, no shell",
    )
    anchor.add_argument(
        "--old-size",
        type=int,
        metavar="N",
        help="put the proof that it only adds to the first N events before it, as a witness of transparency "
        "logs takes it (C2SP tlog-witness)",
    )


def _add_prune(tasks: _Commands) -> None:
    prune = tasks.add_parser(
        "prune",
        help="forget what the policy says need not be kept",
        description="Forgets the bodies of events that are older than the policy's `retention` keeps them. "
        "Their headers stay, and the chain still holds. Legal holds stop it.",
        epilog="exit status: 0 done, 1 the policy says no, 2 usage, 3 the ledger cannot be used",
    )
    prune.add_argument("--dry-run", action="store_true", help="say what would be forgotten; forget nothing")
    add_format(prune)


def _add_hold(tasks: _Commands) -> None:
    hold = tasks.add_parser(
        "hold",
        help="legal holds, which stop pruning",
        description="Sets, lifts and lists legal holds. Those of the policy are lifted there.",
    )
    what = hold.add_subparsers(dest="hold_task", metavar="WHAT", required=True)
    set_ = what.add_parser("set", help="from now on, nothing it covers is pruned")
    set_.add_argument("--streams", default="*", metavar="GLOB", help="default: all")
    set_.add_argument("--types", default="*", metavar="GLOB", help="such as decision.*; default: all")
    set_.add_argument("--until", metavar="DATE", help="the first day it holds no more; default: no end")
    set_.add_argument("--why", required=True, metavar="TEXT", help="which case it is for")
    add_format(set_)
    lift = what.add_parser("lift", help="end one")
    lift.add_argument("id", metavar="HOLD", help="the beginning of its id")
    lift.add_argument("--why", required=True, metavar="TEXT")
    add_format(lift)
    list_ = what.add_parser("list", help="which hold, from whom and from which line of the policy")
    list_.add_argument("--all", action="store_true", help="those that ended, too")
    add_format(list_)


def _add_keys(parser: argparse.ArgumentParser, what: str, *, required: bool = False) -> None:
    parser.add_argument(
        "--key", type=Path, action="append", default=[], required=required, metavar="FILE", help=what
    )

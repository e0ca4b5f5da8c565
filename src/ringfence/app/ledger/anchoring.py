"""Handing a checkpoint to somebody who keeps it: a file, a git repository, or a program such as a witness.

A git repository gets a commit on a ref of its own, so neither its branches nor its index are touched, and one
repository serves many ledgers: each has a file, to which checkpoints are added.
"""

import base64
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ringfence.core.errors import ExitCode, RingfenceError
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.ledger.checkpoints import Signed
from ringfence.ledger.ledger import Ledger
from ringfence.ledger.merkle import consistency_proof, leaf_hash, root_of

__all__ = ["GIT_REF", "NotAnchored", "anchored_text", "to_file", "to_git", "to_program", "witness_text"]

GIT_REF = "refs/ringfence/anchors"
_PROGRAM_S = 120.0
_TRIES = 5  # at moving the ref before others do


class NotAnchored(RingfenceError):
    """Nobody has taken the checkpoint."""

    code = ExitCode.NOT_EXAMINED


def anchored_text(signed: Signed) -> str:
    """The public key and the note: what `ledger verify --anchor` reads, however many follow each other."""
    return f"{signed.made.key}\n{signed.note}\n"


def witness_text(ledger: Ledger, signed: Signed, old_size: int) -> str:
    """What a witness of transparency logs takes: its last size, the proof from there, the note.

    Source: c2sp.org/tlog-witness.

    Raises:
        NotAnchored: there were never so many events, or the ledger does not fit its checkpoint.
    """
    leaves = [leaf_hash(row.hash) for row, _ in zip(ledger.rows(), range(signed.size), strict=False)]
    if root_of(leaves) != signed.note.checkpoint.root:
        raise NotAnchored(
            "the record does not fit its newest checkpoint",
            hint="`ringfence ledger verify` names the first bad event",
        )
    if not 0 <= old_size <= len(leaves):
        raise NotAnchored(
            f"the checkpoint covers {len(leaves)} events, not {old_size}", hint="ask the witness for its size"
        )
    proof = "".join(f"{base64.b64encode(each).decode()}\n" for each in consistency_proof(leaves, old_size))
    return f"old {old_size}\n{proof}\n{signed.note}"


def to_file(path: Path, text: str) -> None:
    """Adds the text at the end of the file, which is made if there is none; on the disk when this returns.

    Raises:
        NotAnchored: it cannot be written.
    """
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with os.fdopen(fd, "ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(fd)
    except OSError as error:
        raise NotAnchored(
            f"{_shown(path)}: {os.strerror(error.errno or 0).lower()}",
            hint="name a file you may write to",
        ) from error


def to_git(repository: Path, text: str, *, origin: str) -> str:
    """The commit on `refs/ringfence/anchors` that holds the text.

    Raises:
        NotAnchored: it is no repository, or git fails.
    """
    name = origin.rpartition("/")[2] + ".checkpoints"
    for _ in range(_TRIES):
        found = _git(repository, "rev-parse", "--quiet", "--verify", f"{GIT_REF}^{{commit}}", may_fail=True)
        before = found.decode("ascii", "replace").strip()
        entries = _git(repository, "ls-tree", "-z", before) if before else b""
        others = [each for each in entries.split(b"\0") if each and each.partition(b"\t")[2] != name.encode()]
        kept = _git(repository, "cat-file", "blob", f"{before}:{name}", may_fail=True) if before else b""
        if kept.endswith(text.encode()):
            return before
        blob = _git(repository, "hash-object", "-w", "--stdin", given=kept + text.encode()).decode().strip()
        listed = b"".join(each + b"\0" for each in (*others, f"100644 blob {blob}\t{name}".encode()))
        tree = _git(repository, "mktree", "-z", given=listed).decode().strip()
        parent = ("-p", before) if before else ()
        message = f"Checkpoint of {origin}\n".encode()
        commit = _git(repository, "commit-tree", tree, *parent, given=message).decode().strip()
        try:
            _git(repository, "update-ref", "--create-reflog", GIT_REF, commit, before or _no_commit(commit))
        except NotAnchored:
            now = _git(repository, "rev-parse", "--quiet", "--verify", GIT_REF, may_fail=True)
            if now.decode("ascii", "replace").strip() == before:
                raise
            continue
        return commit
    raise NotAnchored("others anchor there without an end", hint="try again")


def to_program(command: Sequence[str], text: str) -> None:
    """Runs the command, with the text on its standard input and its own words on ours for errors.

    Raises:
        NotAnchored: it cannot be run, takes too long, or ends with another status than 0.
    """
    what = clip(printable(command[0]), chars=LIMITS.name_chars) if command else ""
    if not command:
        raise NotAnchored("no command is named", hint="ringfence ledger anchor --exec COMMAND ARGUMENT…")
    try:
        done = subprocess.run(  # noqa: S603 - what the person named, an argv and no shell
            list(command), input=text.encode(), stdout=sys.stderr, timeout=_PROGRAM_S, check=False
        )
    except OSError as error:
        raise NotAnchored(
            f"{what}: {os.strerror(error.errno or 0).lower()}", hint="name a program, without a shell's words"
        ) from error
    except subprocess.TimeoutExpired:
        raise NotAnchored(f"{what}: no answer in {_PROGRAM_S:g} s", hint="try it by hand") from None
    if done.returncode:
        raise NotAnchored(f"{what}: ended with {done.returncode}", hint="it did not take the checkpoint")


def _git(repository: Path, *arguments: str, given: bytes = b"", may_fail: bool = False) -> bytes:
    identity = ("-c", "user.name=ringfence", "-c", "user.email=ringfence@localhost")
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")
    command = ["git", "-C", str(repository), *identity, *quiet, *arguments]
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - git
            command,
            input=given,
            capture_output=True,
            env={**kept, "LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0"},
            timeout=_PROGRAM_S,
            check=False,
        )
    except OSError as error:
        raise NotAnchored("git cannot be run", hint="install git, or anchor with --to") from error
    except subprocess.TimeoutExpired:
        raise NotAnchored(f"git gave no answer in {_PROGRAM_S:g} s", hint="try again") from None
    if done.returncode and may_fail:
        return b""
    if done.returncode:
        said = clip(printable(" ".join(done.stderr.decode("utf-8", "replace").split())), chars=200)
        raise NotAnchored(f"{_shown(repository)}: git says: {said}", hint="name a git repository of your own")
    return done.stdout


def _no_commit(commit: str) -> str:
    """What stands for no commit, in as many digits as the repository's hashes have."""
    return "0" * len(commit)


def _shown(path: Path) -> str:
    return clip(printable(str(path)), chars=LIMITS.name_chars)

"""Files that people kept elsewhere: anchors, public keys, proofs."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from ringfence.core.errors import UnreadableScope
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.ledger.notes import BadNote, Note, PublicKey, notes_and_keys

__all__ = ["read_anchors", "read_text"]


def read_anchors(paths: Iterable[Path]) -> tuple[list[Note], list[PublicKey]]:
    """All checkpoints and public keys in these files.

    Raises:
        UnreadableScope: one cannot be read, or holds something else.
    """
    notes, keys = list[Note](), list[PublicKey]()
    for path in paths:
        try:
            some_notes, some_keys = notes_and_keys(read_text(path, max_bytes=LIMITS.anchor_bytes))
        except BadNote as error:
            raise UnreadableScope(f"{_shown(path)}: {error.what}", hint=error.hint) from None
        if not (some_notes or some_keys):
            raise UnreadableScope(
                f"{_shown(path)}: no checkpoint and no key in it", hint="ringfence ledger anchor writes one"
            )
        notes += some_notes
        keys += some_keys
    return notes, keys


def read_text(path: Path, *, max_bytes: int) -> str:
    """All of the file; `-` is standard input.

    Raises:
        UnreadableScope: it cannot be read, is too large, or no text.
    """
    if str(path) == "-":
        data = sys.stdin.buffer.read(max_bytes + 1)
    else:
        try:
            if not path.is_file():  # a pipe waits for ever
                raise UnreadableScope(f"{_shown(path)}: there is no such file", hint="name a file")
            with path.open("rb") as file:
                data = file.read(max_bytes + 1)
        except OSError as error:
            raise UnreadableScope(
                f"{_shown(path)}: {os.strerror(error.errno or 0).lower()}",
                hint="name a file that you may read",
            ) from error
    try:
        if len(data) <= max_bytes:
            return data.decode()
    except UnicodeDecodeError:
        pass
    raise UnreadableScope(f"{_shown(path)}: not what it should be", hint="name the right file")


def _shown(path: Path) -> str:
    return clip(printable(str(path)), chars=LIMITS.name_chars)

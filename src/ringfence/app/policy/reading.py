"""Policy documents as files, read as far as a document may be long."""

import os
import sys
from pathlib import Path

from ringfence.core.errors import UnreadableScope
from ringfence.core.limits import LIMITS
from ringfence.core.text import clip, printable
from ringfence.policy.files import PolicyFile
from ringfence.policy.rule import Tier

__all__ = ["read_document"]


def read_document(
    path: Path, tier: Tier, *, hint: str = "name a policy document; ringfence policy init writes one"
) -> PolicyFile:
    """The file as a document of this tier; `-` is standard input.

    Raises:
        UnreadableScope: it cannot be read.
    """
    most = LIMITS.policy_bytes + 1  # one more, so that the reader of documents says so
    if str(path) == "-" and not os.path.lexists("-"):
        return PolicyFile(tier=tier, name="standard input", data=sys.stdin.buffer.read(most))
    name = clip(printable(str(path)), chars=LIMITS.name_chars)
    try:
        if not path.is_file():  # a pipe waits for ever
            what = "it is a folder" if path.is_dir() else "there is no such file"
            raise UnreadableScope(f"{name}: {what}", hint=hint)
        with path.open("rb") as file:
            return PolicyFile(tier=tier, name=name, data=file.read(most))
    except OSError as error:
        raise UnreadableScope(
            f"{name}: {os.strerror(error.errno or 0).lower()}", hint="name a file that you may read"
        ) from error

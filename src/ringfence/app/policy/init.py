"""A first policy document, with its schema beside it for editors."""

import os
from contextlib import suppress
from pathlib import Path

from ringfence.core.errors import UsageError
from ringfence.core.text import printable
from ringfence.policy.built_in import SCHEMA, STARTER, STRICT, text_of

__all__ = ["document_text", "write_document", "write_new"]


def document_text(*, strict: bool) -> str:
    """The starter, which blocks nothing, or the closed document."""
    return text_of(STRICT if strict else STARTER).decode()


def write_document(path: Path, *, strict: bool, makes_folder: bool) -> None:
    """Writes the document, and its schema beside it unless one is there.

    Raises:
        UsageError: something is there already, or cannot be written.
    """
    write_new(path, document_text(strict=strict), makes_folder=makes_folder)
    with suppress(OSError):  # it only helps editors
        _write_new(path.with_name(SCHEMA), text_of(SCHEMA))


def write_new(path: Path, text: str, *, makes_folder: bool = False) -> None:
    """Writes a document that was not there.

    Raises:
        UsageError: something is there already, or it cannot be written.
    """
    try:
        if makes_folder:
            with suppress(FileExistsError):  # a file: the next step says so
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, text.encode())
    except FileExistsError as error:
        raise UsageError(
            f"{printable(str(path))}: there is something already",
            hint="edit that, or name another file with --output; - prints the document",
        ) from error
    except OSError as error:
        raise UsageError(
            f"{printable(str(path))}: {os.strerror(error.errno or 0).lower()}",
            hint="name a file in a folder that exists and that you may write to, with --output",
        ) from error


def _write_new(path: Path, data: bytes) -> None:
    """Writes a file that nobody else may change; never one that is there, or behind a link."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, 0o644)
        file.write(data)

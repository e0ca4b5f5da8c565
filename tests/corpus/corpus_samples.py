# ruff: noqa: E501 - tables of samples, one to a line
"""What a sample of the corpus is, and the small builders that its generators share. Nothing here is ever loaded.

Every payload is harmless: the commands are `true`, the code is `pass`.
"""

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

__all__ = ["Kind", "Label", "Sample", "reduced", "stored_zip", "tarred", "text", "torch_zip"]


class Label(StrEnum):
    """What a scanner should say of a sample."""

    MALICIOUS = "malicious"  # suspicious or worse
    MALFORMED = "malformed"  # anything but clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One file."""

    name: str
    data: bytes
    label: Label = Label.MALICIOUS


Kind = Callable[[Random], Iterator[Sample]]


def text(value: str) -> bytes:
    """The opcode that puts `value` on the stack (BINUNICODE)."""
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def reduced(module: str, name: str, *arguments: str) -> bytes:
    """Opcodes that call `module.name` with texts, by GLOBAL and REDUCE, and leave the result on the stack."""
    return f"c{module}\n{name}\n(".encode() + b"".join(map(text, arguments)) + b"tR"


def stored_zip(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive of them, always with the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return out.getvalue()


def torch_zip(pickled: bytes, root: str = "archive", **more: bytes) -> bytes:
    """What `torch.save` makes of one tensor, with `pickled` for its pickle."""
    members = {f"{root}/data.pkl": pickled, f"{root}/byteorder": b"little", f"{root}/data/0": bytes(16)}
    members |= {f"{root}/{name}": data for name, data in more.items()}
    return stored_zip(members | {f"{root}/version": b"3\n"})


def tarred(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    """A tar archive of files, or of whatever a TarInfo says."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            if isinstance(data, tarfile.TarInfo):
                archive.addfile(data)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()

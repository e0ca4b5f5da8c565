"""Fuzzes against the libraries that load such files: what they refuse is not clean, what they list is seen.

The first byte chooses the library, the rest is the file.
"""

import io
import json
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["ringfence"]):
    from ringfence.artifacts import zip_directory
    from ringfence.artifacts.budget import Budget
    from ringfence.artifacts.judging import judge
    from ringfence.artifacts.reader import Reader
    from ringfence.artifacts.tar_headers import members_from
    from ringfence.core.bounded_json import BadJson, parse

import onnx
import safetensors
from google.protobuf.message import DecodeError


def _reader(data: bytes) -> Reader:
    return Reader.of_bytes(
        data, budget=Budget(read_bytes=1 << 28, inflated_bytes=1 << 24, files=99, seconds=9)
    )


def _is_fine(data: bytes, name: str) -> bool:
    return judge(_reader(data), name=name).judgement.verdict in ("clean", "known-library")


def _json(data: bytes) -> None:
    """Every reader takes what this one takes, and for the same."""
    with suppress(BadJson):
        value = parse(data)
        assert json.loads(data.decode("utf-8-sig")) == value


def _safetensors(data: bytes) -> None:
    try:
        safetensors.deserialize(data)
    except safetensors.SafetensorError:
        assert not _is_fine(data, "m.safetensors")


def _onnx(data: bytes) -> None:
    try:
        onnx.ModelProto.FromString(data)
    except DecodeError:
        assert not _is_fine(data, "m.onnx")


def _zip(data: bytes) -> None:
    """Names that Python lists are listed; an archive with a member that it cannot read is not clean."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {each.orig_filename.partition("\0")[0] for each in archive.infolist()}
            if any(each.file_size > 1 << 20 for each in archive.infolist()):
                return
            broken = archive.testzip() is not None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        return
    if _is_fine(data, "m.zip"):
        assert not broken
        assert names <= {each.partition("\0")[0] for each in zip_directory.names(_reader(data))}


def _tar(data: bytes) -> None:
    """Files that Python finds in an archive that is clean are found."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            names = {each.name.strip("/") for each in archive if each.isfile()}
    except (tarfile.TarError, ValueError, OSError, EOFError):
        return
    if _is_fine(data, "m.tar"):
        seen = {name.strip("/") for each in members_from(_reader(data), 0) for name in each.names}
        assert names <= seen


_LIBRARIES: tuple[Callable[[bytes], None], ...] = (_json, _safetensors, _onnx, _zip, _tar)


def _differ(data: bytes) -> None:
    if data:
        _LIBRARIES[data[0] % len(_LIBRARIES)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, _differ)
    atheris.Fuzz()

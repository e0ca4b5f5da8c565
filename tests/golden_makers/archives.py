#!/usr/bin/env python3
"""Writes the golden folders of archives and compressions. Payloads print a word; nothing here runs them."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import sys
import tarfile
import zlib
from pathlib import Path

import joblib
import lz4.frame
import numpy as np
import py7zr

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_GOLDEN = Path(__file__).parent.parent / "golden"
_GOOD = pickle.dumps({"weights": [1, 2, 3]})
_COMPRESSIONS = {
    "gzip": (".gz", lambda data: gzip.compress(data, mtime=0)),
    "bzip2": (".bz2", bz2.compress),
    "xz": (".xz", lzma.compress),
    "zlib": (".z", zlib.compress),
    "zstd": (".zst", zstd.compress),
    "lz4": (".lz4", lz4.frame.compress),
}


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo hi",)


_BAD = pickle.dumps(_Payload())


def tar_of(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT, **said: object) -> bytes:
    """A tar file; what is `said` goes into the last member's header."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for i, (name, data) in enumerate(members, start=1):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in said.items() if i == len(members) else ():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    whole = file.getvalue().rstrip(b"\0")  # without the padding, which is ten times as long
    return whole + bytes(-len(whole) % 512 + 1024)


def seven_zip_of(*members: tuple[str, bytes], password: str | None = None) -> bytes:
    """A 7z archive."""
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", password=password) as archive:
        for name, data in members:
            archive.writestr(data, name)
    return file.getvalue()


def joblib_of(value: object, compress: object) -> bytes:
    """What joblib writes."""
    file = io.BytesIO()
    joblib.dump(value, file, compress=compress)
    return file.getvalue()


def files() -> dict[str, bytes]:
    """All of them, by their paths."""
    good, bad = tar_of(("a.pkl", _GOOD)), tar_of(("a.pkl", _GOOD), ("b/c.pkl", _BAD))
    found = {
        "tar/plain.tar": good,
        "tar/payload.tar": bad,
        "tar/long-names-gnu.tar": tar_of(("n" * 150 + "/a.pkl", _GOOD), form=tarfile.GNU_FORMAT),
        "tar/goes-up.tar": tar_of(("../a.pkl", _GOOD)),
        "tar/link-outside.tar": tar_of(("a", b""), type=tarfile.SYMTYPE, linkname="/etc"),
        "tar/two-of-one-name.tar": tar_of(("a.pkl", _GOOD), ("a.pkl", _BAD)),
        "tar/cut-short.tar": good[:1000],
        "tar/without-end.tar": good[:1024],
        "tar/payload-behind-the-end.tar": good + bad,
        "7z/plain.7z": seven_zip_of(("a.pkl", _GOOD)),
        "7z/payload.7z": seven_zip_of(("a.pkl", _GOOD), ("b/c.pkl", _BAD)),
        "7z/encrypted.7z": seven_zip_of(("a.pkl", _GOOD), password="secret"),
        "7z/cut-short.7z": seven_zip_of(("a.pkl", _GOOD))[:-20],
        "nemo/plain.nemo": tar_of(("./model_config.yaml", b"name: tiny\n"), ("./model_weights.ckpt", _GOOD)),
        "nemo/payload.nemo": tar_of(("model_config.yaml", b"name: tiny\n"), ("model_weights.ckpt", _BAD)),
        "nemo/cut-short.nemo": tar_of(("model_config.yaml", b"name: tiny\n"), ("model_weights.ckpt", _BAD))[
            :1500
        ],
        "joblib/old-container.pkl": b"ZF" + hex(len(_BAD)).encode().ljust(19) + zlib.compress(_BAD),
        "joblib/text-pickle.joblib": zlib.compress(b"cos\nsystem\n(S'echo hi'\ntR."),
        "joblib/second-stream.joblib": gzip.compress(_GOOD, mtime=0) + gzip.compress(_BAD, mtime=0),
        "other-archive/nothing-within.rar": bytes.fromhex("526172211a0700cf907300000d00000000000000"),
        "other-archive/nothing-within.deb": b"!<arch>\n",
    }
    for compress in ("zlib", "gzip", "bz2", "xz", "lzma"):
        value = {"a": np.arange(300), "b": "text"}
        found[f"joblib/plain-{compress}.joblib"] = joblib_of(value, (compress, 3))
        found[f"joblib/payload-{compress}.joblib"] = joblib_of(
            {"a": np.arange(300), "b": _Payload()}, (compress, 3)
        )
    for name, (suffix, pack) in _COMPRESSIONS.items():
        found[f"{name}/plain.tar{suffix}"] = pack(good)
        found[f"{name}/payload.tar{suffix}"] = pack(bad)
        found[f"{name}/cut-short.tar{suffix}"] = pack(bad)[:-9]
        found[f"{name}/payload-behind-the-end.tar{suffix}"] = pack(good) + _BAD
    return found


def main() -> None:
    """Writes them all."""
    for name, data in files().items():
        path = _GOLDEN / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()

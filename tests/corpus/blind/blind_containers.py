# ruff: noqa: E501 - tables of samples, one to a line
"""Pickles that act, within the containers that loaders open: compressed, zipped, archived, beside arrays.

Written without knowledge of the detector.
"""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from random import Random

import numpy as np

from corpus.corpus_samples import Kind, Sample, reduced, stored_zip, tarred, text, torch_zip

__all__ = ["KINDS"]

_CALLS = (("os", "system", "true"), ("builtins", "exec", "pass"), ("subprocess", "getoutput", "true"), ("runpy", "run_path", "x"),
          ("builtins", "eval", "1"), ("posix", "system", "true"))  # fmt: skip


def _evil(rng: Random) -> bytes:
    proto = rng.choice((b"", b"\x80\x02", b"\x80\x03", b"\x80\x04"))
    padding = rng.choice((b"", b"]0", b"N0" * rng.randint(1, 300), text("weights") + b"0"))
    return proto + padding + reduced(*rng.choice(_CALLS)) + b"."


def compressed(rng: Random) -> Iterator[Sample]:
    """One file under one or two compressions, under its own suffix, none, or a wrong one."""
    ways = {
        "gz": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress, "xz": lzma.compress, "z": zlib.compress,
        "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
        "gz2": lambda data: gzip.compress(b"", mtime=0) + gzip.compress(data[:7], mtime=0) + gzip.compress(data[7:], mtime=0),
    }  # fmt: skip
    for suffix, pack in ways.items():
        for name in (f"model.pkl.{suffix}", "model.joblib", "model.pkl", "weights", f"model.{suffix}"):
            yield Sample(name=name, data=pack(_evil(rng)))
    for outer in ("gz", "bz2", "xz"):
        for inner in ("gz", "xz"):
            yield Sample(name=f"model.pkl.{inner}.{outer}", data=ways[outer](ways[inner](_evil(rng))))


def torch_pickles(rng: Random) -> Iterator[Sample]:
    """torch.save's zip: the pickle, a second pickle, odd roots, constants, names and compression."""
    honest = pickle.dumps({"lr": 0.1}, 2)
    for suffix in ("pt", "pth", "bin", "ckpt", "safetensors", "zip", "model", "pkl"):
        yield Sample(
            name=f"model.{suffix}", data=torch_zip(_evil(rng), rng.choice(("archive", "model", "a b", "x/y")))
        )
    for name in (
        "constants.pkl",
        "data/extra.pkl",
        "tensors.pkl",
        "backup.pickle",
        "DATA.PKL",
        ".data/x.pkl",
        "optimizer.bin",
    ):
        yield Sample(name="second.pt", data=torch_zip(honest, **{name: _evil(rng)}))
    for compression in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        members = {"archive/data.pkl": _evil(rng), "archive/version": b"3"}
        yield Sample(name="packed.pt", data=stored_zip(members, compression))
    for name in (
        "./archive/data.pkl",
        "archive//data.pkl",
        "archive\\data.pkl",
        "data.pkl",
        "/archive/data.pkl",
        "archive/../archive/data.pkl",
    ):
        yield Sample(name="name.pt", data=stored_zip({name: _evil(rng), "archive/version": b"3"}))


def zip_tricks(rng: Random) -> Iterator[Sample]:
    """Zip archives whose readers disagree: twice the same name, lying headers, hidden members, junk in front."""
    honest = pickle.dumps({"lr": 0.1}, 2)
    for _ in range(3):
        evil = _evil(rng)
        good, bad = torch_zip(honest), torch_zip(evil)
        yield Sample(name="twice.pt", data=_twice(honest, evil))
        yield Sample(name="twice-first.pt", data=_twice(evil, honest))
        yield Sample(name="front.pt", data=b"#!/bin/true\n" + bytes(64) + bad)
        yield Sample(name="behind.pt", data=bad + b"\0" * 40)
        yield Sample(name="two-archives.pt", data=good + bad)
        yield Sample(name="comment.pt", data=_commented(bad, good[:200]))
        crc = zlib.crc32(evil).to_bytes(4, "little")
        yield Sample(name="crc.pt", data=bad.replace(crc, b"\1\2\3\4"))
        yield Sample(
            name="crc-central.pt", data=bad[: bad.rfind(crc)] + b"\1\2\3\4" + bad[bad.rfind(crc) + 4 :]
        )
        yield Sample(name="flag.pt", data=_patched(bad, 6, b"\x01\x00"))
        yield Sample(name="central-flag.pt", data=_patched(bad, 8, b"\x01\x00", b"PK\x01\x02"))
        yield Sample(name="local-name.pt", data=bad.replace(b"archive/data.pkl", b"archive/data.txt", 1))
        yield Sample(name="local-size.pt", data=_patched(bad, 18, b"\x01\0\0\0\x01\0\0\0"))
        yield Sample(name="method.pt", data=_patched(bad, 8, b"\x08\0"))
        yield Sample(name="local-magic.pt", data=b"PK\x03\x05" + bad[4:])
        yield Sample(name="count.pt", data=_patched(bad, 8, b"\x01\0\x01\0", b"PK\x05\x06"))
        yield Sample(
            name="directory.pt",
            data=stored_zip({"archive/data.pkl/": b"", "archive/data.pkl": evil, "archive/version": b"3"}),
        )


def _twice(first: bytes, second: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), first)
        archive.NameToInfo.clear()
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), second)
    return out.getvalue()


def _commented(data: bytes, comment: bytes) -> bytes:
    return data[:-2] + struct.pack("<H", len(comment)) + comment


def _patched(data: bytes, offset: int, value: bytes, magic: bytes = b"PK\x03\x04") -> bytes:
    start = data.find(magic) + offset
    return data[:start] + value + data[start + len(value) :]


def nested(rng: Random) -> Iterator[Sample]:
    """Archives in archives, a model far within."""
    for depth in (1, 2, 3, 4):
        for suffix in ("pkl", "pt", "joblib", "dat", "npy", "bin"):
            data, name = _evil(rng), f"weights.{suffix}"
            for _ in range(depth):
                way = rng.choice(("zip", "tar", "tar.gz", "gz", "tar.xz"))
                if way == "zip":
                    data = stored_zip({f"models/{name}": data, "README.md": b"# hello\n"})
                elif way == "gz":
                    data = gzip.compress(data, mtime=0)
                else:
                    data = tarred({f"models/{name}": data, "README.md": b"# hello\n"})
                    data = (
                        gzip.compress(data, mtime=0)
                        if way == "tar.gz"
                        else lzma.compress(data)
                        if way == "tar.xz"
                        else data
                    )
                name = f"{name}.gz" if way == "gz" else f"model.{way}"
            yield Sample(name=name, data=data)


def legacy(rng: Random) -> Iterator[Sample]:
    """torch.save before zip (five pickles after another) and before that (tar), each part in turn."""
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    parts = [
        magic,
        pickle.dumps(1001, 2),
        pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2),
        pickle.dumps({"a": 1}, 2),
        pickle.dumps([], 2),
    ]
    for place in range(5):
        for suffix in ("pt", "pth", "bin"):
            changed = list(parts)
            changed[place] = _evil(rng)
            yield Sample(name=f"model{place}.{suffix}", data=b"".join(changed))
        with_all = list(parts)
        with_all.insert(place, _evil(rng))
        yield Sample(name=f"inserted{place}.pt", data=b"".join(with_all))
    for place in ("sys_info", "pickle", "storages", "tensors"):
        members = dict.fromkeys(("sys_info", "pickle", "storages", "tensors"), pickle.dumps(0, 2))
        yield Sample(name=f"{place}.pt", data=tarred(members | {place: _evil(rng)}))


def arrays(rng: Random) -> Iterator[Sample]:
    """npy and npz of dtype object, joblib's arrays, with the pickle where the numbers stand."""
    for version in ((1, 0), (2, 0), (3, 0)):
        for descr in ("'|O'", "'O'", "[('a', '|O')]", "'object'", "'|O8'"):
            yield Sample(name="data.npy", data=_npy(descr, version) + _evil(rng))
    for name in ("arr_0.npy", "arr_0", "x.pkl", "labels.npy"):
        data = _evil(rng) if name == "x.pkl" else _npy("'|O'", (1, 0)) + _evil(rng)
        honest = io.BytesIO()
        np.save(honest, np.zeros(3))
        for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield Sample(
                name="data.npz", data=stored_zip({"a.npy": honest.getvalue(), name: data}, compression)
            )
    for shape in ("(3,)", "()", "(1, 1)", "(0,)"):
        yield Sample(name="shaped.npy", data=_npy("'|O'", (1, 0), shape) + _evil(rng))
    for number in range(4):
        wrapper = (
            b"\x80\x03cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(X\x08\0\0\0subclasscnumpy\nndarray\n"
            b"X\x05\0\0\0shapeK\x01\x85X\x05\0\0\0orderX\x01\0\0\0CX\x05\0\0\0dtypecnumpy\ndtype\nX\x02\0\0\0O8\x89\x88\x87R(K\x03X\x01\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb"
            b"X\n\0\0\0allow_mmap\x89ub"
        )  # fmt: skip
        data = wrapper + _evil(rng) + b"."
        yield Sample(name=f"array{number}.joblib", data=data if number % 2 else zlib.compress(data))


def _npy(descr: str, version: tuple[int, int], shape: str = "(1,)") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    width = 2 if version == (1, 0) else 4
    header += b" " * (-(len(header) + 7 + width + 2) % 64) + b"\n"
    return b"\x93NUMPY" + bytes(version) + len(header).to_bytes(width, "little") + header


def traversal(rng: Random) -> Iterator[Sample]:
    """Archives that would write or read outside of where they are unpacked."""
    for name in ("../../evil.py", "/etc/cron.d/x", "a/../../../x.py", "..\\..\\x.py", "C:\\x.py"):
        yield Sample(name="model.zip", data=stored_zip({"model/config.json": b"{}", name: b"pass\n"}))
        yield Sample(name="model.tar", data=tarred({"model/config.json": b"{}", name: b"pass\n"}))
        yield Sample(name="model.nemo", data=tarred({"model_config.yaml": b"a: 1\n", name: b"pass\n"}))
        yield Sample(
            name="model.keras", data=stored_zip({"config.json": b"{}", "metadata.json": b"{}", name: b"x"})
        )
    for target in ("/etc/passwd", "../../../../root/.ssh/id_rsa", "/"):
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo("model/weights")
            link.type, link.linkname = kind, target
            yield Sample(name="links.tar", data=tarred({"model/config.json": b"{}", "link": link}))
            yield Sample(
                name="links.tar.gz",
                data=gzip.compress(tarred({"link": link, "model/weights/x": b"x"}), mtime=0),
            )


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (compressed, torch_pickles, zip_tricks, nested, legacy, arrays, traversal)
}

# ruff: noqa: E501 - tables of samples, one to a line
"""Archives whose readers disagree in other ways than the first look's, and files that are two formats at once.

Written without knowledge of the detector.
"""

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zlib
from collections.abc import Iterator
from random import Random

import h5py
import lz4.frame
import numpy as np
from backports import zstd

from corpus.corpus_samples import Kind, Sample, stored_zip, tarred
from corpus.second_look.second_builders import COMMAND, call, found
from corpus.second_look.second_builders import evil as made_evil

__all__ = ["KINDS"]


def object_types(rng: Random) -> Iterator[Sample]:
    """NumPy headers in which the object type is hard to see: in fields of fields, with shapes, titles and other names."""
    kinds = (
        "[('a', [('b', '|O')])]", "[('a', '|O', (1,))]", "[('a', '<f8'), ('b', 'O')]", "[('a', [('b', [('c', '<i4'), ('d', 'O')])])]", "[(('title', 'a'), '|O')]", "('|O', (1,))", "[('a', ('|O', (1,)))]", "'=O'", "'>O'", "'object_'", "'O,f8'", "'f8,O'", "'O8'", "[('a', 'O8')]",
        "[('', 'O')]", "'(1,)O'", "'i4, (1,)O'", "'|O8'",
    )  # fmt: skip
    for kind in kinds:
        for version in rng.sample(((1, 0), (2, 0), (3, 0)), 2):
            header = f"{{'descr': {kind}, 'fortran_order': {rng.random() < 0.5}, 'shape': (1,), }}".encode()
            width = 2 if version == (1, 0) else 4
            header += b" " * (-(len(header) + 9 + width) % 64) + b"\n"
            data = (
                b"\x93NUMPY"
                + bytes(version)
                + len(header).to_bytes(width, "little")
                + header
                + made_evil(rng)
            )
            yield (
                Sample(name="labels.npy", data=data)
                if rng.random() < 0.6
                else Sample(name="data.npz", data=stored_zip({"x.npy": data}))
            )


def joblib_wrappers(rng: Random) -> Iterator[Sample]:
    """joblib's older wrappers, which open the file that they name, wherever it is."""
    for name in (
        "/etc/hostname",
        "../../../etc/hostname",
        "/proc/self/environ",
        "../secret.npy",
    ):
        for wrapper in ("NDArrayWrapper", "ZNDArrayWrapper"):
            body = (
                found("joblib.numpy_pickle_compat" if rng.random() < 0.7 else "joblib.numpy_pickle", wrapper)
                + b")\x81}(\x8c\x08filename\x8c"
                + bytes((len(name),))
                + name.encode()
            )
            body += (
                b"\x8c\x08subclass"
                + found("numpy", "ndarray")
                + b"\x8c\x0aallow_mmap\x89\x8c\x09init_args"
                + found("numpy", "ndarray")
                + b"K\x00\x85C\x01b\x87\x8c\x05state(K\x01K\x01\x85"
                + call("numpy:dtype", "f8")
                + b"\x89tub"
            )
            yield Sample(name=rng.choice(("model.pkl", "model.joblib")), data=b"\x80\x04" + body + b".")


def odd_streams(rng: Random) -> Iterator[Sample]:
    """Compressed files with what decompressors pass over: skippable frames, names, padding, several streams, no size."""
    for _ in range(2):
        evil = made_evil(rng)
        skip = struct.pack("<II", 0x184D2A50 + rng.randrange(16), 9) + b"not here."
        half = len(evil) // 2
        named = (
            b"\x1f\x8b\x08\x1c"
            + bytes(4)
            + b"\x00\x03"
            + struct.pack("<H", 6)
            + b"RF\x02\0ab"
            + b"weights.txt\0"
            + b"a note\0"
            + zlib.compress(evil, 9)[2:-4]
            + struct.pack("<II", zlib.crc32(evil), len(evil))
        )
        made = {
            "a.zst": skip + zstd.compress(evil), "b.zst": zstd.compress(evil[:half]) + skip + zstd.compress(evil[half:]), "c.lz4": skip + lz4.frame.compress(evil), "d.lz4": lz4.frame.compress(evil[:half]) + lz4.frame.compress(evil[half:]), "e.gz": named, "f.xz": lzma.compress(evil[:half]) + bytes(8) + lzma.compress(evil[half:]),
            "g.bz2": bz2.compress(evil[:half]) + bz2.compress(evil[half:]), "h.xz": lzma.compress(evil, check=lzma.CHECK_NONE), "i.xz": lzma.compress(evil, filters=[{"id": lzma.FILTER_DELTA, "dist": 1}, {"id": lzma.FILTER_LZMA2}]), "j.lzma": lzma.compress(evil, lzma.FORMAT_ALONE), "k.gz": gzip.compress(evil, mtime=0) + bytes(512), "l.zst": zstd.compress(zstd.compress(evil)),
            "m.pkl": b"\x78\x01" + b"\x01" + struct.pack("<HH", len(evil), len(evil) ^ 0xFFFF) + evil + struct.pack(">I", zlib.adler32(evil)), "n.joblib": lz4.frame.compress(evil, store_size=False), "o.gz": gzip.compress(b"", mtime=0) * 50 + gzip.compress(evil, mtime=0), "p.bz2": bz2.compress(b"") + bz2.compress(evil),
        }  # fmt: skip
        for suffix, data in made.items():
            yield Sample(name=f"model.pkl{suffix[1:]}" if suffix[1:] != ".pkl" else "model.pkl", data=data)


def rare_archives(rng: Random) -> Iterator[Sample]:
    """Archives that are seldom met beside models: 7z, wheels, conda, ar, cpio, and archives under names of weights."""
    for _ in range(3):
        evil = made_evil(rng)
        ar = (
            b"!<arch>\n"
            b"weights.pkl/    0           0     0     100644  "
            + str(len(evil)).ljust(10).encode()
            + b"`\n"
            + evil
            + b"\n" * (len(evil) % 2)
        )
        conda = stored_zip(
            {"metadata.json": b"{}", "pkg-x-0.tar.zst": zstd.compress(tarred({"lib/weights.pkl": evil}))}
        )
        sparse = io.BytesIO()
        with tarfile.open(fileobj=sparse, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            info = tarfile.TarInfo("d" * 90 + "/" + "w" * 60 + ".pkl")
            info.size = len(evil)
            tar.addfile(info, io.BytesIO(evil))
        made = {
            "model.7z": _seven_zip(evil), "model.bin": _seven_zip(evil), "model.whl": stored_zip({"x/weights.pkl": evil, "x-1.dist-info/METADATA": b"Name: x\n"}), "model.conda": conda, "weights.ar": ar, "weights.deb": ar, "model.cpio": _cpio(evil), "model.tar.zst": zstd.compress(tarred({"weights.pkl": evil})),
            "model.tar.lz4": lz4.frame.compress(tarred({"weights.pkl": evil})), "long.tar": sparse.getvalue(), "model.tgz": gzip.compress(stored_zip({"a/weights.pkl": evil}), mtime=0), "model.egg": stored_zip({"EGG-INFO/PKG-INFO": b"Name: x\n", "x/data.pkl": evil}),
        }  # fmt: skip
        for name, data in made.items():
            yield Sample(name=name, data=data)


def _seven_zip(data: bytes) -> bytes:
    """A 7z archive that holds one file as it is (method Copy)."""
    size = bytes((0x80 | len(data) >> 8, len(data) & 0xFF))
    name = "weights.pkl\0".encode("utf-16-le")
    header = (
        b"\x01\x04\x06\x00\x01\x09"
        + size
        + b"\x00\x07\x0b\x01\x00\x01\x01\x00\x0c"
        + size
        + b"\x00\x08\x00\x00\x05\x01\x11"
        + bytes((len(name) + 1, 0))
        + name
        + b"\x00\x00"
    )
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + data + header


def _cpio(evil: bytes) -> bytes:
    def entry(name: bytes, data: bytes) -> bytes:
        fields = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % each for each in fields) + name + b"\0"
        head += b"\0" * (-len(head) % 4)
        return head + data + b"\0" * (-len(data) % 4)

    return entry(b"weights.pkl", evil) + entry(b"TRAILER!!!", b"")


def polyglots(rng: Random) -> Iterator[Sample]:
    """Whole files of one format whose bytes are a pickle too, for a loader that asks for one."""
    for _ in range(4):
        command = f"{COMMAND} #{rng.randint(0, 999)}"
        line = f"cos\nsystem\n(S'{command}'\ntR.".encode()
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            archive.addfile(tarfile.TarInfo(line.decode()))
        yield Sample(name=rng.choice(("model.tar", "model.pt", "model.bin")), data=tar.getvalue())
        hdf = io.BytesIO()
        with h5py.File(hdf, "w", userblock_size=512) as file:
            file.create_dataset("w", data=np.zeros(2), track_times=False)
        block = hdf.getvalue()
        yield Sample(
            name=rng.choice(("model.h5", "model.keras", "model.hdf5")),
            data=line.ljust(512, b"\0") + block[512:],
        )
        tflite = b"C\x06\0\0TFL30" + line
        yield Sample(
            name=rng.choice(("model.tflite", "model.bin")), data=tflite.ljust(1700, b"\0") + bytes(64)
        )
        yield Sample(
            name=rng.choice(("model.safetensors", "model.bin", "model")), data=_safetensors(line, rng)
        )
        yield Sample(
            name="model.exe",
            data=b"MZ\x90" + line.ljust(57, b"\0") + struct.pack("<I", 64) + b"PE\0\0\x64\x86" + bytes(200),
        )


def _safetensors(line: bytes, rng: Random) -> bytes:
    """The length of the header is a short bytes opcode; its texts are short strings, one behind another."""
    skipped = rng.randint(40, 200)
    size = 0x43 + 256 * skipped
    # C, skipped, six zero bytes of the length, then the header up to where the first short string begins.
    head = b'{"__metadata__":{"a":"'
    first = 2 + skipped - 8
    body = bytearray(head.ljust(first, b"x"))
    while True:
        left = size - len(body)
        if left <= 126 + 2:
            break
        body += b"U" + bytes((100,)) + b"x" * 100
    tail = b'"},"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}'
    data = b"\0" * 0
    for pad in range(2):
        del pad
        ended = tail % (len(line) + 2, len(line) + 2)
        room = size - len(body) - 2 - len(ended)
        if room < 0:
            body = body[:-102]
            room = size - len(body) - 2 - len(ended)
        if room > 40:
            body += b"U" + bytes((32,)) + b"x" * 32
    ended = tail % (len(line) + 2, len(line) + 2)
    room = size - len(body) - 2 - len(ended)
    reach = room + len(ended) + 1
    while reach > 126:
        body += b"U" + bytes((32,)) + b"x" * 32
        room -= 34
        reach = room + len(ended) + 1
    header = bytes(body) + b"U" + bytes((reach,)) + b"x" * room + ended
    data = b"x0" + line
    assert len(header) == size
    json.loads(header)
    return struct.pack("<Q", size) + header + data


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (object_types, joblib_wrappers, odd_streams, rare_archives, polyglots)
}

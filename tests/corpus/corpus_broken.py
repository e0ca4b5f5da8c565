# ruff: noqa: E501 - tables of samples, one to a line
"""Files that their loaders refuse: cut, overwritten, or with counts and offsets that cannot be. Never clean."""

import gzip
import io
import pickle
import struct
import zlib
from collections.abc import Iterator
from random import Random

import numpy as np

from corpus.corpus_samples import Kind, Label, Sample, stored_zip, tarred, torch_zip

__all__ = ["KINDS"]


def _whole() -> dict[str, bytes]:
    pickled = pickle.dumps({"weights": [0.5] * 40, "names": ["a"] * 10}, 4)
    array = io.BytesIO()
    np.save(array, np.arange(20.0))
    header = b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}} '
    text = b"general.architecture"
    value = struct.pack("<Q", len(text)) + text + struct.pack("<IQ", 8, 5) + b"llama"
    return {
        "model.pkl": pickled,
        "model.npy": array.getvalue(),
        "model.npz": stored_zip({"a.npy": array.getvalue()}),
        "model.pt": torch_zip(pickled),
        "model.pkl.gz": gzip.compress(pickled, mtime=0),
        "model.joblib": zlib.compress(pickled),
        "model.safetensors": struct.pack("<Q", len(header)) + header + bytes(16),
        "model.gguf": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + value,
        "model.keras": stored_zip(
            {
                "config.json": b"{}",
                "metadata.json": b"{}",
                "model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(20),
            }
        ),
    }


def cut(rng: Random) -> Iterator[Sample]:
    """The end is missing."""
    for name, data in _whole().items():
        for _ in range(14):
            yield Sample(name=name, data=data[: rng.randrange(1, len(data) - 1)], label=Label.MALFORMED)
        yield Sample(name=name, data=b"", label=Label.MALFORMED)


def overwritten(rng: Random) -> Iterator[Sample]:
    """Noise or zeros from the first byte on."""
    for name, data in _whole().items():
        for size in (16, len(data)):
            yield Sample(name=name, data=rng.randbytes(size) + data[size:], label=Label.MALFORMED)
            yield Sample(name=name, data=bytes(size) + data[size:], label=Label.MALFORMED)


def impossible(rng: Random) -> Iterator[Sample]:
    """Counts, sizes, offsets and names that cannot be."""
    for number in (2**63, 2**63 - 1, 2**64 - 1, 2**32, 10**12):
        packed = struct.pack("<Q", number)
        made = {
            "tensors.gguf": b"GGUF\x03\0\0\0" + packed + bytes(8), "values.gguf": b"GGUF\x03\0\0\0" + bytes(8) + packed,
            "key.gguf": b"GGUF\x03\0\0\0" + bytes(8) + struct.pack("<Q", 1) + packed + bytes(9), "header.safetensors": packed + b"{}      ",
            "text.pkl": b"\x80\x04\x8d" + packed + b"x.", "frame.pkl": b"\x80\x04\x95" + packed + b"N.", "bytes.pkl": b"\x80\x05\x8e" + packed + b"x.",
            "array.pkl": b"\x80\x05\x96" + packed + b"x.",
        }  # fmt: skip
        for name, data in made.items():
            yield Sample(name=name, data=data, label=Label.MALFORMED)
    tensors = (
        '{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}', '{"a":{"dtype":"F99","shape":[4],"data_offsets":[0,16]}}',
        '{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}', '{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}',
        '{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,99]}}', "{", "[]", '{"a":{"dtype":"F32","shape":[4],"data_offsets":[4,20]}}',
        '{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', '{"a":1}',
    )  # fmt: skip
    for header in tensors:
        yield Sample(
            name="model.safetensors",
            data=struct.pack("<Q", len(header)) + header.encode() + bytes(16),
            label=Label.MALFORMED,
        )
    for body in (
        b"h\x05.",
        b"R.",
        b"0.",
        b"(.",
        b"t.",
        b"]a.",
        b"\xfe.",
        b"}Ns.",
        b"Nb.",
        b"g99\n.",
        b"1.",
        b"u.",
        b"\x93.",
        b"X\x02\0\0\0\xff\xfe.",
        b"Iabc\n.",
        b"S'x\n.",
        b"cos\n",
        b"\x80\x09N.",
        b"\x82\x01.",
        b".",
    ):
        yield Sample(name="model.pkl", data=body, label=Label.MALFORMED)
    for header in (
        b"{'descr': '<f8'",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (99,), }\n",
        b"__import__('os')\n",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }\n",
    ):
        yield Sample(
            name="model.npy",
            data=b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + bytes(16),
            label=Label.MALFORMED,
        )
    yield Sample(name="model.tar", data=tarred({"a": b"x" * 2000})[:1500], label=Label.MALFORMED)


KINDS: dict[str, Kind] = {each.__name__: each for each in (cut, overwritten, impossible)}

"""Headers written byte by byte, for what no library would write."""

import json
import struct
from collections.abc import Sequence

__all__ = ["gguf", "gguf_array", "gguf_key", "gguf_tensor", "npy", "safetensors", "varint", "wire"]


def _string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def gguf_key(key: bytes, kind: int, value: bytes) -> bytes:
    """One key with its value as it lies in the file."""
    return _string(key) + struct.pack("<I", kind) + value


def gguf_array(kind: int, count: int, items: bytes = b"") -> bytes:
    """The value of a key of kind 9."""
    return struct.pack("<IQ", kind, count) + items


def gguf_tensor(name: bytes, shape: Sequence[int] = (4,), kind: int = 0, offset: int = 0) -> bytes:
    """One entry of the list of tensors; kind 0 is F32."""
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return _string(name) + dimensions + struct.pack("<IQ", kind, offset)


def gguf(
    keys: Sequence[bytes] = (),
    tensors: Sequence[bytes] = (),
    *,
    data_bytes: int = 0,
    version: int = 3,
    key_count: int | None = None,
    tensor_count: int | None = None,
) -> bytes:
    """A GGUF file; the counts may lie."""
    counts = (
        len(tensors) if tensor_count is None else tensor_count,
        len(keys) if key_count is None else key_count,
    )
    header = b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(keys) + b"".join(tensors)
    return header + bytes(-len(header) % 32) + bytes(data_bytes)


def safetensors(header: object, data: bytes = b"", *, header_bytes: int | None = None) -> bytes:
    """A safetensors file; `header` is made JSON unless it is bytes already, its length may lie."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if header_bytes is None else header_bytes) + text + data


def npy(header: bytes, data: bytes = b"", *, version: tuple[int, int] = (1, 0)) -> bytes:
    """A NumPy array behind any header."""
    size = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + size + header + data


def varint(number: int) -> bytes:
    """The number as protocol buffers write it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def wire(number: int, value: int | bytes) -> bytes:
    """One field: a number, or bytes behind their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value

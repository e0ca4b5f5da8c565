"""What Python's decoders make of text that stands in the file, worked out here, within bounds."""

import base64
import binascii
import zlib
from collections.abc import Callable
from typing import Final

__all__ = ["DECODERS", "HOLDERS", "METHODS", "REPEATED_CHARS", "TEXT_BYTES"]

TEXT_BYTES: Final = 1 << 20  # of one text
REPEATED_CHARS: Final = 1 << 16  # of a text times a number
HOLDERS: Final = ("io.BytesIO", "io.StringIO", "_io.BytesIO")  # files in memory, of what they are made with

_Bytes = Callable[[bytes], bytes]


def _unpacked(data: bytes) -> bytes:
    return zlib.decompressobj(47).decompress(data, TEXT_BYTES)


DECODERS: Final[dict[str, _Bytes]] = {
    "base64.b64decode": base64.b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.standard_b64decode": base64.b64decode,
    "base64.decodebytes": base64.b64decode,
    "base64.b32decode": base64.b32decode,
    "base64.b16decode": lambda data: base64.b16decode(data, casefold=True),
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.unhexlify,
    "binascii.a2b_base64": binascii.a2b_base64,
    "bytes.fromhex": lambda data: bytes.fromhex(data.decode("latin-1")),
    "bytearray.fromhex": lambda data: bytes.fromhex(data.decode("latin-1")),
    "zlib.decompress": _unpacked,
    "gzip.decompress": _unpacked,
}
METHODS: Final[dict[str, Callable[[str], str]]] = {
    "decode": str,
    "encode": str,
    "lower": str.lower,
    "upper": str.upper,
    "strip": str.strip,
    "swapcase": str.swapcase,
    "title": str.title,
    "read": str,
    "getvalue": str,
}

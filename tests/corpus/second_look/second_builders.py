# ruff: noqa: E501 - tables of samples, one to a line
"""Opcodes that the generators of the second look share.

The payloads make an empty file `acted` in the working folder, or read the name of the machine. Some gadgets can do
neither: they write, rename or list other files there (one that is called `honest`), ask for or listen at this
machine's own ports, or crash the process that loads them. Load them in an empty folder, in a process of their own.
"""

import struct
from random import Random

__all__ = [
    "CODE",
    "COMMAND",
    "EXPRESSION",
    "call",
    "evil",
    "found",
    "items",
    "listed",
    "pairs",
    "raw",
    "short",
    "whole",
]

COMMAND = "touch acted"
CODE = "open('acted', 'w').close()"
EXPRESSION = "__import__('os').system('touch acted')"

Part = str | bytes | int | None


def short(value: str) -> bytes:
    """Puts a text on the stack."""
    data = value.encode("utf-8", "surrogatepass")
    return (
        b"\x8c" + bytes((len(data),)) + data
        if len(data) < 256
        else b"X" + struct.pack("<I", len(data)) + data
    )


def raw(value: bytes) -> bytes:
    """Puts bytes on the stack."""
    return b"B" + struct.pack("<I", len(value)) + value


def part(value: Part) -> bytes:
    """Puts a text, a small number or None on the stack; bytes are opcodes already."""
    if isinstance(value, str):
        return short(value)
    if isinstance(value, int):
        return b"\x89\x88"[value : value + 1] if isinstance(value, bool) else b"J" + struct.pack("<i", value)
    return b"N" if value is None else value


def found(module: str, name: str) -> bytes:
    """Puts `module.name` on the stack, by STACK_GLOBAL."""
    return short(module) + short(name) + b"\x93"


def items(*values: Part) -> bytes:
    """Puts a tuple on the stack."""
    return b"(" + b"".join(map(part, values)) + b"t"


def listed(*values: Part) -> bytes:
    """Puts a list on the stack."""
    return b"](" + b"".join(map(part, values)) + b"e"


def pairs(values: dict[str, Part]) -> bytes:
    """Puts a dictionary on the stack."""
    return b"}(" + b"".join(short(key) + part(value) for key, value in values.items()) + b"u"


def call(name: str, *arguments: Part) -> bytes:
    """Calls `module:name` and leaves the result on the stack."""
    module, _, function = name.partition(":")
    return found(module, function) + items(*arguments) + b"R"


def whole(body: bytes) -> bytes:
    """A pickle of protocol 4."""
    return b"\x80\x04" + body + b"."


def evil(rng: Random) -> bytes:
    """A whole pickle that acts."""
    return rng.choice((
        whole(call("os:system", COMMAND)), whole(call("builtins:exec", "open('acted', 'w')")), b"cos\nsystem\n(S'touch acted'\ntR.", whole(b"]0" * rng.randint(1, 40) + call("posix:system", COMMAND)), whole(call("pathlib:Path.touch", call("pathlib:PosixPath", "acted"))),
    ))  # fmt: skip

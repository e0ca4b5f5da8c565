"""TensorFlow's graphs written byte by byte, as TensorFlow writes them; its library is too large for tests."""

import struct
from collections.abc import Sequence

from raw_headers import wire

__all__ = ["constant", "function", "graph", "meta_graph", "node", "numbers", "saved_model"]

VERSIONS = wire(4, wire(1, 1882))


def node(op: str, name: str = "", inputs: Sequence[str] = (), **texts: str) -> bytes:
    """A NodeDef; `texts` are its attributes."""
    attributes = (
        wire(5, wire(1, key.encode()) + wire(2, wire(2, text.encode()))) for key, text in texts.items()
    )
    named = wire(1, (name or op.lower()).encode()) + wire(2, op.encode())
    return named + b"".join(wire(3, each.encode()) for each in inputs) + b"".join(attributes)


def constant(name: str, *texts: str) -> bytes:
    """A constant of texts."""
    tensor = wire(1, 7) + wire(2, b"") + b"".join(wire(8, each.encode()) for each in texts)
    return _constant(name, tensor)


def numbers(name: str, *values: float) -> bytes:
    """A constant of 32-bit floats."""
    shape = wire(2, wire(2, wire(1, len(values))))
    return _constant(name, wire(1, 1) + shape + wire(4, struct.pack(f"<{len(values)}f", *values)))


def _constant(name: str, tensor: bytes) -> bytes:
    return node("Const", name) + wire(5, wire(1, b"value") + wire(2, wire(8, tensor)))


def function(name: str, arguments: Sequence[str], *nodes: bytes) -> bytes:
    """A FunctionDef."""
    signature = wire(1, name.encode()) + b"".join(wire(2, wire(1, each.encode())) for each in arguments)
    return wire(1, signature) + b"".join(wire(3, each) for each in nodes)


def graph(*nodes: bytes, functions: Sequence[bytes] = ()) -> bytes:
    """A GraphDef."""
    library = wire(2, b"".join(wire(1, each) for each in functions)) if functions else b""
    return b"".join(wire(1, each) for each in nodes) + library + VERSIONS


def meta_graph(graph_def: bytes, rest: bytes = b"") -> bytes:
    """A MetaGraphDef."""
    info = wire(4, b"serve") + wire(5, b"2.21.0")
    return wire(1, info) + wire(2, graph_def) + rest


def saved_model(graph_def: bytes, rest: bytes = b"") -> bytes:
    """A SavedModel."""
    return wire(1, 1) + wire(2, meta_graph(graph_def, rest))

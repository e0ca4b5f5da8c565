"""PyTorch checkpoints written opcode by opcode, for what no library would write."""

from collections.abc import Mapping, Sequence

from zipping import zipped

__all__ = ["checkpoint", "pickled", "storage", "tensor", "text", "whole"]

Shape = Sequence[int]


def text(value: str) -> bytes:
    """A text."""
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + len(data).to_bytes(4, "little") + data


def numbers(values: Shape) -> bytes:
    """A tuple of numbers."""
    return b"(" + b"".join(b"I%d\n" % each for each in values) + b"t"


def storage(key: str = "0", *, kind: str = "FloatStorage", elements: int = 6) -> bytes:
    """A persistent id as PyTorch writes them."""
    return (
        b"("
        + text("storage")
        + f"ctorch\n{kind}\n".encode()
        + text(key)
        + text("cpu")
        + b"I%d\nNtQ" % elements
    )


def tensor(shape: Shape, strides: Shape, *, of: bytes | None = None, offset: int = 0) -> bytes:
    """The call that rebuilds a tensor."""
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + (storage() if of is None else of)
        + b"I%d\n" % offset
        + numbers(shape)
        + numbers(strides)
        + b"I00\nccollections\nOrderedDict\n)RtR"
    )


def pickled(entries: Mapping[str, bytes]) -> bytes:
    """A dictionary of values that are opcodes already."""
    return b"\x80\x02}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u."


def whole(pickle: bytes, storages: Mapping[str, bytes] | None = None, **more: bytes) -> bytes:
    """The zip file; a storage of six floats unless others are given."""
    data = {"0": bytes(range(24))} if storages is None else storages
    members = {"m/data.pkl": pickle, **{f"m/data/{key}": value for key, value in data.items()}}
    return zipped(members | {f"m/{key}": value for key, value in more.items()} | {"m/version": b"3\n"})


def checkpoint(entries: Mapping[str, bytes], storages: Mapping[str, bytes] | None = None) -> bytes:
    """A zip file that holds the dictionary."""
    return whole(pickled(entries), storages)

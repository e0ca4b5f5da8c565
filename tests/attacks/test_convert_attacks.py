"""Checkpoints made to crash, to hang or to mislead the converter: a clear word, and nothing left behind."""

import os
import struct
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from checkpoints import checkpoint, pickled, storage, tensor, text, whole
from ringfence.app.convert import Refused, convert
from ringfence.artifacts.tensors import safetensors_file
from ringfence.artifacts.tensors.tensor import Tensor
from ringfence.core.errors import RingfenceError

HUGE = 1 << 62
GOOD = tensor((2, 3), (3, 1))


def attempt(folder: Path, data: bytes) -> str:
    """Why the file is not converted; nothing else may lie beside it afterwards."""
    source = folder / "model.pt"
    source.write_bytes(data)
    with pytest.raises(RingfenceError) as refused:
        convert(source, folder / "out.safetensors", key=None, force=False)
    assert os.listdir(folder) == ["model.pt"]
    return refused.value.what


@pytest.mark.parametrize(
    ("opcodes", "why"),
    [
        (tensor((7,), (1,)), "outside of its storage"),
        (tensor((2, 3), (4, 1)), "outside of its storage"),
        (tensor((6,), (1,), offset=1), "outside of its storage"),
        (tensor((2,), (HUGE,)), "outside of its storage"),
        (tensor((6,), (1,), of=storage("1", elements=7)), "outside of its storage"),
        (tensor((6,), (1,), of=storage("missing")), "outside of its storage"),
        (tensor((2,), (-1,)), "impossible shape"),
        (tensor((-2,), (1,)), "impossible shape"),
        (tensor((2,), (1,), offset=-1), "impossible shape"),
        (tensor((HUGE, HUGE), (0, 0)), "impossible shape"),
        (tensor((2, 3), (1,)), "impossible shape"),
        (tensor((1,) * 65, (1,) * 65), "impossible shape"),
        (tensor((1 << 40,), (0,)), "would take"),
        (tensor((1 << 20,) * 2, (0, 0)), "would take"),
    ],
)
def test_a_tensor_that_lies_about_where_it_is_is_never_read(tmp_path: Path, opcodes: bytes, why: str) -> None:
    assert why in attempt(
        tmp_path, checkpoint({"good": GOOD, "bad": opcodes}, {"0": bytes(24), "1": bytes(24)})
    )


def test_a_storage_of_two_kinds_is_refused(tmp_path: Path) -> None:
    other = storage(kind="DoubleStorage", elements=3)
    data = checkpoint({"a": GOOD, "b": tensor((3,), (1,), of=other)})
    assert "of two kinds" in attempt(tmp_path, data)


@pytest.mark.parametrize("name", ["a\0b", "", "__metadata__", "a\x1b]0;x\x07"])
def test_names_that_mislead_readers_are_refused(tmp_path: Path, name: str) -> None:
    assert "name" in attempt(tmp_path, checkpoint({name: GOOD}))


def test_names_that_are_the_same_when_joined_are_refused(tmp_path: Path) -> None:
    inner = b"}" + text("b") + GOOD + b"s"
    assert "same name" in attempt(tmp_path, checkpoint({"a.b": GOOD, "a": inner}))


def test_a_number_and_a_text_that_read_alike_are_refused(tmp_path: Path) -> None:
    pickle = b"\x80\x02}(I0\n" + GOOD + text("0") + GOOD + b"u."
    assert "same name" in attempt(tmp_path, whole(pickle))


def test_a_dictionary_that_holds_itself_is_refused(tmp_path: Path) -> None:
    pickle = b"\x80\x02}q\0(" + text("w") + GOOD + text("me") + b"h\0u."
    assert "holds itself" in attempt(tmp_path, whole(pickle))


def test_dictionaries_that_hold_each_other_twice_do_not_grow_without_end(tmp_path: Path) -> None:
    twice = b"}q%c(" + text("a") + b"h%c" + text("b") + b"h%cu"
    pickle = b"\x80\x02}q\0" + b"".join(b"0" + twice % (n, n - 1, n - 1) for n in range(1, 60))
    assert "more than 1000000 values" in attempt(tmp_path, whole(pickle + b"."))


def test_lists_in_lists_without_end_are_refused(tmp_path: Path) -> None:
    assert attempt(tmp_path, whole(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."))


def test_more_tensors_than_a_header_may_list_are_refused(tmp_path: Path) -> None:
    call = GOOD + b"q\0"
    many = b"".join(text(str(n)) + b"h\0" for n in range(200_001))
    assert "more than 200000 tensors" in attempt(
        tmp_path, whole(b"\x80\x02}(" + text("first") + call + many + b"u.")
    )


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    data = checkpoint({"a": GOOD}, {"0": bytes(24), "1": bytes(24)}).replace(b"m/data/1", b"m/data/0")
    assert attempt(tmp_path, data)


def test_a_checkpoint_cut_anywhere_leaves_nothing_behind(tmp_path: Path) -> None:
    data = checkpoint({"a": GOOD, "epoch": b"I3\n"})
    for end in range(0, len(data) - 1, 7):
        attempt(tmp_path, data[:end])


def test_large_tensors_are_converted_in_constant_memory(tmp_path: Path) -> None:
    size = 256 << 20
    of = storage(kind="ByteStorage", elements=size)
    data = whole(pickled({"w": tensor((size,), (1,), of=of)}), {})
    source, target = tmp_path / "model.pt", tmp_path / "out.safetensors"
    _write_sparse(source, data, size)
    tracemalloc.start()
    done = convert(source, target, key=None, force=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert done.tensors == 1
    assert target.stat().st_size > size
    assert peak < 64 << 20


def _write_sparse(path: Path, small: bytes, size: int) -> None:
    """Puts a storage that is a hole between the members and the directory of the archive."""
    count, directory_bytes, directory_at = struct.unpack_from("<HLL", small, len(small) - 12)
    name = b"m/data/0"
    sizes = struct.pack("<LLL", 0, size, size)
    head = b"PK\3\4\x14\0" + bytes(8) + sizes + struct.pack("<HH", len(name), 0) + name
    entry = b"PK\1\2\x14\0\x14\0" + bytes(8) + sizes + struct.pack("<HH", len(name), 0) + bytes(10)
    directory = small[directory_at : directory_at + directory_bytes] + entry
    directory += struct.pack("<L", directory_at) + name
    at = directory_at + len(head) + size
    with path.open("wb") as file:
        file.write(small[:directory_at] + head)
        file.seek(at)
        end = struct.pack("<4s4xHHLLH", b"PK\5\6", count + 1, count + 1, len(directory), at, 0)
        file.write(directory + end)


def test_a_checkpoint_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "model.pt"
    source.write_bytes(checkpoint({"a": GOOD}))
    written = safetensors_file.written

    def meanwhile(tensors: Iterable[Tensor]) -> Iterator[bytes | bytearray]:
        os.utime(source, ns=(1, 1))
        return written(tensors)

    monkeypatch.setattr(safetensors_file, "written", meanwhile)
    with pytest.raises(Refused, match="changed while it was read"):
        convert(source, tmp_path / "out", key=None, force=False)
    assert os.listdir(tmp_path) == ["model.pt"]

import pytest
import safetensors

from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors import safetensors_file
from ringfence.artifacts.tensors.tensor import Tensor


def tensor(name: str, dtype: str, data: bytes, shape: tuple[int, ...]) -> Tensor:
    return Tensor(
        name=name, dtype=dtype, shape=shape, size_bytes=len(data), reader=Reader.of_bytes(data), offset=0
    )


TENSORS = (
    tensor("b", "I8", b"\1\2\3", (3,)),
    tensor("a", "F32", b"abcdefgh", (2, 1)),
    tensor("empty", "F64", b"", (0, 7)),
)


def test_the_real_library_reads_what_is_written() -> None:
    written = b"".join(map(bytes, safetensors_file.written(TENSORS)))
    read = {
        name: (each["dtype"], each["shape"], each["data"]) for name, each in safetensors.deserialize(written)
    }
    assert read == {
        "b": ("I8", [3], b"\1\2\3"),
        "a": ("F32", [2, 1], b"abcdefgh"),
        "empty": ("F64", [0, 7], b""),
    }


def test_what_is_written_depends_on_the_tensors_alone_and_is_aligned() -> None:
    one = b"".join(map(bytes, safetensors_file.written(TENSORS)))
    other = b"".join(map(bytes, safetensors_file.written(reversed(TENSORS))))
    assert one == other
    listed = list(safetensors_file.tensors_of(Reader.of_bytes(one)))
    assert [each.name for each in listed] == ["empty", "a", "b"]
    assert [each.offset % 4 for each in listed if each.dtype == "F32"] == [0]
    assert safetensors_file.metadata_of(Reader.of_bytes(one)) == {"format": "pt"}


@pytest.mark.parametrize("name", ["", "a\0b", "__metadata__", "a\x1b[2J", "\udc80", "a\x7f"])
def test_names_that_readers_take_for_something_else_are_refused(name: str) -> None:
    with pytest.raises(Malformed, match="name"):
        safetensors_file.header([tensor(name, "I8", b"\1", (1,))])

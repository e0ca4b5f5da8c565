from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.tensor import Tensor, chunks

STORAGE = bytes(range(256)) * 8


@given(
    shape=st.lists(st.integers(1, 4), max_size=4),
    strides=st.lists(st.integers(0, 5), min_size=4, max_size=4),
    width=st.sampled_from([1, 2, 4, 8]),
    offset=st.integers(0, 7),
    is_swapped=st.booleans(),
)
def test_a_view_is_gathered_as_numpy_does(
    shape: list[int], strides: list[int], width: int, offset: int, is_swapped: bool
) -> None:
    strides = strides[: len(shape)]
    order = ">" if is_swapped else "<"
    numbers = np.frombuffer(STORAGE, f"{order}u{width}", offset=offset * width)
    expected = np.lib.stride_tricks.as_strided(numbers, shape, [each * width for each in strides])
    tensor = Tensor(
        name="t",
        dtype="any",
        shape=tuple(shape),
        size_bytes=prod(shape) * width,
        reader=Reader.of_bytes(STORAGE),
        offset=offset * width,
        strides=tuple(strides),
        is_swapped=is_swapped,
    )
    assert b"".join(map(bytes, chunks(tensor))) == expected.astype(f"<u{width}").tobytes()


@pytest.mark.parametrize(
    ("shape", "strides", "why"),
    [
        ((2, (1 << 30) + 1), (1, 2), "more than 2147483648 bytes"),
        ((1 << 30, 3), (0, 0), "more than 2147483648 bytes"),
        ((2,) * 30, tuple(1 << n for n in range(30)), "pieces"),
    ],
)
def test_gathering_is_bounded_in_memory_and_time(
    shape: tuple[int, ...], strides: tuple[int, ...], why: str
) -> None:
    tensor = Tensor(
        name="t",
        dtype="U8",
        shape=shape,
        size_bytes=prod(shape),
        reader=Reader(lambda size, _: bytes(size), 1 << 40),
        offset=0,
        strides=strides,
    )
    with pytest.raises(Malformed, match=why):
        list(chunks(tensor))

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raw_headers import npy
from ringfence.artifacts.npy_header import Array, read_array
from ringfence.artifacts.problems import Malformed, ProblemKind
from ringfence.artifacts.reader import Reader


def _read(data: bytes) -> Array:
    return read_array(Reader.of_bytes(data))


@given(
    st.sampled_from(["f2", "f4", "f8", "i1", "i8", "u2", "c8", "?", "S7", "U3", "M8[ns]", "O", "V5"]),
    st.lists(st.integers(0, 5), max_size=5),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
def test_what_numpy_wrote_is_read_back(dtype: str, shape: list[int], version: tuple[int, int]) -> None:
    array = np.empty(shape, dtype)
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    read = _read(out.getvalue())
    assert (read.shape, read.version, read.elements) == (
        array.shape,
        f"{version[0]}.{version[1]}",
        array.size,
    )
    if dtype != "O":
        assert read.data_at + array.nbytes == len(out.getvalue())
        assert read.item_bytes == array.itemsize


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"", ProblemKind.BAD_HEADER),
        (b"{}", ProblemKind.BAD_HEADER),
        (b"__import__('os').system('x')", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': [1]}", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (9**9,)}", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} evil", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False 'shape': (1,)}", ProblemKind.BAD_HEADER),
        (b"{'descr': '\\x3c', 'fortran_order': False, 'shape': (1,)}", ProblemKind.BAD_HEADER),
        (b"{'descr': [], 'fortran_order': [[[[", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'descr': '|O', 'fortran_order': 1, 'shape': ()}", ProblemKind.DUPLICATE_KEY),
        (b"(" * 60_000, ProblemKind.OVER_LIMIT),
    ],
)
def test_a_header_that_is_not_one_is_malformed(header: bytes, kind: ProblemKind) -> None:
    with pytest.raises(Malformed) as stop:
        _read(npy(header))
    assert stop.value.problem.kind is kind


@given(st.text("{}[](),:' <f4descrshape01TrueFalse\n", max_size=60))
def test_any_header_is_read_or_malformed(header: str) -> None:
    with suppress(Malformed):
        _read(npy(header.encode()))

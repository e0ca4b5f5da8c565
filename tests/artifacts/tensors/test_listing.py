import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from safetensors.numpy import save

from ringfence.artifacts.judging import judging_budget
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors.listing import LISTED, listed
from ringfence.artifacts.tensors.tensor import chunks

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(32, dtype=np.float16)}
SHAPES = {"a": (2, 3), "b": (32,)}


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **ARRAYS)  # type: ignore[arg-type]
    return file.getvalue()


def _onnx() -> bytes:
    weights = [numpy_helper.from_array(array, name) for name, array in ARRAYS.items()]
    graph = helper.make_graph([], "g", [], [], initializer=weights)
    data: bytes = helper.make_model(graph).SerializeToString()
    return data


def _gguf() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        for name, array in ARRAYS.items():
            writer.add_tensor(name, array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()


MAKERS: dict[str, Callable[[], bytes]] = {
    "safetensors": lambda: save(ARRAYS),
    "npz": _npz,
    "onnx": _onnx,
    "gguf": _gguf,
}


@pytest.mark.parametrize("format_", MAKERS)
def test_what_real_libraries_write_is_listed_with_type_shape_and_bytes(format_: str) -> None:
    reader = Reader.of_bytes(MAKERS[format_](), budget=judging_budget())
    found = {each.name: each for each in listed(reader, format_)}
    assert found.keys() == ARRAYS.keys()
    for name, each in found.items():
        shape = each.shape[::-1] if format_ == "gguf" else each.shape
        assert (each.dtype, shape) == ({"a": "F32", "b": "F16"}[name], SHAPES[name])
        assert b"".join(map(bytes, chunks(each))) == ARRAYS[name].tobytes()


def test_a_single_array_is_listed() -> None:
    file = io.BytesIO()
    np.save(file, ARRAYS["a"])
    (found,) = listed(Reader.of_bytes(file.getvalue()), "npy")
    assert (found.dtype, found.shape, b"".join(map(bytes, chunks(found)))) == (
        "F32",
        (2, 3),
        ARRAYS["a"].tobytes(),
    )


def test_weights_in_another_file_are_told_by_their_place() -> None:
    tensor = onnx.TensorProto(name="w", dims=[3], data_type=1, data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="w.bin")
    graph = helper.make_graph([], "g", [], [], initializer=[tensor])
    (found,) = listed(Reader.of_bytes(helper.make_model(graph).SerializeToString()), "onnx")
    assert found.dtype == "F32 elsewhere (location w.bin)"


@pytest.mark.parametrize("format_", LISTED)
@given(data=st.binary(max_size=120))
def test_any_bytes_are_tensors_or_malformed(format_: str, data: bytes) -> None:
    starts = {"gguf": b"GGUF\3\0\0\0", "npy": b"\x93NUMPY\1\0", "npz": b"PK\3\4", "pytorch": b"PK\3\4"}
    try:
        for each in listed(Reader.of_bytes(starts.get(format_, b"") + data), format_):
            list(chunks(each))
    except Malformed:
        return


@pytest.mark.parametrize("format_", ["safetensors", "npz", "gguf"])
def test_a_file_cut_anywhere_is_malformed(format_: str) -> None:
    whole = MAKERS[format_]()
    for end in range(0, len(whole.rstrip(b"\0")) - 1, 5):
        with pytest.raises(Malformed):
            for each in listed(Reader.of_bytes(whole[:end], budget=judging_budget()), format_):
                list(chunks(each))

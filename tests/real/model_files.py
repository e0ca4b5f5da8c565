"""One small real file of every format and variant, written by the format's own library."""

import io
import pickle
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import flatbuffers
import gguf
import h5py
import joblib
import numpy as np
import onnx
import safetensors.numpy
import tflite

from real.keras_files import keras_files
from real.torch_files import torch_files

__all__ = ["SAMPLES", "Sample", "llamafile_of", "sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """How one real file comes to be, and what it is."""

    name: str  # with the suffix it should have
    format: str
    make: Callable[[], bytes]


def _written(write: Callable[[str], object], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"file{suffix}")
        write(str(path))
        return path.read_bytes()


def _gguf(path: str) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_license("apache-2.0")
    writer.add_license_name("Apache License 2.0")
    writer.add_license_link("https://www.apache.org/licenses/LICENSE-2.0")
    writer.add_base_model_count(1)
    writer.add_base_model_name(0, "Base")
    writer.add_base_model_repo_url(0, "https://huggingface.co/acme/base")
    writer.add_context_length(2048)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_chat_template(
        [{"name": "default", "template": "{{ messages }}"}, {"name": "tool", "template": "x"}]
    )
    writer.add_token_list([f"token {i}" for i in range(50)])
    writer.add_token_scores([0.5] * 50)
    writer.add_tensor("token_embd.weight", np.zeros((4, 8), np.float32))
    quantized = gguf.quants.quantize(np.ones((4, 32), np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("output.weight", quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _safetensors() -> bytes:
    metadata = {
        "format": "pt",
        "modelspec.title": "Tiny",
        "modelspec.architecture": "stable-diffusion-v1",
        "modelspec.license": "CreativeML Open RAIL-M",
    }
    tensors = {"a": np.zeros((2, 3), np.float32), "b": np.ones(10, np.float16), "empty": np.zeros(0, np.int8)}
    return safetensors.numpy.save(tensors, metadata)


def _joblib(compress: object = 0) -> bytes:
    return _written(
        lambda path: joblib.dump({"weights": np.arange(6.0), "n": 3}, path, compress=compress), ".joblib"
    )


def _npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def _npz(save: Callable[..., None]) -> bytes:
    out = io.BytesIO()
    save(out, first=np.zeros((2, 3), np.float32), second=np.arange(4))
    return out.getvalue()


def _onnx() -> bytes:
    helper, kinds = onnx.helper, onnx.TensorProto
    weight = helper.make_tensor("w", kinds.FLOAT, [2, 3], np.zeros(6, np.float32).tobytes(), raw=True)
    bias = helper.make_tensor("b", kinds.INT64, [3], [1, 2, 3])
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    x = helper.make_tensor_value_info("x", kinds.FLOAT, [1, 2])
    y = helper.make_tensor_value_info("y", kinds.FLOAT, [1, 3])
    graph = helper.make_graph([node], "tiny-graph", [x], [y], [weight, bias])
    opsets = [helper.make_opsetid("com.acme", 1), helper.make_opsetid("", 17)]
    model = helper.make_model(graph, producer_name="acme", producer_version="1.2", opset_imports=opsets)
    model.ir_version = 8
    helper.set_model_props(model, {"license": "mit"})
    return model.SerializeToString()


def _hdf5(*, userblock: int = 0, version: str = "earliest") -> bytes:
    def write(path: str) -> None:
        with h5py.File(path, "w", userblock_size=userblock, libver=version) as file:
            file["weights"] = np.zeros((3, 4), np.float32)

    return _written(write, ".h5")


def _tflite() -> bytes:
    builder = flatbuffers.Builder(256)
    description = builder.CreateString("made by hand")
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddDescription(builder, description)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def llamafile_of(weights: bytes, *, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A program's start with those weights in the zip file at its end, as zipalign puts them there."""
    out = io.BytesIO()
    out.write(b"MZqFpD='\n" + bytes(4096))
    with zipfile.ZipFile(out, "a", compression) as archive:
        archive.writestr("weights.gguf", weights)
        archive.writestr(".args", "-m\nweights.gguf\n")
    return out.getvalue()


def _old_ggml() -> bytes:
    """No library writes it any more: the magic and version of llama-util.h, then hyperparameters."""
    return (
        b"tjgg" + b"".join(n.to_bytes(4, "little") for n in (3, 32000, 4096, 256, 32, 32, 128, 2)) + bytes(64)
    )


class _Estimator:
    """Stands for a library's class in pickles."""

    def __init__(self) -> None:
        self.weights = [1.0, 2.0]


def _pickle(protocol: int) -> Callable[[], bytes]:
    return lambda: pickle.dumps({"model": _Estimator(), "n": 2**70}, protocol)


SAMPLES = (
    Sample("tiny.gguf", "gguf", lambda: _written(_gguf, ".gguf")),
    Sample("tiny.safetensors", "safetensors", _safetensors),
    Sample("zip.pt", "pytorch", lambda: torch_files()["zip.pt"]),
    Sample("module.pt", "pytorch", lambda: torch_files()["module.pt"]),
    Sample("script.pt", "pytorch", lambda: torch_files()["script.pt"]),
    Sample("legacy.pt", "pytorch-legacy", lambda: torch_files()["legacy.pt"]),
    Sample("protocol4.pt", "pytorch-legacy", lambda: torch_files()["protocol4.pt"]),
    *(Sample(f"protocol{n}.pkl", "pickle", _pickle(n)) for n in range(6)),
    Sample("plain.joblib", "joblib", _joblib),
    *(Sample(f"{kind}.joblib", "joblib", lambda kind=kind: _joblib((kind, 3))) for kind in ("zlib", "gzip")),
    *(
        Sample(f"{kind}.joblib", "joblib", lambda kind=kind: _joblib((kind, 3)))
        for kind in ("bz2", "xz", "lzma")
    ),
    Sample("array.npy", "npy", lambda: _npy(np.zeros((10, 4), np.float32))),
    Sample("objects.npy", "npy", lambda: _npy(np.array([{"a": 1}], object))),
    Sample("records.npy", "npy", lambda: _npy(np.zeros(3, [("x", "<f4"), ("y", "<i8", (2,))]))),
    Sample("arrays.npz", "npz", lambda: _npz(np.savez)),
    Sample("deflated.npz", "npz", lambda: _npz(np.savez_compressed)),
    Sample("tiny.onnx", "onnx", _onnx),
    Sample("plain.keras", "keras", lambda: keras_files()["plain.keras"]),
    Sample("lambda.keras", "keras", lambda: keras_files()["lambda.keras"]),
    Sample("plain.h5", "hdf5", lambda: keras_files()["plain.h5"]),
    Sample("lambda.h5", "hdf5", lambda: keras_files()["lambda.h5"]),
    Sample("data.h5", "hdf5", _hdf5),
    Sample("latest.h5", "hdf5", lambda: _hdf5(version="latest")),
    Sample("userblock.h5", "hdf5", lambda: _hdf5(userblock=1024)),
    Sample("far.h5", "hdf5", lambda: _hdf5(userblock=8192)),
    Sample("tiny.tflite", "tflite", _tflite),
    Sample("tiny.llamafile", "llamafile", lambda: llamafile_of(sample("tiny.gguf"))),
    Sample("old.ggml", "ggml", _old_ggml),
)

_BY_NAME = {each.name: each for each in SAMPLES}


@cache
def sample(name: str) -> bytes:
    """The contents of that real file. Ends the test when what writes it is not there."""
    return _BY_NAME[name].make()

"""Writes the tiny model files that `ringfence demo` ships, each with the library that people make them with.

They go to src/ringfence/app/demo/files. The same bytes come out every time: what a library makes of the clock
or of addresses in memory is set to a constant afterwards.

PyTorch is Debian's (apt-get install python3-torch) and runs in a process of its own. Keras gets a virtual
environment for the time it takes: every backend of it brings more than the rest of the development needs.
"""

import json
import os
import pickle
import re
import shutil
import subprocess
import tempfile
import venv
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import demo_gguf
import flatbuffers
import joblib
import numpy as np
import numpy.typing as npt
import onnx
import onnx.checker
import onnx.helper
import onnx.numpy_helper
import tflite
from safetensors.numpy import save

FILES = Path(__file__).parent.parent / "src/ringfence/app/demo/files"
DATE = (2025, 10, 9, 8, 53, 20)
RANDOM = np.random.default_rng(0)

Array = npt.NDArray[np.generic]
Shapes = Mapping[str, tuple[int, ...]]


def main() -> None:
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    demo_gguf.write_all(FILES)
    safetensors_files()
    python_files()
    onnx_file()
    tflite_file()
    keras_files()
    torch_files()
    total = sum(path.stat().st_size for path in FILES.iterdir())
    print(f"{len(list(FILES.iterdir()))} files, {total} bytes, in {FILES.relative_to(Path.cwd())}")


def safetensors_files() -> None:
    """Safetensors: a model in two shards with its index, and single files as other programs keep them."""
    first = random(np.float16, {"model.embed_tokens.weight": (64, 32), "model.norm.weight": (32,)})
    second = random(np.float16, {"model.layers.0.mlp.up_proj.weight": (64, 32), "lm_head.weight": (64, 32)})
    shards = {f"model-0000{n}-of-00002.safetensors": each for n, each in ((1, first), (2, second))}
    for name, tensors in shards.items():
        write_safetensors(name, tensors, format="pt")
    index = {
        "metadata": {
            "total_size": sum(tensor.nbytes for each in shards.values() for tensor in each.values())
        },
        "weight_map": {tensor: name for name, each in shards.items() for tensor in each},
    }
    (FILES / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")

    one_layer: Shapes = {"model.embed_tokens.weight": (32, 16), "lm_head.weight": (32, 16)}
    for name in ("research", "tampered", "embedder"):
        write_safetensors(f"{name}.safetensors", random(np.float32, one_layer), format="pt")
    packed = {"model.embed_tokens.weight": RANDOM.integers(0, 2**32, (32, 8), np.uint32)}
    scales = random(np.float16, {f"model.embed_tokens.{part}": (32, 1) for part in ("scales", "biases")})
    write_safetensors("mlx-4bit.safetensors", {**packed, **scales}, format="mlx")
    write_safetensors(
        "checkpoint.safetensors",
        random(np.float16, {"model.diffusion_model.out.2.weight": (4, 8, 3, 3)}),
        **{
            "modelspec.title": "Tiny Diffusion",
            "modelspec.architecture": "stable-diffusion-xl-v1-base",
            "modelspec.license": "creativeml-openrail-m",
        },
    )
    write_safetensors(
        "lora.safetensors",
        random(
            np.float16, {"lora_unet_out.lora_down.weight": (4, 8), "lora_unet_out.lora_up.weight": (8, 4)}
        ),
        ss_base_model_version="sdxl_base_v1-0",
        ss_network_module="networks.lora",
    )


def write_safetensors(name: str, tensors: Mapping[str, Array], **metadata: str) -> None:
    """Writes the file with its metadata in the order given; the library shuffles it."""
    data = save(dict(tensors), metadata=metadata)
    size = int.from_bytes(data[:8], "little")
    header = {**json.loads(data[8 : 8 + size]), "__metadata__": metadata}
    ordered = {key: header[key] for key in sorted(header)}
    text = json.dumps(ordered, separators=(",", ":")).encode().ljust(size)
    assert len(text) == size
    (FILES / name).write_bytes(data[:8] + text + data[8 + size :])


def random(dtype: type[np.floating], shapes: Shapes) -> dict[str, Array]:
    return {name: RANDOM.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def python_files() -> None:
    """What people save from a notebook: a pickle, a joblib dump, an array."""
    scaler = OrderedDict(mean=[0.1, 0.2], scale=[1.0, 2.0])
    fitted = {"coef": [[0.5, -1.5]], "intercept": [0.25], "classes": ["ham", "spam"], "scaler": scaler}
    (FILES / "model.pkl").write_bytes(pickle.dumps(fitted, protocol=4))
    joblib.dump({"coef": RANDOM.standard_normal((2, 4)), "classes": ["ham", "spam"]}, FILES / "model.joblib")
    np.save(FILES / "embeddings.npy", RANDOM.standard_normal((10, 4)).astype(np.float32))


def onnx_file() -> None:
    weights = onnx.numpy_helper.from_array(RANDOM.standard_normal((4, 2)).astype(np.float32), name="w")
    x, y = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, size])
        for name, size in (("x", 4), ("y", 2))
    )
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "tiny", [x], [y], initializer=[weights]
    )
    model = onnx.helper.make_model(
        graph, producer_name="demo", ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 17)]
    )
    onnx.helper.set_model_props(model, {"license": "mit"})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, FILES / "model.onnx")


def tflite_file() -> None:
    """A fully connected layer: y = x · w."""
    build = flatbuffers.Builder()
    weights = build.CreateNumpyVector(RANDOM.standard_normal(8).astype(np.float32).view(np.uint8))
    buffers = []
    for data in (None, weights):
        tflite.BufferStart(build)
        if data is not None:
            tflite.BufferAddData(build, data)
        buffers.append(tflite.BufferEnd(build))
    tensors = [tflite_tensor(build, *each) for each in (("x", [1, 4], 0), ("w", [2, 4], 1), ("y", [1, 2], 0))]
    ends = {"Inputs": [0], "Outputs": [2]}
    operator = tflite_table(build, "Operator", OpcodeIndex=0, **vectors(build, Inputs=[0, 1], Outputs=[2]))
    graph = tflite_table(
        build,
        "SubGraph",
        Tensors=offsets(build, tensors),
        Operators=offsets(build, [operator]),
        **vectors(build, **ends),
    )
    kind = tflite.BuiltinOperator.FULLY_CONNECTED
    code = tflite_table(build, "OperatorCode", DeprecatedBuiltinCode=kind, BuiltinCode=kind, Version=1)
    model = tflite_table(
        build,
        "Model",
        Version=3,
        Description=build.CreateString("tiny"),
        OperatorCodes=offsets(build, [code]),
        Subgraphs=offsets(build, [graph]),
        Buffers=offsets(build, buffers),
    )
    build.Finish(model, file_identifier=b"TFL3")
    (FILES / "model.tflite").write_bytes(build.Output())


def tflite_tensor(build: flatbuffers.Builder, name: str, shape: list[int], buffer: int) -> int:
    return tflite_table(
        build,
        "Tensor",
        Name=build.CreateString(name),
        Type=tflite.TensorType.FLOAT32,
        Buffer=buffer,
        **vectors(build, Shape=shape),
    )


def tflite_table(build: flatbuffers.Builder, kind: str, **fields: int) -> int:
    getattr(tflite, f"{kind}Start")(build)
    for field, value in fields.items():
        getattr(tflite, f"{kind}Add{field}")(build, value)
    return int(getattr(tflite, f"{kind}End")(build))


def vectors(build: flatbuffers.Builder, **lists: list[int]) -> dict[str, int]:
    return {field: build.CreateNumpyVector(np.array(each, np.int32)) for field, each in lists.items()}


def offsets(build: flatbuffers.Builder, tables: list[int]) -> int:
    build.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        build.PrependUOffsetTRelative(table)
    return int(build.EndVector())


KERAS_NEEDS = ("keras==3.15.1", "h5py", "jax", "numpy", "scipy")
KERAS = """
import sys, keras
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="scores")], name="tiny")
model.save(sys.argv[1] + "/model.keras")
model.save(sys.argv[1] + "/weights.h5")
"""


def keras_files() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True, symlinks=True)
        python = Path(folder, "bin/python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *KERAS_NEEDS], check=True)
        environment = {**os.environ, "KERAS_BACKEND": "numpy"}
        subprocess.run([python, "-c", KERAS, folder], check=True, env=environment)
        shutil.copyfile(Path(folder, "weights.h5"), FILES / "weights.h5")
        undated(Path(folder, "model.keras"), FILES / "model.keras")


def undated(made: Path, file: Path) -> None:
    """The same archive, without the time at which it was made."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            data = re.sub(rb'(?<="shared_object_id": )\d+', b"1", old.read(name))
            data = re.sub(rb'(?<="date_saved": )"[^"]+"', b'"2025-10-09@08:53:20"', data)
            new.writestr(zipfile.ZipInfo(name, DATE), data)


TORCH = """
import sys, torch
torch.manual_seed(0)
state = torch.nn.Linear(4, 2).state_dict()
torch.save({"epoch": 3, "state_dict": state}, sys.argv[1] + "/checkpoint.pt")
torch.save({"bias": state["bias"]}, sys.argv[1] + "/legacy.pt", _use_new_zipfile_serialization=False)
"""


def torch_files() -> None:
    subprocess.run(["/usr/bin/python3", "-c", TORCH, FILES], check=True)
    legacy = FILES / "legacy.pt"
    address = re.compile(rb"(?<=\0\0\0)\d{6,}")  # the storage's key
    legacy.write_bytes(address.sub(lambda found: b"1".zfill(len(found[0])), legacy.read_bytes()))


if __name__ == "__main__":
    main()

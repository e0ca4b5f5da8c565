# mypy: ignore-errors
# Its libraries are in an environment of its own.
"""Files of formats that hold no pickle, and archives of them."""
# ruff: noqa: SIM905 - untyped libraries, and tables of values, many to a line

import os
import pathlib
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

from writing import Folder

__all__ = ["archives", "gguf", "keras", "onnx", "safetensors"]


def safetensors(out: Folder) -> None:
    """Tensors of every type and shape, with and without metadata."""
    import numpy as np
    import torch
    from safetensors.numpy import save_file
    from safetensors.torch import save_file as save_torch

    for number in range(50):
        tensors = {
            f"layers.{layer}.weight": np.full((number + 1, 4), layer, "f4") for layer in range(number % 5 + 1)
        }
        out.write(
            "model.safetensors",
            lambda path, t=tensors, n=number: save_file(
                t, path, {"format": "pt", "n": str(n)} if n % 2 else None
            ),
        )
    for name in "float32 float16 bfloat16 int8 uint8 int64 bool float64 int32 int16".split():
        for shape in ((), (0,), (3,), (2, 3, 4)):
            out.write(
                f"{name}.safetensors",
                lambda path, n=name, s=shape: save_torch(
                    {"w": torch.zeros(s, dtype=getattr(torch, n))}, path
                ),
            )


def gguf(out: Folder) -> None:
    """Small models with every type of value."""
    import gguf as library
    import numpy as np

    for number in range(80):
        arch = ("llama", "qwen2", "gemma", "bert")[number % 4]

        def write(path: str, arch: str = arch, number: int = number) -> None:
            writer = library.GGUFWriter(path, arch)
            writer.add_context_length(512 + number)
            writer.add_name(f"model {number}")
            writer.add_bool("general.flag", number % 2 == 0)
            writer.add_float32("general.rate", number / 7)
            writer.add_token_list([f"t{each}" for each in range(number * 5 + 2)])
            if number % 3 == 0:
                writer.add_chat_template("{% for message in messages %}{{ message['content'] }}{% endfor %}")
            writer.add_tensor(
                "token_embd.weight", np.zeros((4, 32), np.float32 if number % 2 else np.float16)
            )
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()

        out.write("model.gguf", write)


def onnx(out: Folder) -> None:
    """Graphs of one to a few operations, and what torch exports cannot do without."""
    import numpy as np
    import onnx as library

    helper = library.helper
    operations = (
        "Relu Sigmoid Tanh Abs Neg Exp Sqrt Floor Ceil Identity Softplus Erf Sign Sin Cos Softmax".split()
    )
    for number in range(96):
        names = operations[number % 16 :][:3]
        nodes = [
            helper.make_node(op, [f"x{place}"], [f"x{place + 1}"], name=f"n{place}")
            for place, op in enumerate(names)
        ]
        nodes.append(helper.make_node("Add", [f"x{len(names)}", "w"], ["y"]))
        value = helper.make_tensor_value_info
        weights = library.numpy_helper.from_array(np.ones((1, number % 5 + 1), np.float32), "w")
        graph = helper.make_graph(
            nodes, "g", [value("x0", 1, ["n", number % 5 + 1])], [value("y", 1, None)], [weights]
        )
        model = helper.make_model(
            graph, producer_name="pytorch", opset_imports=[helper.make_opsetid("", 13 + number % 6)]
        )
        out.write("model.onnx", lambda path, m=model: library.save(m, path))


def keras(out: Folder) -> None:
    """Sequential and functional models: .keras, HDF5, weights alone."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras as library

    layers = library.layers
    makes: tuple[Callable[[], list[Any]], ...] = (
        lambda: [layers.Dense(4, activation="relu"), layers.Dropout(0.2), layers.Dense(1)],
        lambda: [layers.Reshape((8, 1)), layers.LSTM(3), layers.Dense(2, activation="softmax")],
        lambda: [layers.Reshape((8, 1)), layers.Conv1D(2, 3), layers.Flatten(), layers.Dense(1)],
        lambda: [
            layers.BatchNormalization(),
            layers.Dense(3, kernel_regularizer="l2"),
            layers.LayerNormalization(),
        ],
        lambda: [
            layers.Reshape((8, 1)),
            layers.Bidirectional(layers.GRU(2)),
            layers.Dense(1, activation="gelu"),
        ],
    )
    for number in range(35):
        model = library.Sequential([library.Input((8,)), *makes[number % len(makes)]()])
        model.compile(optimizer=("adam", "sgd", "rmsprop")[number % 3], loss="mse")
        out.write("model.keras", model.save)
        out.write("model.h5", model.save)
        out.write("model.weights.h5", model.save_weights)


def archives(out: Folder) -> None:
    """Honest files, packed as people pack them to send them around."""
    import joblib
    import numpy as np

    for number in range(20):
        home = out.place / "parts"
        home.mkdir(exist_ok=True)
        joblib.dump({"w": np.arange(number + 1)}, home / "model.joblib")
        np.save(home / "data.npy", np.arange(number + 3))
        (home / "README.md").write_text(f"# Model {number}\n\nRead <https://example.org/models/{number}>.\n")

        def zipped(path: str, home: pathlib.Path = home) -> None:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for each in sorted(home.iterdir()):
                    archive.write(each, f"model/{each.name}")

        def tarred(path: str, home: pathlib.Path = home) -> None:
            with tarfile.open(path, "w:gz" if path.endswith("gz") else "w") as archive:
                archive.add(home, "model")

        out.write("model.zip", zipped)
        out.write("model.tar.gz", tarred)
        out.write("model.tar", tarred)
        for each in home.iterdir():
            each.unlink()
        home.rmdir()

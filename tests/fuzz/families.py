"""What is fuzzed together: formats that share their parsers. Every format belongs to one family."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["FAMILIES"]

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pickles": ("pickle", "joblib", "pytorch-legacy", "npy", "npz"),
        "torch": ("pytorch", "pytorch-export", "pytorch-package", "torchserve", "skops"),
        "headers": ("gguf", "ggml", "safetensors", "llamafile", "paddle-params", "tensorrt", "rknn"),
        "graphs": ("onnx", "core-ml", "paddle", "sentencepiece", "tflite", "catboost"),
        "tensorflow": (
            *("saved-model", "graph-def", "meta-graph", "graph-text", "keras-metadata", "tensorflow-index"),
            *("saved-model-fingerprint", "tensorflow-weights"),
        ),
        "keras": ("keras", "hdf5"),
        "tables": ("xgboost", "lightgbm", "r-serialized", "pmml", "openvino"),
        "archives": ("zip", "tar", "ar", "cpio", "nemo", "7z", "other-archive"),
        "streams": ("gzip", "bzip2", "xz", "zstd", "lz4", "zlib"),
        "code": (
            *(
                "python-source",
                "python-bytecode",
                "python-path-file",
                "python-requirements",
                "script",
                "notebook",
                "page",
            ),
            "executable",
        ),
        "texts": ("json", "yaml", "toml", "ini", "jinja", "text", "media"),
    }
)

"""What the names in a configuration of Keras refer to, and which of them act when the model is built.

Keras looks classes and functions up by module and name. Current versions only find what is Keras' own or was
registered by the program; older ones import whatever module the file names and call what they find there
(CVE-2025-1550, CVE-2025-8747, CVE-2025-9905, CVE-2025-9906).

Source: keras/src/saving/serialization_lib.py and keras/src/legacy/saving/serialization.py.
"""

import json
import re
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

from ringfence.artifacts.pickles.policy import Kind, danger, kind_of

__all__ = ["Referred", "referred", "tensorflow_danger"]


class Referred(Enum):
    """What a name stands for."""

    KERAS = "Keras' own"
    LIBRARY = "of a library that is well known"
    CUSTOM = "of code that has to be there when the model is loaded"
    FOREIGN = "nothing that a model is made of"
    DANGEROUS = "dangerous"


# Each acts by itself when it is called, or takes down what protects against the others.
_ACTING: Final = {
    "get_file": "downloads a file",
    "enable_unsafe_deserialization": "switches the protection against code off",
    "load_model": "loads another model",
    "model_from_json": "builds another model",
    "load_weights": "reads another file",
    "save_model": "writes a file",
    "save_weights": "writes a file",
    "save_img": "writes a file",
    "load_img": "reads a file",
    "deserialize_keras_object": "builds another object",
    "register_keras_serializable": "changes what names mean",
    "func_load": "runs Python code",
    "audio_dataset_from_directory": "reads files",
    "image_dataset_from_directory": "reads files",
    "text_dataset_from_directory": "reads files",
    "TorchModuleWrapper": "loads a pickle",
}
_KERAS: Final = re.compile(
    r"(?:keras|tf_keras|keras_core|(?:tensorflow|tf)(?:\.compat\.v[12])?\.keras|tensorflow\.python\.keras)"
    r"(?:\.|$)"
)
_LIBRARIES: Final = frozenset(
    (
        *("keras_hub", "keras_nlp", "keras_cv", "keras_rs", "tensorflow", "tensorflow_addons"),
        *("tensorflow_hub", "tensorflow_text", "tensorflow_probability"),
        *("tensorflow_model_optimization", "transformers", "tensorflow_decision_forests"),
        *("tensorflow_recommenders", "tf_agents", "qkeras", "official"),
    )
)
# Where Keras keeps what models are made of; elsewhere are its tools.
_PARTS: Final = frozenset(
    (
        *("activations", "applications", "constraints", "distillation", "dtype_policies"),
        *("initializers", "layers", "losses", "metrics", "mixed_precision", "models", "ops"),
        *("optimizers", "quantizers", "random", "regularizers", "trainers", "engine"),
        *("feature_column", "nn", "premade_models", "initializers_v2", "compile_utils"),
        *("backend", "src", "api", "_tf_keras", "legacy", "legacy_tf_layers"),
    )
)
# Its tools, which train, fetch and convert: no model is made of them.
_TOOLS: Final = frozenset(("callbacks", "datasets", "export", "saving", "tree", "utils"))
_TENSORFLOW: Final = {
    "py_function": "calls Python code",
    "py_func": "calls Python code",
    "numpy_function": "calls Python code",
    "read_file": "reads a file",
    "write_file": "writes a file",
    "matching_files": "lists files",
    "load_library": "loads native code",
    "load_op_library": "loads native code",
    "load_file_system_library": "loads native code",
    "load_pluggable_device_library": "loads native code",
    "import_graph_def": "runs another graph",
    "gfile": "touches files",
    "GFile": "touches files",
    "saved_model": "loads another model",
}
# What numeric libraries have that works on more than numbers is never part of a model.
_NUMERIC: Final = frozenset(("numpy", "scipy", "pandas", "sklearn", "torch", "jax", "joblib"))
_PLAIN: Final = frozenset(("dict", "list", "tuple", "set", "int", "float", "str", "bool", "bytes", "slice"))


@cache
def _listed(what: str) -> frozenset[str]:
    path = Path(__file__).parent / "keras_names.json"
    return frozenset(json.loads(path.read_text(encoding="utf-8"))[what])


def referred(module: str, name: str, *, function: bool) -> tuple[Referred, str]:
    """What `name` of `module` (empty where the configuration says none) is, and why in a few words."""
    if not module:
        return _without_module(name)
    if module == "builtins":
        return _builtin(name, function=function)
    if found := _KERAS.match(module):
        return _of_keras(module[found.end() :], name, function=function)
    return _of_others(module, name, function=function)


def tensorflow_danger(symbol: str) -> str | None:
    """What is dangerous about a function of TensorFlow's, as `io.read_file`, in a few words."""
    return next((_TENSORFLOW[part] for part in symbol.split(".") if part in _TENSORFLOW), None)


def _without_module(name: str) -> tuple[Referred, str]:
    if name in _ACTING:
        return Referred.DANGEROUS, _ACTING[name]
    library, _, rest = name.partition(">")
    plain = rest if library == "Custom" else name  # version 2 says that of its own classes, too
    if plain in _listed("classes") or plain in _listed("functions"):
        return Referred.KERAS, ""
    return (Referred.LIBRARY, library) if rest and library in _PACKAGES else (Referred.CUSTOM, "")


# Under these, libraries register their classes.
_PACKAGES: Final = _LIBRARIES | {"Addons", "Vision", "Text", "keras_hub", "keras_nlp", "keras_cv"}


def _builtin(name: str, *, function: bool) -> tuple[Referred, str]:
    if name in _ACTING:
        return Referred.DANGEROUS, _ACTING[name]
    if name in _listed("functions") or (not function and name in _PLAIN):
        return Referred.KERAS, ""
    why = danger("builtins", name)
    return (Referred.DANGEROUS, why) if why else (Referred.CUSTOM, "")


def _of_keras(rest: str, name: str, *, function: bool) -> tuple[Referred, str]:
    for each in (*rest.split("."), *name.split(".")):
        if each in _ACTING:
            return Referred.DANGEROUS, _ACTING[each]
    if name in _listed("functions" if function else "classes"):
        return Referred.KERAS, ""
    if "." in name or (function and not _PARTS.issuperset(rest.split("."))):
        return Referred.FOREIGN, ""
    first = rest.removeprefix("src.").partition(".")[0]
    if first in _TOOLS:
        return Referred.FOREIGN, ""
    return (Referred.KERAS if name[:1].isupper() and first in _PARTS else Referred.CUSTOM), ""


def _of_others(module: str, name: str, *, function: bool) -> tuple[Referred, str]:
    top = module.partition(".")[0]
    if top in ("tensorflow", "tf") and (why := tensorflow_danger(f"{module}.{name}")):
        return Referred.DANGEROUS, why
    kind = kind_of(module, name)
    if kind is Kind.DANGEROUS:
        return Referred.DANGEROUS, danger(module, name) or ""
    if kind in (Kind.STANDARD_LIBRARY, Kind.DOTTED, Kind.MODULE):
        return Referred.FOREIGN, kind.value
    if top in _LIBRARIES or kind in (Kind.LIBRARY, Kind.DATA):
        return Referred.LIBRARY, top
    return (Referred.FOREIGN if function and top in _NUMERIC else Referred.CUSTOM), ""

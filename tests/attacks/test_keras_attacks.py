"""Keras models that act when they are loaded, in all the clothes that were seen or thought of."""

import base64
import builtins
import io
import json
import marshal
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real.model_files import sample
from ringfence.artifacts.judging import Judged, judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict
from zipping import zipped


def _judged(data: bytes, name: str = "model.keras") -> Judged:
    return judge(Reader.of_bytes(data, budget=judging_budget()), name=name)


def _said(found: Judged) -> tuple[str, set[str]]:
    return found.judgement.verdict.value, {each.check for each in found.spotted}


def _weights() -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["layers/dense/vars/0"] = np.zeros((2, 2), np.float32)
    return out.getvalue()


WEIGHTS = _weights()


def _keras(*layers: Any, extra: dict[str, bytes] | None = None, name: str = "config.json") -> bytes:
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.0.0"}))
        archive.writestr(name, json.dumps({**config, "registered_name": None}))
        archive.writestr("model.weights.h5", WEIGHTS)
        for path, data in (extra or {}).items():
            archive.writestr(path, data)
    return out.getvalue()


def _h5(*layers: Any, training: Any = None) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.attrs["model_config"] = json.dumps(
            {"class_name": "Sequential", "config": {"layers": list(layers)}}
        )
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        file.create_group("model_weights")
    return out.getvalue()


def _layer(module: str | None, name: str, config: Any, **more: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": None, **more}


def _code(source: str) -> str:
    function = eval(source)
    return base64.encodebytes(marshal.dumps(function.__code__)).decode()


def _lambda(source: str) -> dict[str, Any]:
    value = {"class_name": "__lambda__", "config": {"code": _code(source), "defaults": None, "closure": None}}
    return _layer("keras.layers", "Lambda", {"name": "l", "function": value})


COMMAND = "lambda x: __import__('os').system('true') or x"


def test_a_lambda_layer_that_names_what_runs_commands_is_malicious() -> None:
    assert _said(_judged(_keras(_lambda(COMMAND)))) == ("malicious", {"keras-code"})


def test_a_lambda_layer_that_only_counts_is_suspicious() -> None:
    assert _said(_judged(_keras(_lambda("lambda x: x / 2")))) == ("suspicious", {"keras-code"})


@pytest.mark.parametrize(
    "source",
    [
        "lambda x: eval('1')",
        "lambda x: [c for c in ().__class__.__base__.__subclasses__()]",
        "lambda x: getattr(x, 'sys' + 'tem')('true')",
        "lambda x: (lambda y: open('/srv/x', 'w'))(x)",
        "lambda x, f=None: exec('pass')",
    ],
)
def test_code_in_other_clothes_is_malicious(source: str) -> None:
    assert _judged(_keras(_lambda(source))).judgement.verdict == Verdict.MALICIOUS


def test_code_that_is_not_base64_is_code() -> None:
    layer = _lambda(COMMAND)
    layer["config"]["function"]["config"]["code"] = "ÿ" + base64.b64decode(_code(COMMAND)).decode("latin-1")
    assert _judged(_keras(layer)).judgement.verdict == Verdict.MALICIOUS


def test_code_outside_of_a_layer_is_found() -> None:
    value = {"class_name": "__lambda__", "config": {"value": [_code(COMMAND), None, None]}}
    assert _said(_judged(_keras(_layer("keras.layers", "Dense", {"units": 1, "activation": value})))) == (
        "malicious",
        {"keras-code"},
    )


def test_the_older_format_keeps_code_in_lists() -> None:
    code = [_code(COMMAND), None, None]
    for function in (code, {"class_name": "__tuple__", "items": code}):
        config = {"name": "l", "function": function, "function_type": "lambda"}
        found = _judged(_h5({"class_name": "Lambda", "config": config}), "model.h5")
        assert _said(found) == ("malicious", {"keras-code"})


def test_code_in_what_a_model_was_trained_with_is_found() -> None:
    loss = {"class_name": "__lambda__", "config": {"value": [_code(COMMAND), None, None]}}
    assert _said(_judged(_h5(training={"loss": loss}), "model.h5")) == ("malicious", {"keras-code"})


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("subprocess", "Popen"),
        ("builtins", "exec"),
        ("keras.utils", "get_file"),
        ("keras.src.utils.file_utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.models", "load_model"),
        ("keras.src.utils.python_utils", "func_load"),
        ("tensorflow", "io.write_file"),
        ("tensorflow.python.ops.gen_io_ops", "write_file"),
        ("tensorflow.keras.utils", "get_file"),
    ],
)
@pytest.mark.parametrize("as_function", [True, False])
def test_what_acts_when_it_is_called_is_malicious(module: str, name: str, as_function: bool) -> None:
    layer = _layer(module, "function", name) if as_function else _layer(module, name, {"cmd": "true"})
    assert _said(_judged(_keras(layer))) == ("malicious", {"keras-dangerous-object"})


@pytest.mark.parametrize(
    ("module", "name"), [("numpy", "load"), ("difflib", "ndiff"), ("keras.utils", "pack")]
)
def test_what_no_model_is_made_of_is_at_least_suspicious(module: str, name: str) -> None:
    assert _judged(_keras(_layer(module, "function", name))).judgement.verdict >= Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("module", "name"), [("keras.callbacks", "CSVLogger"), ("keras.src.utils.module_utils", "LazyModule")]
)
def test_a_tool_of_keras_is_no_part_of_a_model(module: str, name: str) -> None:
    assert _judged(_keras(_layer(module, name, {"filename": "x"}))).judgement.verdict == Verdict.SUSPICIOUS


def test_a_type_is_looked_up_as_a_class_is() -> None:
    layer = _layer("subprocess", "__typespec__", [], spec_name="Popen")
    assert _said(_judged(_keras(layer))) == ("malicious", {"keras-dangerous-object"})


def test_a_custom_class_is_unknown() -> None:
    layer = _layer("acme.layers", "Own", {}) | {"registered_name": "acme>Own"}
    assert _said(_judged(_keras(layer))) == ("unknown", {"keras-custom-object"})


def test_a_name_that_hides_behind_a_layer_of_keras_is_unknown() -> None:
    layer = _layer("keras.layers", "Dense", {"units": 1}) | {"registered_name": "acme>Evil"}
    assert _said(_judged(_keras(layer))) == ("unknown", {"keras-custom-object"})


@pytest.mark.parametrize("path", ["/etc/passwd", "vocab.txt", "https://example.org/v"])
def test_a_vocabulary_outside_the_model_is_suspicious(path: str) -> None:
    layer = _layer("keras.layers", "StringLookup", {"vocabulary": path})
    assert _said(_judged(_keras(layer))) == ("suspicious", {"keras-outside-file"})


def test_a_graph_outside_the_model_is_suspicious() -> None:
    layer = _layer("keras.layers", "TFSMLayer", {"filepath": "/srv/graph"})
    assert _said(_judged(_keras(layer))) == ("suspicious", {"keras-outside-file"})


def test_a_wrapped_module_of_pytorch_is_a_pickle() -> None:
    data = base64.b64encode(pickle.dumps(_Acts())).decode()
    found = _judged(_keras(_layer("keras.layers", "TorchModuleWrapper", {"module": data})))
    assert found.judgement.verdict == Verdict.MALICIOUS
    assert {"keras-dangerous-object", "pickle-dangerous-call"} <= _said(found)[1]


def test_an_operation_by_its_symbol_is_malicious() -> None:
    layer = {"class_name": "TFOpLambda", "config": {"name": "w", "function": "io.write_file"}}
    assert _said(_judged(_h5(layer), "m.h5")) == ("malicious", {"keras-dangerous-object"})


class _Acts:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return builtins.eval, ("1",)


@pytest.mark.parametrize("name", ["extra.pkl", "assets/layers/x/data.bin", "config.json.bak"])
def test_a_pickle_among_the_members_is_found(name: str) -> None:
    found = _judged(_keras(extra={name: pickle.dumps(_Acts())}))
    assert (found.format, found.judgement.verdict) == ("keras", Verdict.MALICIOUS)


@pytest.mark.parametrize("name", ["Config.json", "other/config.json", "config.json."])
def test_every_configuration_is_judged_where_there_are_two(name: str) -> None:
    evil = json.dumps(_lambda(COMMAND)).encode()
    assert _judged(_keras(extra={name: evil})).judgement.verdict == Verdict.MALICIOUS


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_second_configuration_of_one_name_is_judged_too() -> None:
    for first, second in (
        (b"{}", json.dumps(_lambda(COMMAND)).encode()),
        (json.dumps(_lambda(COMMAND)).encode(), b"{}"),
    ):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("metadata.json", b"{}")
            archive.writestr("config.json", first)
            archive.writestr("config.json", second)
            archive.writestr("model.weights.h5", WEIGHTS)
        assert _judged(out.getvalue()).judgement.verdict == Verdict.MALICIOUS


def test_a_key_twice_in_a_configuration_is_suspicious() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("metadata.json", b"{}")
        archive.writestr("config.json", b'{"class_name": "Lambda", "class_name": "Sequential"}')
        archive.writestr("model.weights.h5", WEIGHTS)
    assert _judged(out.getvalue()).judgement.verdict == Verdict.SUSPICIOUS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_a_configuration_in_another_encoding_is_judged_as_keras_reads_it(encoding: str) -> None:
    config = {"class_name": "Sequential", "config": {"layers": [_lambda(COMMAND)]}}
    members = {"metadata.json": b"{}", "model.weights.h5": WEIGHTS}
    data = zipped({**members, "config.json": json.dumps(config).encode(encoding)})
    assert _judged(data).judgement.verdict is Verdict.MALICIOUS


def test_both_values_of_a_key_that_stands_twice_are_judged() -> None:
    for first, second in ((json.dumps(_lambda(COMMAND)), "1"), ("1", json.dumps(_lambda(COMMAND)))):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("metadata.json", b"{}")
            archive.writestr("config.json", f'{{"config": {first}, "config": {second}}}')
            archive.writestr("model.weights.h5", WEIGHTS)
        assert _judged(out.getvalue()).judgement.verdict == Verdict.MALICIOUS


def test_numbers_that_only_python_writes_are_no_reason_to_stop() -> None:
    layer = _layer("keras.layers", "Masking", {"mask_value": float("nan"), "x": float("inf")})
    assert _said(_judged(_keras(layer))) == ("clean", set())


def test_a_pickle_before_an_hdf5_file_is_found() -> None:
    out = io.BytesIO()
    with h5py.File(out, "w", userblock_size=512) as file:
        file["w"] = np.zeros(3, np.float32)
    data = pickle.dumps(_Acts()).ljust(512, b"\0") + out.getvalue()[512:]
    assert _judged(data, "model.h5").judgement.verdict == Verdict.MALICIOUS


def test_what_lies_behind_an_hdf5_file_is_found() -> None:
    found = _judged(WEIGHTS + pickle.dumps(_Acts()), "model.h5")
    assert found.judgement.verdict == Verdict.MALICIOUS


def test_a_pickle_in_place_of_weights_or_a_text_is_found() -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["w"] = np.frombuffer(pickle.dumps(_Acts()), np.uint8)
    assert _judged(out.getvalue(), "model.h5").judgement.verdict >= Verdict.SUSPICIOUS
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.attrs["x"] = np.void(pickle.dumps(_Acts()))
    assert _judged(out.getvalue(), "model.h5").judgement.verdict >= Verdict.SUSPICIOUS


def _linked(write: Callable[[h5py.File], object]) -> set[str]:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        write(file)
    return _said(_judged(out.getvalue(), "model.h5"))[1]


def test_data_in_other_files_is_suspicious(tmp_path: Path) -> None:
    other = str(tmp_path / "other.h5")
    assert _linked(lambda f: f.__setitem__("a", h5py.ExternalLink(other, "/x"))) == {"hdf5-outside-file"}
    assert _linked(lambda f: f.create_dataset("a", (4,), "f4", external=[(other, 0, 16)])) == {
        "hdf5-outside-file"
    }
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(other, "x", (4,))
    assert _linked(lambda f: f.create_virtual_dataset("a", layout)) == {"hdf5-outside-file"}


def test_links_in_circles_and_to_nowhere_end() -> None:
    def write(file: h5py.File) -> None:
        group = file.create_group("a/b/c")
        group["up"] = file["a"]
        group["soft"] = h5py.SoftLink("/nowhere")

    assert _linked(write) == set()


def test_an_array_that_no_file_could_hold_is_suspicious() -> None:
    def write(file: h5py.File) -> None:
        file.create_dataset("a", (2**40,), "f4", chunks=(2**10,), compression="gzip")

    assert _linked(write) == {"does-not-fit"}


def test_without_its_library_an_hdf5_file_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    assert _said(_judged(WEIGHTS, "model.h5")) == ("inconclusive", {"needs-extra"})


@pytest.mark.parametrize("name", ["plain.keras", "plain.h5", "data.h5", "latest.h5"])
def test_a_file_of_the_real_library_is_clean_and_no_beginning_of_it_is(name: str) -> None:
    data = sample(name)
    assert _said(_judged(data, name)) == ("clean", set())
    for size in (*range(0, len(data), 97), *range(len(data) - 100, len(data))):
        assert _judged(data[:size], name).judgement.verdict > Verdict.UNKNOWN, size


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_configuration_makes_it_raise(data: st.DataObject) -> None:
    names = st.sampled_from(
        ["class_name", "module", "config", "registered_name", "function", "vocabulary", "x"]
    )
    words = st.sampled_from(
        ["Lambda", "__lambda__", "function", "__typespec__", "os", "builtins", "TFSMLayer"]
    )
    leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | words
    tree = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
        max_leaves=12,
    )
    assert _judged(_keras(data.draw(tree))).format == "keras"


# The same bytes every time: over some the library never ends, which the judging process' time limit is for.
@settings(deadline=None, max_examples=60, derandomize=True)
@given(at=st.integers(0, len(WEIGHTS) - 1), byte=st.integers(0, 255))
def test_no_broken_hdf5_file_makes_it_raise(at: int, byte: int) -> None:
    data = bytearray(WEIGHTS)
    data[at] = byte
    assert isinstance(_judged(bytes(data), "model.h5").judgement.verdict, Verdict)

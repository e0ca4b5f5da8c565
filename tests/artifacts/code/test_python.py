"""What Python source comes to: by what it calls, when, and how openly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.code.python import judge_python
from ringfence.artifacts.problems import Malformed
from ringfence.core.findings import Severity
from ringfence.core.limits import LIMITS
from ringfence.core.verdicts import Verdict, verdict_of


def verdict(source: str) -> Verdict:
    found = judge_python(source.encode())
    return max((verdict_of(each.severity, each.confidence) for each in found), default=Verdict.CLEAN)


def seen(source: str) -> list[tuple[str, Severity, str]]:
    return [(each.check, each.severity, each.evidence[0]) for each in judge_python(source.encode())]


@pytest.mark.parametrize(
    "source",
    [
        "",
        '"""Documentation."""\n',
        '__version__ = "1.0"\n__all__ = ["a", "b"]\nSIZES: dict = {"a": -1}\n',
        "from __future__ import annotations\n",
    ],
)
def test_constants_and_documentation_are_clean(source: str) -> None:
    assert verdict(source) == Verdict.CLEAN


@pytest.mark.parametrize(
    "source",
    [
        "import torch\n\nclass M(torch.nn.Module):\n    def forward(self, x):\n        return x + 1\n",
        "import subprocess\n\nif __name__ == '__main__':\n    subprocess.run(['make'])\n",
        "import requests\n\ndef fetch(url):\n    return requests.get(url).content\n",
        "import subprocess\nVERSION = subprocess.check_output(['git', 'describe'])\n",
        "import os\n\nTOKEN = os.environ.get('HF_TOKEN')\n",
        "exec('''def reraise(error):\n    raise error\n''')\n",
        "def build(fields):\n    exec('def f(): pass\\n' + fields)\n",
        "import requests\nsession = requests.Session()\n",
        (
            "from transformers import PreTrainedModel as P\n\nclass M(P):\n    def forward(self, u):\n"
            "        import requests\n        return requests.get(u, stream=True).raw\n"
        ),
    ],
)
def test_everyday_code_is_unknown_and_no_worse(source: str) -> None:
    assert verdict(source) == Verdict.UNKNOWN


def test_what_functions_do_is_told_with_when_and_where() -> None:
    source = "import subprocess\n\ndef make():\n    subprocess.run(['make', 'data'])\n"
    said = "runs a command: subprocess.run(make data), in a function, line 4"
    assert seen(source) == [("python-code", Severity.LOW, said)]


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.system('true')\n",
        "from os import system as s\ns('true')\n",
        "from os import *\nsystem('true')\n",
        "import socket\nsocket.create_connection(('host', 1))\n",
        "def run():\n    import os\n    os.popen('true')\n\nrun()\n",
        "class M:\n    import os\n    os.system('true')\n",
        "def f(x=__import__('os').system('true')): pass\n",
        "def f(x: __import__('os').system('true')): pass\n",
        (
            "from torch import nn\n\nclass M(nn.Module):\n    def __init__(self):\n        self.go()\n\n"
            "    def go(self):\n        import os\n        os.system('true')\n"
        ),
        "class M:\n    def __reduce__(self):\n        import os\n        return os.system, ('true',)\n",
    ],
)
def test_leaving_the_process_on_loading_is_suspicious(source: str) -> None:
    assert verdict(source) == Verdict.SUSPICIOUS


def test_where_it_stands_is_said_in_bytes_and_lines() -> None:
    (found, _) = judge_python(b"import os\n\nos.system('true')\n")
    assert (found.at, found.evidence) == (11, ("runs a command: os.system(true)", "when imported, line 3"))


def test_what_is_no_python_is_inconclusive() -> None:
    assert verdict("print 'hello'\n") == Verdict.INCONCLUSIVE


def test_more_python_than_is_read_is_over_the_limit() -> None:
    with pytest.raises(Malformed, match="bytes of Python"):
        list(judge_python(b"#" * (LIMITS.python_bytes + 1)))


def test_a_node_of_comfyui_is_told_as_one() -> None:
    assert [check for check, _, _ in seen("class A: pass\nNODE_CLASS_MAPPINGS = {'A': A}\n")] == [
        "comfyui-node"
    ]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_judged(data: bytes) -> None:
    list(judge_python(data))


_PIECES = (
    *(
        "import os\n",
        "from os import *\n",
        "x = ",
        "getattr",
        "(",
        ")",
        "os",
        ".system",
        "'a'",
        "\n",
        "exec",
        ",",
    ),
    *(
        "def f():\n ",
        "class A(",
        "):\n ",
        "lambda: ",
        "[",
        "]",
        "+",
        "__import__",
        "for x in ",
        "{",
        "}",
        ":",
        "1",
    ),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(_PIECES), max_size=30))
def test_any_pieces_of_code_are_judged(pieces: list[str]) -> None:
    list(judge_python("".join(pieces).encode()))

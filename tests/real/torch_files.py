"""Files that PyTorch itself wrote, made by Debian's python3-torch in a process of its own."""

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from needs import missing

__all__ = ["torch_files"]

_PYTHON = Path("/usr/bin/python3")
_WRITE = """
import collections, sys, torch
folder = sys.argv[1]
weights = collections.OrderedDict(
    weight=torch.zeros(3, 4), half=torch.ones(5, dtype=torch.float16), view=torch.zeros(8)[2:4],
)
torch.save(weights, folder + "/zip.pt")
torch.save(weights, folder + "/legacy.pt", _use_new_zipfile_serialization=False)
torch.save(weights, folder + "/protocol4.pt", _use_new_zipfile_serialization=False, pickle_protocol=4)
torch.save(torch.nn.Linear(2, 3), folder + "/module.pt")
torch.jit.script(torch.nn.Linear(2, 3)).save(folder + "/script.pt")
"""


@cache
def torch_files() -> dict[str, bytes]:
    """The files' contents by name: zip.pt, legacy.pt, protocol4.pt, module.pt and script.pt.

    Ends the test when python3-torch is not there.
    """
    if (
        not _PYTHON.exists()
        or subprocess.run([_PYTHON, "-c", "import torch"], check=False, capture_output=True).returncode
    ):
        missing("python3-torch", "apt-get install python3-torch")
    with TemporaryDirectory() as folder:
        subprocess.run([_PYTHON, "-c", _WRITE, folder], check=True, capture_output=True, timeout=120)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}

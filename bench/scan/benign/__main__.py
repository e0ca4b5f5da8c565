# mypy: ignore-errors
# Its libraries are in an environment of its own.
"""Writes honest files as everyday programs write them: `python benign FOLDER [GROUP …]`, a folder for each group.

Runs within an environment of its own (`benign.txt`), whose versions are not those that the lists of known names
were made from. What a library cannot write is no file: such failures are counted, and nothing else is made of them.
"""
# ruff: noqa: E501 - untyped libraries, and tables of values, many to a line

import pathlib
import random
import sys
import warnings

from estimators import boosters, scikit_learn
from formats import archives, gguf, keras, onnx, safetensors
from look_alikes import look_alikes
from networks import torch_modules, torch_training, transformers
from values import functions, numpy, pandas, scipy, stdlib
from writing import Folder

GROUPS = (stdlib, numpy, pandas, scipy, scikit_learn, boosters, torch_modules, torch_training, transformers, safetensors, gguf, onnx, keras, functions, archives)  # fmt: skip
# Made to look like attacks: no measure of everyday files, and written only when asked for by name.
ASKED_FOR = (look_alikes,)


def main(folder: str, *wanted: str) -> None:
    """Writes the groups that are named, or all everyday ones."""
    warnings.simplefilter("ignore")
    random.seed(0)
    for group in (*GROUPS, *ASKED_FOR):
        if group.__name__ not in wanted and (wanted or group in ASKED_FOR):
            continue
        out = Folder(pathlib.Path(folder) / group.__name__)
        group(out)
        print(f"{group.__name__}: {out.made} files, {out.failed} could not be written", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])

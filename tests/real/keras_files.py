"""Files that Keras itself wrote, on its NumPy backend, in a process of its own.

That backend imports SciPy and JAX for functions which saving never calls; empty modules stand in for them.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["keras_files"]

_WRITE = """
import importlib.abc, importlib.machinery, sys, types

class Empty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("scipy", "jax") or name.startswith("keras.src.backend.jax"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        return types.ModuleType(spec.name)
    def exec_module(self, module):
        def attribute(name):
            if name.startswith("__"):
                raise AttributeError(name)
            return module
        module.__getattr__ = attribute

sys.meta_path.insert(0, Empty())
import keras
folder = sys.argv[1]
plain = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, name="d")], name="tiny")
plain.save(folder + "/plain.keras")
plain.save(folder + "/plain.h5")
code = keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x)], name="code")
code.save(folder + "/lambda.keras")
code.save(folder + "/lambda.h5")
"""


@cache
def keras_files() -> dict[str, bytes]:
    """The files' contents by name: plain.keras, plain.h5, lambda.keras and lambda.h5."""
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "KERAS_BACKEND": "numpy", "KERAS_HOME": folder}
        subprocess.run(
            [sys.executable, "-c", _WRITE, folder],
            check=True,
            capture_output=True,
            timeout=120,
            env=environment,
        )
        return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.suffix != ".json"}

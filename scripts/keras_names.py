#!/usr/bin/env python3
"""Writes the list of names that configurations of Keras models may use without saying where they come from.

Run it with the Python of an environment where `keras` (3), `tf_keras` (2) and TensorFlow are installed: their
classes with a configuration and their functions for tensors are listed. Prints the versions that it saw.
"""

import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

TARGET = Path(__file__).parent.parent / "src/ringfence/artifacts/keras_names.json"

# Where functions only make tensors from tensors.
PLACES = ("activations", "losses", "metrics", "initializers", "regularizers", "constraints", "ops", "nn")
# What is listed by no name: it reads files or runs what a file holds, and is judged by its own rules.
LEFT_OUT = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFOpLambda"}


def modules(root: str) -> list[ModuleType]:
    """All modules of a package that can be imported."""
    package = importlib.import_module(root)
    found = [package]
    for each in pkgutil.walk_packages(package.__path__, root + "."):
        if "test" not in each.name and not each.name.startswith(f"{root}._tf_keras"):
            try:
                found.append(importlib.import_module(each.name))
            except Exception as error:  # noqa: BLE001 - whatever somebody else's module needs is not there
                print(f"left out {each.name}: {type(error).__name__}", file=sys.stderr)
    return found


def main() -> int:
    """Looks into both libraries and writes the list."""
    classes: set[str] = set()
    functions: set[str] = set()
    versions: dict[str, str] = {}
    for root in ("keras", "tf_keras"):
        versions[root] = importlib.import_module(root).__version__
        for module in modules(root):
            for name, value in vars(module).items():
                if inspect.isclass(value) and hasattr(value, "get_config") and root in value.__module__:
                    classes |= {name, value.__name__}
                elif inspect.isfunction(value) and module.__name__.split(".")[-1] in PLACES:
                    functions.add(name)
    listed = {
        "about": "Names of Keras that a model's configuration may use without a module.",
        "made_by": "scripts/keras_names.py",
        "versions": versions,
        "classes": sorted(each for each in classes - LEFT_OUT if not each.startswith("_")),
        "functions": sorted(each for each in functions if not each.startswith("_")),
    }
    TARGET.write_text(json.dumps(listed, separators=(",", ":")) + "\n", encoding="utf-8")
    print(versions, len(listed["classes"]), len(listed["functions"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

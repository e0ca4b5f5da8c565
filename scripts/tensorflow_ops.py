#!/usr/bin/env python3
"""Writes the list of TensorFlow's own operations, by which others are told apart.

Run it with the Python of an environment where `tensorflow` is installed.
"""

import json
import sys
from pathlib import Path

import tensorflow
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

TARGET = Path(__file__).parent.parent / "src/ringfence/artifacts/tensorflow_ops.json"


def main() -> int:
    """Asks TensorFlow's registry and writes the names."""
    found = op_def_pb2.OpList()
    found.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    listed = {
        "about": "Operations that TensorFlow itself has.",
        "made_by": "scripts/tensorflow_ops.py",
        "version": tensorflow.__version__,
        "names": sorted(op.name for op in found.op),
    }
    TARGET.write_text(json.dumps(listed, separators=(",", ":")) + "\n", encoding="utf-8")
    print(tensorflow.__version__, len(listed["names"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

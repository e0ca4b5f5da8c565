#!/usr/bin/env python3
"""Writes the golden folders of zip files and NumPy's arrays, with torch, scikit-learn and skops.

Payloads print a word; nothing here runs them.
"""

import collections
import io
import json
import os
import pickle
import re
import struct
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import skops.io
import torch
from sklearn.linear_model import LogisticRegression
from torch.package import PackageExporter

_GOLDEN = Path(__file__).parent.parent / "golden"


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo hi",)


class _Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def _anywhere(data: bytes) -> bytes:
    """The same without the folders of whoever ran this, which torch writes down; as long as before."""
    found = re.compile(rb"/[\w./-]*/(?=site-packages/|golden_makers/)")
    return found.sub(lambda place: b"/" + b"x" * (len(place[0]) - 2) + b"/", data)


def _write(folder: str, name: str, data: bytes) -> None:
    (_GOLDEN / folder).mkdir(parents=True, exist_ok=True)
    (_GOLDEN / folder / name).write_bytes(data)


def _saved(what: object, **options: object) -> bytes:
    out = io.BytesIO()
    torch.save(what, out, **options)
    return _anywhere(out.getvalue())


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: _anywhere(archive.read(name)) for name in archive.namelist()}


def _pytorch() -> None:
    weights = collections.OrderedDict(weight=torch.zeros(3, 4), half=torch.ones(5, dtype=torch.float16))
    plain, evil = _saved(weights), _saved({"weights": weights, "x": _Payload()})
    _write("pytorch", "state.pt", plain)
    _write("pytorch", "module.pt", _saved(torch.nn.Linear(2, 3)))
    _write("pytorch", "calls-a-command.pt", evil)
    _write("pytorch", "cut-short.pt", plain[: len(plain) // 2])
    shown, hidden = _members(plain), _members(evil)
    _write("pytorch", "deflated.pt", _zip(hidden, zipfile.ZIP_DEFLATED))
    both = {**shown, "other/data.pkl": hidden["archive/data.pkl"]}
    _write("pytorch", "two-pickles.pt", _zip(both))
    script = torch.jit.script(_Net())
    out = io.BytesIO()
    torch.jit.save(script, out)
    _write("pytorch", "script.pt", _zip(_members(out.getvalue()), zipfile.ZIP_DEFLATED))
    code = {
        name: data.replace(b"return (", b'torch.save(x, "x")\n    return (')
        if name.endswith("__torch__.py")
        else data
        for name, data in _members(out.getvalue()).items()
    }
    _write("pytorch", "script-writes-a-file.pt", _zip(code))
    legacy = _saved(weights, _use_new_zipfile_serialization=False)
    _write("pytorch-legacy", "state.pt", legacy)
    _write("pytorch-legacy", "module.pt", _saved(_Net().linear, _use_new_zipfile_serialization=False))
    _write("pytorch-legacy", "calls-a-command.pt", _saved(_Payload(), _use_new_zipfile_serialization=False))
    _write("pytorch-legacy", "cut-short.pt", legacy[:-3])
    _write("pytorch-legacy", "more-behind.pt", legacy + pickle.dumps(_Payload()))


def _exported() -> None:
    out = io.BytesIO()
    torch.export.save(torch.export.export(_Net(), (torch.ones(1, 2),)), out)
    _write("pytorch-export", "program.pt2", _zip(_members(out.getvalue())))
    calls = {
        name: data.replace(b"torch.ops.aten.linear.default", b"torch.os.system")
        for name, data in _members(out.getvalue()).items()
    }
    _write("pytorch-export", "calls-a-command.pt2", _zip(calls))
    packaged = io.BytesIO()
    with PackageExporter(packaged) as exporter:
        exporter.extern("torch.**")
        exporter.extern("collections")
        exporter.save_pickle("model", "model.pkl", collections.OrderedDict(weight=torch.zeros(2)))
        exporter.save_source_string("net", "import torch\n\ndef net(x):\n    return torch.relu(x)\n")
    _write("pytorch-package", "package.pt", packaged.getvalue())
    evil = {**_members(packaged.getvalue())}
    name = next(each for each in evil if each.endswith("model.pkl"))
    evil[name] = pickle.dumps(_Payload())
    _write("pytorch-package", "calls-a-command.pt", _zip(evil))


def _array(what: object) -> bytes:
    out = io.BytesIO()
    np.save(out, what, allow_pickle=True)
    return out.getvalue()


def _numpy() -> None:
    floats, objects = _array(np.zeros((2, 3), np.float32)), _array(np.array([{"a": 1}], object))
    evil = _array(np.array([_Payload()], object))
    records = _array(np.zeros(2, [("a", "<f4"), ("b", "<i8", (2,))]))
    for name, data in {
        "floats.npy": floats,
        "records.npy": records,
        "objects.npy": objects,
        "several.npy": floats + records,
        "calls-a-command.npy": evil,
        "other-name-for-objects.npy": evil.replace(b"'|O'", b"'object'").replace(b"     \n", b" \n"),
        "cut-short.npy": floats[:-1],
        "pickle-behind.npy": floats + pickle.dumps(_Payload()),
    }.items():
        _write("npy", name, data)
    out = io.BytesIO()
    np.savez_compressed(out, a=np.zeros(9), b=np.ones(3, np.int64))
    _write("npz", "arrays.npz", out.getvalue())
    _write("npz", "objects.npz", _zip({"a.npy": objects}))
    _write("npz", "calls-a-command.npz", _zip({"a.npy": floats, "b.npy": evil}, zipfile.ZIP_DEFLATED))
    _write("npz", "cut-short.npz", out.getvalue()[:-30])


def _skops() -> None:
    x = np.arange(12.0).reshape(6, 2)
    model = skops.io.dumps(LogisticRegression().fit(x, [0, 1] * 3), compression=zipfile.ZIP_DEFLATED)
    _write("skops", "logistic.skops", model)
    text = json.loads(_members(model)["schema.json"])
    for name, node in {
        "calls-a-command": {
            "__module__": "os",
            "__class__": "system",
            "__loader__": "ConstructorFromReduceNode",
        },
        "unknown-class": {"__module__": "acme.models", "__class__": "Model", "__loader__": "ObjectNode"},
        "odd-method": {
            "__module__": "builtins",
            "__class__": "str",
            "__loader__": "MethodNode",
            "content": {
                "func": "__reduce__",
                "obj": {"__module__": "x", "__class__": "Y", "__loader__": "ObjectNode"},
            },
        },
    }.items():
        schema = {**text, "extra": node}
        _write("skops", f"{name}.skops", _zip({"schema.json": json.dumps(schema).encode()}))


def _zips() -> None:
    good, evil = pickle.dumps({"a": 1}), pickle.dumps(_Payload())
    _write("zip", "mixed.zip", _zip({"a.pkl": good, "b/c.pkl": good}, zipfile.ZIP_DEFLATED))
    _write("zip", "inner.zip", _zip({"a.zip": _zip({"b.pkl": evil}, zipfile.ZIP_DEFLATED)}))
    _write("zip", "leads-out.zip", _zip({"../../.bashrc.pkl": good}))
    header = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, zlib.crc32(evil), len(evil), len(evil), 5, 0
    )
    whole = _zip({"a.pkl": good})
    at = whole.index(b"PK\1\2")
    moved = bytearray(whole[at:])
    hidden = header + b"b.pkl" + evil
    struct.pack_into("<L", moved, len(moved) - 6, at + len(hidden))
    _write("zip", "hidden-member.zip", whole[:at] + hidden + moved)
    _write("zip", "pickle-behind.zip", whole + evil)
    _write("zip", "cut-short.zip", whole[:-9])
    encrypted = bytearray(_zip({"a.pkl": evil}))
    encrypted[6] |= 1
    encrypted[encrypted.index(b"PK\1\2") + 8] |= 1
    _write("zip", "said-to-be-encrypted.zip", bytes(encrypted))
    manifest = {"runtime": "python", "model": {"modelName": "m", "handler": "text_classifier"}}
    archive = {"m/data.pkl": good}
    served = {"model.pt": _zip(archive), "MAR-INF/MANIFEST.json": json.dumps(manifest).encode()}
    _write("torchserve", "built-in-handler.mar", _zip(served))
    manifest["model"]["handler"] = "handler.py:Handler"
    own = {**served, "MAR-INF/MANIFEST.json": json.dumps(manifest).encode(), "handler.py": b"import torch\n"}
    _write("torchserve", "own-handler.mar", _zip(own))
    _write("torchserve", "calls-a-command.mar", _zip({**own, "model.pt": _zip({"m/data.pkl": evil})}))


def main() -> int:
    """Writes all of them."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for make in (_pytorch, _exported, _numpy, _skops, _zips):
            make()
    return 0


if __name__ == "__main__":
    sys.exit(main())

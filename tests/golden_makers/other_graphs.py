#!/usr/bin/env python3
"""Writes what no library would: models of other frameworks as attackers make them, R's streams by hand."""

import struct
import sys
from pathlib import Path

from raw_headers import wire

__all__ = ["core_ml", "main", "paddle", "paddle_tensor", "r_stream"]

FOLDER = Path(__file__).parent.parent / "golden"


def core_ml(number: int, model: bytes) -> bytes:
    """A Core ML model of the kind that has this field."""
    return wire(1, 4) + wire(2, b"") + wire(number, model)


def paddle(*operators: tuple[bytes, dict[bytes, bytes]]) -> bytes:
    """A program of these operators with their attributes, which are all text."""
    block = wire(1, 0) + wire(2, 2**64 - 1)
    for name, texts in operators:
        attributes = b"".join(
            wire(4, wire(1, key) + wire(2, 2) + wire(5, text)) for key, text in texts.items()
        )
        block += wire(4, wire(3, name) + attributes)
    return wire(1, block) + wire(4, wire(1, 0))


def paddle_tensor(count: int, data: bytes) -> bytes:
    """One tensor of so many F32 elements, and the bytes that it has."""
    header = wire(1, 5) + wire(2, count)
    return bytes(16) + struct.pack("<I", len(header)) + header + data


def r_stream(body: bytes) -> bytes:
    """An object of R in its portable form, version 2."""
    return b"X\n" + struct.pack(">3I", 2, 0x040100, 0x020300) + body


def _r_int(value: int) -> bytes:
    return struct.pack(">I", value)


def _r_symbol(name: bytes) -> bytes:
    return _r_int(1) + _r_int(0x00040009) + _r_int(len(name)) + name


_R_NULL, _R_UNBOUND = _r_int(254), _r_int(252)
_R_CALL = _r_int(6) + _r_symbol(b"q") + _R_NULL
_R_NUMBERS = _r_int(14) + _r_int(2) + struct.pack(">2d", 1.0, 2.0)
_R_NO_ENVIRONMENT = _r_int(242)


def _mil(file_name: bytes) -> bytes:
    value = wire(5, wire(1, file_name) + wire(2, 64))
    operation = wire(1, b"const") + wire(5, wire(1, b"val") + wire(2, value))
    block = wire(3, operation)
    function = wire(1, b"main") + wire(2, wire(3, wire(1, b"CoreML7") + wire(2, block)))
    return core_ml(502, wire(2, function))


def ggml_whisper(tensor: bytes) -> bytes:
    """A file of whisper.cpp with one token and this tensor."""
    numbers = struct.pack("<11I", 51864, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1)
    mels = struct.pack("<2I", 1, 2) + bytes(8)
    return b"lmgg" + numbers + mels + struct.pack("<2I", 1, 3) + b"the" + tensor


_GGML_TENSOR = struct.pack("<4I", 1, 1, 0, 2) + b"w" + bytes(8)


def main() -> int:
    """Writes all of them."""
    custom_layer = wire(1, b"layer") + wire(500, wire(10, b"ACMESharpen"))
    promise = _r_int(5) + _R_UNBOUND + _R_CALL
    in_frame = _r_int(2 | 1 << 10) + _r_symbol(b"a") + promise + _R_NULL
    environment = _r_int(4) + _r_int(0) + _R_NO_ENVIRONMENT + in_frame + _R_NULL + _R_NULL
    files = {
        "core-ml/custom-layer-in-pipeline.mlmodel": core_ml(
            202, wire(1, core_ml(500, wire(1, custom_layer)))
        ),
        "core-ml/custom-model.mlmodel": core_ml(555, wire(10, b"ACMEModel")),
        "core-ml/weights-elsewhere.mlmodel": _mil(b"@model_path/../../secret"),
        "core-ml/weights-beside.mlmodel": _mil(b"@model_path/weights/weight.bin"),
        "core-ml/linked.mlmodel": core_ml(556, wire(1, wire(1, wire(1, b"/Library/other")))),
        "core-ml/cut-short.mlmodel": core_ml(555, wire(10, b"ACMEModel"))[:-4],
        "paddle/honest.pdmodel": paddle((b"feed", {}), (b"relu", {b"op_namescope": b"/"}), (b"fetch", {})),
        "paddle/py-func.pdmodel": paddle((b"py_func", {})),
        "paddle/load.pdmodel": paddle((b"load", {b"file_path": b"../../etc/passwd"})),
        "paddle/engine.pdmodel": paddle((b"tensorrt_engine", {b"engine_key": b"1"})),
        "paddle/cut-short.pdmodel": paddle((b"relu", {}))[:-3],
        "paddle-params/honest.pdiparams": paddle_tensor(2, bytes(8)) + paddle_tensor(1, bytes(4)),
        "paddle-params/impossible.pdiparams": paddle_tensor(2**61, bytes(8)),
        "paddle-params/trailing.pdiparams": paddle_tensor(2, bytes(8)) + b"more",
        "r-serialized/numbers.rds": r_stream(_R_NUMBERS),
        "r-serialized/workspace.rdata": b"RDX2\n" + r_stream(_R_NUMBERS),
        "r-serialized/promise.rds": r_stream(promise),
        "r-serialized/promise-in-list.rds": r_stream(_r_int(19) + _r_int(2) + _R_NUMBERS + promise),
        "r-serialized/kept-promise.rds": r_stream(_r_int(5) + _R_NUMBERS + _R_CALL),
        "r-serialized/promise-in-environment.rds": r_stream(environment),
        "r-serialized/function.rds": r_stream(_r_int(3 | 1 << 10) + _R_NO_ENVIRONMENT + _R_NULL + _R_CALL),
        "r-serialized/cut-short.rds": r_stream(_R_NUMBERS)[:-5],
        "r-serialized/text-form.rdata": b"RDA2\nA\n2\n262400\n131840\n",
        "ggml/whisper.bin": ggml_whisper(_GGML_TENSOR),
        "ggml/whisper-impossible.bin": ggml_whisper(struct.pack("<4I", 1, 1, 0, 2**31) + b"w" + bytes(8)),
        "ggml/whisper-cut-short.bin": ggml_whisper(_GGML_TENSOR)[:-3],
        "ggml/whisper-without-tensors.bin": ggml_whisper(b""),
        "ggml/other.bin": b"lmgg" + struct.pack("<11I", *range(1, 12)) + bytes(40),
        "tensorrt/any.engine": b"ptrt" + bytes(64),
        "rknn/any.rknn": b"RKNN" + bytes(64),
        "xgboost/counted-beyond.ubj": b"{L" + (7).to_bytes(8, "big") + b"learner[$d#L" + b"\x7f" * 8,
        "xgboost/old.model": b"binf" + bytes(64),
        "catboost/beyond.cbm": b"CBM1" + b"\xff\xff\xff\x7f" + bytes(16),
    }
    for name, data in files.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())

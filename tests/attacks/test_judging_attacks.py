"""Files that are cut, spliced, promised or inflated out of all proportion, judged as a whole."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.app.judging.below import FileToJudge
from ringfence.app.judging.wire import answer_from
from ringfence.artifacts.budget import Budget
from ringfence.artifacts.judging import judge
from ringfence.artifacts.reader import Reader
from telling import told, verdict

_GOLDEN = Path(__file__).parent.parent / "golden"
_FINE = ("clean", "known-library")

# What is text or lines has many beginnings that are whole; and of the others, those that are.
_ANY_BEGINNING_IS_WHOLE = {
    *("ini", "jinja", "python-path-file", "python-requirements", "python-source", "script", "text", "toml"),
    *("yaml", "media", "page", "tensorflow-weights"),
}
_WHOLE_AS_WELL = {
    ("paddle-params", "honest.pdiparams", 32),  # the first of two tensors
    ("pickle", "two-behind-each-other.pkl", 17),
}


# Half a function's name is another function's.
_NAMES_FUNCTIONS = {"hparams.yaml"}


def _honest() -> Iterator[Path]:
    for expected in sorted(_GOLDEN.glob("*/expected.json")):
        for name, said in json.loads(expected.read_text()).items():
            if said["verdict"] in _FINE and name not in _NAMES_FUNCTIONS:
                yield expected.parent / name


def _id(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", list(_honest()), ids=_id)
def test_an_honest_file_that_a_download_cut_short_is_inconclusive_and_no_more(path: Path) -> None:
    data, kind = path.read_bytes(), path.parent.name
    places = {len(data) * part // 11 for part in range(1, 11)} | {len(data) - 1}
    said = {at: verdict(data[:at], path.name) for at in sorted(places - {0})}
    if kind in _ANY_BEGINNING_IS_WHOLE:
        assert set(said.values()) <= {"clean", "known-library", "unknown", "inconclusive"}
        return
    whole = {at for at in said if (kind, path.name, at) in _WHOLE_AS_WELL or not data[at:].strip()}
    assert {at: what for at, what in said.items() if at not in whole} == dict.fromkeys(
        said.keys() - whole, "inconclusive"
    )


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x7fELF\2\1\1" + bytes(50), "library.so"),
        (b"PK\5\6" + bytes(12), "arrays.npz"),
        (b"[model]\nkey\n  continued\n", "config.cfg"),
    ],
    ids=["half a header of ELF", "half an end record of zip", "a continued key without a value"],
)
def test_what_once_ended_in_an_error_is_inconclusive(data: bytes, name: str) -> None:
    assert verdict(data, name) == "inconclusive", told(data, name)


_TERABYTE = 1 << 40
_STARTS = {
    "x.safetensors": (64).to_bytes(8, "little")
    + b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.ljust(64),
    "x.gguf": b"GGUF" + (3).to_bytes(4, "little") + bytes(16),
    "x.pt": b"PK\3\4" + bytes(26),
    "x.zip": b"PK\5\6" + bytes(18),
    "x.tar": b"",
    "x.npy": b"\x93NUMPY\1\0\x76\0{'descr':'<f8','fortran_order':False,'shape':(9,),}".ljust(127) + b"\n",
    "x.pkl": b"\x80\x04N.",
    "x.onnx": b"\x08\x08\x12\x00",
    "x.h5": b"\x89HDF\r\n\x1a\n",
    "x.gz": b"\x1f\x8b\x08" + bytes(7),
    "x.json": b"{}",
    "x.txt": b"text",
    "x.py": b"x = 1\n",
}


@pytest.mark.parametrize("name", _STARTS)
def test_a_sparse_terabyte_costs_seconds_and_is_not_clean(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(_STARTS[name])
        file.truncate(_TERABYTE)
    budget = Budget(read_bytes=1 << 29, inflated_bytes=1 << 28, files=100, seconds=5)
    started = time.monotonic()
    with path.open("rb") as file:
        found = judge(Reader.of_fd(file.fileno(), budget=budget), name=name)
    assert found.judgement.verdict not in _FINE
    assert time.monotonic() - started < 15


def test_nothing_stays_of_long_headers_that_a_process_makes_up() -> None:
    asked = FileToJudge(path=Path("/a"), name="a", with_header=True)
    tracemalloc.start()
    try:
        for number in range(32):
            header = ["pickle", {}, [["truncated", number, "x" * 2**20]]]
            answer_from(b'{"reason": "x"}\t' + json.dumps(header).encode(), asked)
        assert tracemalloc.get_traced_memory()[0] < 4 * 2**20
    finally:
        tracemalloc.stop()

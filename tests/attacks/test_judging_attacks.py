"""Files that are cut, spliced, promised or inflated out of all proportion, judged as a whole."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from telling import told, verdict

_GOLDEN = Path(__file__).parent.parent / "golden"
_FINE = ("clean", "known-library")

# What is text or lines has many beginnings that are whole; and of the others, those that are.
_ANY_BEGINNING_IS_WHOLE = {
    *("ini", "jinja", "python-path-file", "python-requirements", "python-source", "script", "text", "toml"),
    *("yaml", "media", "tensorflow-weights"),
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

import io
import pickle

import h5py
import numpy as np
import pytest

from telling import told

_ACTS = b"cposix\nsystem\n(S'true'\ntR."


def _with_attribute(text: bytes) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.attrs["info"] = np.bytes_(text)
    return out.getvalue()


def _with_items(*items: bytes, kind: bytes) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        array = file.create_dataset("o", (len(items),), dtype=h5py.vlen_dtype(np.uint8))
        for place, item in enumerate(items):
            array[place] = np.frombuffer(item, np.uint8)
        array.attrs["PSEUDOATOM"] = np.bytes_(kind)
    return out.getvalue()


@pytest.mark.parametrize(
    "text", [_ACTS, _ACTS[:-1] + b"\xff."], ids=["a whole pickle", "one that breaks off"]
)
def test_an_attribute_that_pytables_unpickles_is_judged_as_a_pickle(text: bytes) -> None:
    assert told(_with_attribute(text), "a.h5")[0].startswith("critical pickle-dangerous-call posix.system")


@pytest.mark.parametrize("text", [b"A table of numbers, made by hand.", b"(lp1\nS'values'\np2\na."])
def test_sentences_and_plain_data_that_end_with_a_dot_are_quiet(text: bytes) -> None:
    assert told(_with_attribute(text), "a.h5") == []


def test_what_pytables_pickles_for_items_of_an_array_is_judged_item_by_item() -> None:
    plain = pickle.dumps({"a": [1, 2]}, protocol=4)
    assert told(_with_items(plain, plain, kind=b"object"), "a.h5") == []
    swallows = b"\x80\4X" + len(_ACTS).to_bytes(4, "little")  # would have the next item for a text
    found = told(_with_items(swallows, _ACTS, kind=b"object"), "a.h5")
    assert "critical pickle-dangerous-call posix.system('true'), runs a command" in found

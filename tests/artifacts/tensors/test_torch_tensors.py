import json
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints import checkpoint, pickled, storage, tensor, text, whole
from needs import missing
from ringfence.artifacts.problems import Malformed
from ringfence.artifacts.reader import Reader
from ringfence.artifacts.tensors import torch_tensors
from ringfence.artifacts.tensors.tensor import chunks

PYTHON = "/usr/bin/python3"  # Debian's, with its python3-torch
MAKE = """
import collections, json, sys, torch
torch.manual_seed(7)
x = torch.randn(4, 6, 8)
d = collections.OrderedDict()
for name in sys.argv[3:]:
    d[name] = torch.randint(0, 2, (3, 5)).to(getattr(torch, name))
d["permuted"] = x.permute(2, 0, 1)
d["transposed"] = torch.randn(7, 5).t()
d["sliced"] = x[1:3, ::2, 3:]
d["halves"] = torch.randn(9, 4).to(torch.bfloat16).t()
d["expanded"] = torch.randn(3, 1, 2).expand(3, 4, 2)
d["scalar"] = torch.tensor(3.5)
d["empty"] = torch.zeros(0, 4)
d["tied"] = x
d["parameter"] = torch.nn.Parameter(x[2])
d["inner"] = {"deep": {"er": x[0]}, "list": [x[3], torch.ones(2)]}
d["epoch"] = 3
d["also tied"] = x
torch.save(d, sys.argv[1], _use_new_zipfile_serialization=sys.argv[2] == "zip")
def flat(value, path=""):
    if isinstance(value, torch.Tensor):
        numbers = value.detach().contiguous().reshape(-1)
        dtype = str(value.dtype)[6:]
        yield path, [dtype, list(value.shape), bytes(numbers.view(torch.uint8).tolist()).hex()]
    elif isinstance(value, (dict, list)):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flat(each, f"{path}.{key}" if path else str(key))
print(json.dumps(dict(flat(d))))
"""
DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
FLOATS = bytes(range(24))


def found(data: bytes, key: str | None = None) -> torch_tensors.Checkpoint:
    return torch_tensors.checkpoint(Reader.of_bytes(data), key=key)


def told(data: bytes, key: str | None = None) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    return {
        each.name: (each.dtype, each.shape, b"".join(map(bytes, chunks(each))))
        for each in found(data, key).tensors
    }


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_tensors_of_every_type_and_stride_are_the_bytes_that_pytorch_sees(form: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    done = subprocess.run(
        [PYTHON, "-c", MAKE, str(path), form, *DTYPES], capture_output=True, text=True, check=False
    )
    if "No module named 'torch'" in done.stderr:
        missing("python3-torch", "apt-get install python3-torch")
    assert done.returncode == 0, done.stderr
    expected = {
        name: (DTYPES[dtype], tuple(shape), bytes.fromhex(data))
        for name, (dtype, shape, data) in json.loads(done.stdout).items()
    }
    data = path.read_bytes()
    assert told(data) == expected
    assert found(data).left_out == ("epoch",)
    assert found(data).shared == (("also tied", "tied"),)


def test_types_that_only_younger_versions_write_are_told_by_their_dtype() -> None:
    bytes_ = storage(kind="UntypedStorage", elements=24).replace(b"ctorch\n", b"ctorch.storage\n")
    of = tensor((4,), (1,), of=bytes_, offset=2).replace(b"_v2", b"_v3").replace(b"RtR", b"Rctorch\n%s\ntR")
    values = {name: of.replace(b"%s", name.encode()) for name in ("float8_e4m3fn", "uint16", "uint64")}
    with pytest.raises(Malformed, match="outside"):
        found(checkpoint(values))
    del values["uint64"]
    assert told(checkpoint(values)) == {
        "float8_e4m3fn": ("F8_E4M3", (4,), FLOATS[2:6]),
        "uint16": ("U16", (4,), FLOATS[4:12]),
    }


def test_a_file_of_a_big_endian_machine_is_turned_around() -> None:
    data = whole(pickled({"w": tensor((2,), (3,))}), None, byteorder=b"big")
    assert told(data) == {"w": ("F32", (2,), bytes([3, 2, 1, 0, 15, 14, 13, 12]))}


def test_a_part_of_a_storage_begins_where_its_id_says() -> None:
    part = storage().replace(b"NtQ", b"(" + text("part") + b"I2\nI3\nttQ")
    assert told(checkpoint({"w": tensor((2,), (1,), of=part, offset=1)})) == {
        "w": ("F32", (2,), FLOATS[12:20])
    }
    with pytest.raises(Malformed, match="outside"):
        found(checkpoint({"w": tensor((2,), (1,), of=part, offset=2)}))


def test_a_key_selects_what_lies_below_it_and_names_begin_behind_it() -> None:
    inner = b"}" + text("w") + tensor((6,), (1,)) + b"s"
    data = checkpoint({"state_dict": inner, "optimizer": tensor((6,), (1,)), "epoch": b"I3\n"})
    assert list(told(data)) == ["state_dict.w", "optimizer"]
    assert list(told(data, "state_dict")) == ["w"]
    with pytest.raises(KeyError):
        found(data, "model")


@pytest.mark.parametrize(
    ("opcodes", "why"),
    [
        (tensor((2,), (1,), of=storage(kind="ComplexFloatStorage", elements=3)), "it is of complex64"),
        (tensor((2,), (1,), of=storage(kind="QInt8Storage", elements=24)), "it is of qint8"),
        (tensor((2,), (1,)).replace(b"_rebuild_tensor_v2", b"_rebuild_sparse_tensor"), "it is sparse"),
        (tensor((2,), (1,)).replace(b"_rebuild_tensor_v2", b"_rebuild_qtensor"), "it is quantised"),
        (tensor((2,), (1,)).replace(b"RtR", b"R}" + text("neg") + b"I01\nstR"), "it is negated"),
    ],
)
def test_what_other_formats_have_no_place_for_is_named_with_the_reason(opcodes: bytes, why: str) -> None:
    assert found(checkpoint({"w": opcodes})).unconvertible == (("w", why),)


@given(st.binary(max_size=200))
def test_any_bytes_for_a_pickle_are_values_or_malformed(data: bytes) -> None:
    with suppress(Malformed):
        found(whole(b"\x80\x02" + data))


def test_a_pickle_cut_anywhere_is_malformed() -> None:
    pickle = pickled({"w": tensor((2, 3), (3, 1)), "epoch": b"I3\n"})
    for end in range(len(pickle)):
        with pytest.raises(Malformed):
            found(whole(pickle[:end]))

"""Headers made to crash, hang or fool whoever reads them. Every bypass found is added here first."""

import io
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examining import CountedFile, examined
from raw_headers import gguf, gguf_array, gguf_key, gguf_tensor, npy, safetensors, varint, wire
from real.model_files import SAMPLES, Sample, sample
from ringfence.artifacts.problems import Problem, ProblemKind
from ringfence.core.limits import LIMITS

_HUGE = 100 * 10**9
_F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
_GIB = 1 << 30


def _kinds(data: bytes, suffix: str = "") -> tuple[str | None, list[ProblemKind]]:
    found = examined(data, suffix)
    return found.format, [each.kind for each in found.problems]


def _archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytearray:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return bytearray(out.getvalue())


# GGUF


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (
            gguf(key_count=2**63),
            Problem(kind=ProblemKind.DOES_NOT_FIT, at=16, detail=f"{2**63} items do not fit into the file"),
        ),
        (
            gguf(tensor_count=2**64 - 1),
            Problem(
                kind=ProblemKind.DOES_NOT_FIT, at=8, detail=f"{2**64 - 1} items do not fit into the file"
            ),
        ),
        (
            gguf([struct.pack("<Q", 2**62) + bytes(20)]),
            Problem(kind=ProblemKind.DOES_NOT_FIT, at=24, detail=f"{2**62} items do not fit into the file"),
        ),
        (
            gguf([gguf_key(b"k", 8, struct.pack("<Q", 2**63))]),
            Problem(kind=ProblemKind.DOES_NOT_FIT, at=37, detail=f"{2**63} items do not fit into the file"),
        ),
        (
            gguf([gguf_key(b"k", 9, gguf_array(0, 2**61))]),
            Problem(kind=ProblemKind.DOES_NOT_FIT, at=41, detail=f"{2**61} items do not fit into the file"),
        ),
        (
            gguf([gguf_key(b"k", 9, gguf_array(12, 2**60))]),
            Problem(kind=ProblemKind.DOES_NOT_FIT, at=41, detail=f"{2**60} items do not fit into the file"),
        ),
        (
            gguf([gguf_key(b"k", 9, gguf_array(8, 2, struct.pack("<Q", 2**63) + bytes(8)))]),
            Problem(kind=ProblemKind.DOES_NOT_FIT, at=49, detail="a string does not fit into the file"),
        ),
        (
            gguf([gguf_key(b"k", 13, b"")]),
            Problem(kind=ProblemKind.BAD_HEADER, at=33, detail="value type 13 does not exist"),
        ),
        (
            gguf([gguf_key(b"k", 9, gguf_array(77, 1))]),
            Problem(kind=ProblemKind.BAD_HEADER, at=37, detail="array type 77 does not exist"),
        ),
        (
            gguf([gguf_key(b"general.alignment", 4, struct.pack("<I", 0))]),
            Problem(kind=ProblemKind.BAD_HEADER, at=None, detail="the alignment is no power of two"),
        ),
        (
            gguf([], [gguf_tensor(b"t", (2**62, 2**62))]),
            Problem(kind=ProblemKind.DOES_NOT_FIT, at=24, detail="a tensor of more than 2^63 elements"),
        ),
        (
            gguf([], [gguf_tensor(b"t", (0,))]),
            Problem(kind=ProblemKind.BAD_HEADER, at=24, detail="a row of 0 is no whole F32 blocks"),
        ),
        (
            gguf([], [gguf_tensor(b"t", (1,) * 5)]),
            Problem(kind=ProblemKind.BAD_HEADER, at=24, detail="a tensor of 5 dimensions"),
        ),
        (
            gguf([], [gguf_tensor(b"t"), gguf_tensor(b"t", offset=32)], data_bytes=64),
            Problem(kind=ProblemKind.DUPLICATE_KEY, at=57, detail="tensor t stands twice"),
        ),
        (
            gguf([], [gguf_tensor(b"a"), gguf_tensor(b"b")], data_bytes=64),
            Problem(kind=ProblemKind.OVERLAP, at=96, detail="two tensors share bytes"),
        ),
        (
            gguf([], [gguf_tensor(b"a", offset=32)], data_bytes=32),
            Problem(
                kind=ProblemKind.TRUNCATED,
                at=96,
                detail="a tensor of 16 bytes ends past the file's 96",
            ),
        ),
        (
            gguf([], [gguf_tensor(b"a", offset=2**64 - 1)], data_bytes=32),
            Problem(
                kind=ProblemKind.DOES_NOT_FIT,
                at=64 + 2**64 - 1,
                detail="a tensor of 16 bytes ends past the file's 96",
            ),
        ),
        (
            gguf([], [gguf_tensor(b"a", offset=7)], data_bytes=64),
            Problem(kind=ProblemKind.BAD_HEADER, at=71, detail="a tensor does not lie at a multiple of 32"),
        ),
    ],
    ids=lambda each: each.detail if isinstance(each, Problem) else "",
)
def test_a_hostile_gguf_header_is_a_problem_and_nothing_more(file: bytes, problem: Problem) -> None:
    found = examined(file)
    assert (found.format, found.problems) == ("gguf", (problem,))


def test_gguf_arrays_nested_ten_thousand_deep_end_at_the_limit() -> None:
    nested = gguf_array(9, 1) * 10_000 + gguf_array(0, 0)
    assert examined(gguf([gguf_key(b"k", 9, nested)])).problems == (
        Problem(
            kind=ProblemKind.OVER_LIMIT,
            at=37 + 12 * LIMITS.header_depth,
            detail=f"arrays nested deeper than {LIMITS.header_depth}",
        ),
    )


def test_a_forest_of_small_gguf_arrays_ends_at_the_limit() -> None:
    tree = gguf_array(9, 100_000) + gguf_array(0, 0) * 100_000
    problems = examined(gguf([gguf_key(b"k", 9, tree)])).problems
    assert [(each.kind, each.detail) for each in problems] == [
        (ProblemKind.OVER_LIMIT, "too many nested arrays")
    ]


def test_a_gguf_key_as_long_as_a_book_is_over_the_limit() -> None:
    assert _kinds(gguf([gguf_key(b"k" * 70_000, 0, b"\0")])) == ("gguf", [ProblemKind.OVER_LIMIT])


def test_many_large_gguf_strings_are_read_up_to_the_limit_and_not_kept() -> None:
    one = gguf_key(b"k", 8, struct.pack("<Q", 15 << 20))
    start = gguf(key_count=10**6)[:24]
    gap = len(one) + (15 << 20)

    class Strings(CountedFile):
        def read_at(self, size_bytes: int, offset: int) -> bytes:
            data = bytearray(super().read_at(size_bytes, offset))
            first = (offset - len(start)) // gap
            for i in (first, first + 1):
                at = len(start) + i * gap - offset
                if i >= 0 and 0 <= at <= len(data) - len(one):
                    data[at : at + len(one)] = one
            return bytes(data)

    file = Strings(start, 10_000 * _GIB)
    tracemalloc.start()
    problems = file.examined().problems
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problems[-1].kind is ProblemKind.OVER_LIMIT
    assert file.read_bytes <= LIMITS.read_bytes + LIMITS.sniff_bytes
    assert peak < 100 << 20


# safetensors


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (
            safetensors({"a": _F32}, bytes(8), header_bytes=_HUGE),
            Problem(
                kind=ProblemKind.DOES_NOT_FIT,
                at=0,
                detail=f"a header of {_HUGE} bytes does not fit into the file's 77",
            ),
        ),
        (
            safetensors({"a": _F32}, bytes(8), header_bytes=2**64 - 1),
            Problem(
                kind=ProblemKind.DOES_NOT_FIT,
                at=0,
                detail=f"a header of {2**64 - 1} bytes does not fit into the file's 77",
            ),
        ),
        (
            safetensors(b'{"a":{"dtype":"F32","dtype":"F32"}}'),
            Problem(
                kind=ProblemKind.DUPLICATE_KEY, at=8, detail="the header: a key stands twice in one object"
            ),
        ),
        (
            safetensors(b'{"dtype":' + b"[" * 100_000),
            Problem(kind=ProblemKind.BAD_HEADER, at=8, detail="the header: not valid JSON"),
        ),
        (
            safetensors(b'{"dtype":' * 100_000),
            Problem(kind=ProblemKind.BAD_HEADER, at=8, detail="the header: not valid JSON"),
        ),
        (
            safetensors(b'{"dtype":NaN}'),
            Problem(kind=ProblemKind.BAD_HEADER, at=8, detail="the header: NaN and Infinity are not JSON"),
        ),
        (
            safetensors(b'{"dtype":"\xff"}'),
            Problem(kind=ProblemKind.BAD_HEADER, at=8, detail="the header: not valid JSON"),
        ),
        (
            safetensors({"a": _F32, "b": _F32}, bytes(8)),
            Problem(kind=ProblemKind.OVERLAP, at=130, detail="b shares bytes with another tensor"),
        ),
        (
            safetensors({"a": _F32 | {"shape": [4], "data_offsets": [0, 16]}}, bytes(8)),
            Problem(kind=ProblemKind.TRUNCATED, at=70, detail="a ends at 86, past the file's 78 bytes"),
        ),
    ],
    ids=lambda each: each.detail if isinstance(each, Problem) else "",
)
def test_a_hostile_safetensors_header_is_a_problem(file: bytes, problem: Problem) -> None:
    found = examined(file)
    assert (found.format, found.problems) == ("safetensors", (problem,))


def test_a_safetensors_header_at_the_formats_own_cap_is_not_parsed() -> None:
    size = 99_000_000
    file = CountedFile(struct.pack("<Q", size) + b'{"a":{"dtype"', 8 + size)
    tracemalloc.start()
    problems = file.examined().problems
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problems == (Problem(kind=ProblemKind.OVER_LIMIT, at=0, detail=f"{size} bytes of header"),)
    assert file.read_bytes < 1 << 20
    assert peak < 1 << 20


def test_a_safetensors_header_of_nothing_but_brackets_is_not_parsed() -> None:
    header = b'{"dtype":[' + b"[]," * 5_000_000 + b"[]]}"
    assert examined(safetensors(header)).problems == (
        Problem(
            kind=ProblemKind.OVER_LIMIT, at=0, detail=f"more than {LIMITS.header_items} items in the header"
        ),
    )


def test_a_number_too_long_to_convert_is_no_json() -> None:
    header = b'{"a":{"dtype":"F32","shape":[' + b"9" * 1_000_000 + b'],"data_offsets":[0,1]}}'
    assert _kinds(safetensors(header)) == ("safetensors", [ProblemKind.BAD_HEADER])


# Archives


def test_a_zip_bomb_is_said_and_only_its_beginning_is_inflated() -> None:
    bomb = bytes(
        _archive(
            {"m/data.pkl": b"\x80\x03B" + struct.pack("<I", 20_000_000) + bytes(20_000_000)},
            zipfile.ZIP_DEFLATED,
        )
    )
    assert len(bomb) < 100_000
    tracemalloc.start()
    found = examined(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.format, [each.kind for each in found.problems]) == ("pytorch", [ProblemKind.OVER_LIMIT])
    assert peak < 4 * LIMITS.inflated_bytes


def test_members_that_claim_to_inflate_beyond_reason_are_said() -> None:
    file = _archive({"m/data.pkl": b"."}, zipfile.ZIP_DEFLATED)
    at = file.index(b"PK\1\2")
    file[at + 24 : at + 28] = struct.pack("<I", 2**31)
    assert _kinds(bytes(file)) == (
        "pytorch",
        [ProblemKind.OVER_LIMIT, ProblemKind.BAD_HEADER, ProblemKind.BAD_HEADER],
    )


def test_a_member_of_another_size_in_its_own_header_is_said() -> None:
    file = _archive({"m/data.pkl": b"\x80\x02N.", "m/data/0": bytes(8)})
    file[18:22] = struct.pack("<I", 3)
    problem = Problem(
        kind=ProblemKind.BAD_HEADER, at=0, detail="a member has another size than in the directory"
    )
    assert problem in examined(bytes(file)).problems


def test_a_member_of_another_name_in_its_own_header_is_said() -> None:
    file = _archive({"m/data.pkl": b"\x80\x02N."})
    file[30] = ord("x")
    problem = Problem(
        kind=ProblemKind.BAD_HEADER, at=0, detail="a member is called another name than in the directory"
    )
    assert problem in examined(bytes(file)).problems


def test_members_that_share_bytes_are_said() -> None:
    file = _archive({"m/data.pkl": b"\x80\x02N.", "m/data/0": bytes(8)})
    second = file.index(b"PK\1\2", file.index(b"PK\1\2") + 1)
    file[second + 42 : second + 46] = struct.pack("<I", 0)
    assert ProblemKind.BAD_HEADER in _kinds(bytes(file))[1]


def test_a_quoted_overlap_is_said() -> None:
    inner = _archive({"m/data/0": b"inner"})
    local = bytes(inner[: inner.index(b"PK\1\2")])
    file = _archive({"m/data.pkl": b"\x80\x02N.", "m/data/1": local, "m/data/0": b"inner"})
    third = file.rindex(b"PK\1\2")
    file[third + 42 : third + 46] = struct.pack("<I", file.index(local))
    assert _kinds(bytes(file)) == ("pytorch", [ProblemKind.OVERLAP])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice_is_said() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("m/data.pkl", b"\x80\x02N.")
        archive.writestr("m/data.pkl", b"\x80\x02cos\nsystem\n.")
    assert _kinds(out.getvalue()) == ("pytorch", [ProblemKind.DUPLICATE_KEY])


@pytest.mark.parametrize("count", [0, 2, 65_000])
def test_a_wrong_number_of_members_is_said(count: int) -> None:
    file = _archive({"m/data.pkl": b"\x80\x02N."})
    file[-12:-10] = struct.pack("<H", count)
    assert _kinds(bytes(file)) == ("pytorch", [ProblemKind.BAD_HEADER])


@pytest.mark.parametrize("offset", [2**31, 2**32 - 2])
def test_a_directory_outside_the_file_is_said(offset: int) -> None:
    file = _archive({"m/data.pkl": b"\x80\x02N."})
    file[-6:-2] = struct.pack("<I", offset)
    assert _kinds(bytes(file)) == ("pytorch", [ProblemKind.DOES_NOT_FIT])


def test_a_directory_larger_than_the_limit_is_not_read() -> None:
    size = LIMITS.zip_directory_bytes + 1
    start = bytes(_archive({"m/data.pkl": b"\x80\x02N."}))
    end = b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, 1, 1, size, 0, 0)

    class Ended(CountedFile):
        def read_at(self, size_bytes: int, offset: int) -> bytes:
            data = super().read_at(size_bytes, offset)
            return end if offset == self.size_bytes - len(end) else data

    file = Ended(start[:100], size + 1000 + len(end))
    found = file.examined()
    assert (found.format, found.problems) == (
        "pytorch",
        (Problem(kind=ProblemKind.OVER_LIMIT, at=1000, detail=f"a directory of {size + len(end)} bytes"),),
    )
    assert file.read_bytes < 1 << 20


def test_an_encrypted_pickle_is_said_to_be_unread() -> None:
    file = _archive({"m/data.pkl": b"\x80\x02N."})
    at = file.index(b"PK\1\2")
    file[6] |= 1
    file[at + 8] |= 1
    assert _kinds(bytes(file)) == ("pytorch", [ProblemKind.OVER_LIMIT])


# Pickles


@pytest.mark.parametrize(
    "opcode",
    [
        b"X" + struct.pack("<I", 10**9),
        b"T" + struct.pack("<I", 10**9),
        b"B" + struct.pack("<I", 10**9),
        b"\x8d" + struct.pack("<Q", 10**18),
        b"\x8e" + struct.pack("<Q", 2**64 - 1),
        b"\x96" + struct.pack("<Q", 2**63),
        b"\x8b" + struct.pack("<I", 2**31),
    ],
    ids=repr,
)
def test_a_pickled_string_longer_than_the_file_is_a_problem(opcode: bytes) -> None:
    data = b"\x80\x04cos\nsystem\n" + opcode + b"x" * 10
    format_name, kinds = _kinds(data)
    assert format_name == "pickle"
    assert kinds in ([ProblemKind.DOES_NOT_FIT], [ProblemKind.TRUNCATED])


@pytest.mark.parametrize(
    "opcode", [b"(", b"]", b"N0", b"\x80\x02", b"K\x01q\x00h\x00", b"cos\nsystem\n"], ids=repr
)
def test_endless_opcodes_end_at_the_limit(opcode: bytes) -> None:
    data = b"\x80\x02" + opcode * (2 * LIMITS.pickle_ops // len(opcode) + LIMITS.pickle_ops)
    assert _kinds(data) == ("pickle", [ProblemKind.OVER_LIMIT])


def test_nothing_is_loaded(tmp_path: pytest.TempPathFactory) -> None:
    target = PurePath(str(tmp_path), "touched")
    attack = f"\x80\x02cos\nsystem\n(S'touch {target}'\ntR.".encode("latin-1")
    for data in (attack, attack[2:], bytes(_archive({"m/data.pkl": attack}))):
        assert examined(data, ".pkl").facts
    assert list(tmp_path.iterdir()) == []


# Others


def test_onnx_nested_a_hundred_thousand_deep_is_read_flat() -> None:
    graph = b""
    for _ in range(3000):
        graph = wire(1, wire(5, wire(6, graph)))
    file = wire(1, 8) + wire(7, graph) + wire(8, wire(2, 17))
    assert _kinds(file) == ("onnx", [])


def test_onnx_of_a_million_tiny_fields_ends_at_the_limit() -> None:
    graph = wire(11, b"") * (LIMITS.header_items + 1)
    file = wire(1, 8) + wire(7, graph) + wire(8, wire(2, 17))
    assert _kinds(file) == ("onnx", [ProblemKind.OVER_LIMIT])


@pytest.mark.parametrize(
    "file",
    [
        b"\x08\x08\x3a" + varint(2**63) + b"x",
        b"\x08\x08" + b"\x3a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
        wire(1, 8) + wire(7, b"\x2a" + varint(100)) + wire(8, wire(2, 17)),
    ],
    ids=repr,
)
def test_a_hostile_onnx_file_is_a_problem(file: bytes) -> None:
    format_name, kinds = _kinds(file, ".onnx")
    assert format_name == "onnx"
    assert kinds[0] in (ProblemKind.DOES_NOT_FIT, ProblemKind.BAD_HEADER)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"__import__('os').system('x')", ProblemKind.BAD_HEADER),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}" * 2, ProblemKind.BAD_HEADER),
        (b"(" * 60_000, ProblemKind.OVER_LIMIT),
        (
            b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"9" * 60_000 + b",)}",
            ProblemKind.BAD_HEADER,
        ),
        (
            b"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
            ProblemKind.BAD_HEADER,
        ),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,)}", ProblemKind.TRUNCATED),
    ],
)
def test_a_hostile_npy_header_is_a_problem(header: bytes, kind: ProblemKind) -> None:
    assert _kinds(npy(header)) == ("npy", [kind])


def test_an_npy_header_longer_than_the_limit_is_not_read() -> None:
    file = CountedFile(b"\x93NUMPY\x02\0" + struct.pack("<I", 1 << 20), 2**32)
    assert [each.kind for each in file.examined().problems] == [ProblemKind.OVER_LIMIT]
    assert file.read_bytes < 1 << 20


def test_a_flatbuffer_whose_tables_point_at_each_other_ends() -> None:
    file = struct.pack("<I4sHHHHHHi", 20, b"TFL3", 12, 12, 4, 4, 4, 4, 12) + struct.pack("<I", 0)
    assert examined(file).format == "tflite"


def test_control_characters_in_names_stay_out_of_evidence() -> None:
    from ringfence.artifacts.problems import as_finding

    evil = "\x1b[2J\u202egnp"
    file = gguf([gguf_key(evil.encode(), 0, b"\0")] * 2)
    (problem,) = examined(file).problems
    assert all(text.isprintable() for text in as_finding(problem, subject=evil).evidence)


# Every format


@pytest.mark.parametrize("each", SAMPLES, ids=lambda each: each.name)
def test_a_real_file_cut_anywhere_is_never_called_another_format(each: Sample) -> None:
    data, suffix = sample(each.name), PurePath(each.name).suffix
    step = max(1, len(data) // 400)
    for size in (*range(min(len(data), 300)), *range(300, len(data), step)):
        found = examined(data[:size], suffix)
        may_be = {None, each.format} | ({"pickle"} if each.format in ("joblib", "pytorch-legacy") else set())
        assert found.format in may_be, size


@pytest.mark.parametrize(
    "name",
    ["tiny.gguf", "tiny.safetensors", "zip.pt", "protocol4.pkl", "array.npy", "arrays.npz", "plain.keras"],
)
def test_a_real_file_without_its_last_bytes_has_a_problem(name: str) -> None:
    assert examined(sample(name)[:-40], PurePath(name).suffix).problems


_STARTS = [
    b"",
    b"GGUF\x03\0\0\0",
    b"\x10\0\0\0\0\0\0\0{",
    b'\x10\0\0\0\0\0\0\0{"dtype"',
    b"PK\3\4" + bytes(22) + b"\x0a\0\0\0m/data.pkl",
    b"PK\3\4" + bytes(22) + b"\x05\0\0\0a.npy",
    b"MZqFpD",
    b"\x93NUMPY\x01\0",
    b"\x89HDF\r\n\x1a\n",
    b"\0\0\0\0TFL3",
    b"tjgg\1\0\0\0",
    b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",
    b"\x80\x04",
    b"\x80\x04\x8c\x13joblib.numpy_pickle",
    b"x\x9c",
    b"\x1f\x8b\x08\0",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"]\0\0\x80\0" + b"\xff" * 8,
    b"\x08\x08",
    b"\x08\x08\x42\x02\x10\x11\x3a",
]
_SUFFIXES = ["", ".gguf", ".safetensors", ".bin", ".joblib", ".h5", ".onnx", ".llamafile", ".keras", ".jpg"]


def _is_total(data: bytes, suffix: str) -> None:
    file = CountedFile(data, len(data))
    found = file.examined(suffix)
    assert file.read_bytes <= LIMITS.read_bytes + LIMITS.sniff_bytes
    assert len(found.problems) <= LIMITS.evidence_items
    for value in found.facts.values():
        assert isinstance(value, int) or "".join(value).encode() is not None


@given(st.sampled_from(_STARTS), st.binary(max_size=2000), st.sampled_from(_SUFFIXES))
def test_anything_behind_any_magic_is_examined(start: bytes, rest: bytes, suffix: str) -> None:
    _is_total(start + rest, suffix)


_CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["set", "number", "cut", "insert", "drop"]),
        st.binary(min_size=1, max_size=8)
        | st.sampled_from([b"\xff" * 8, bytes(8), (2**63).to_bytes(8, "little"), b"\xff\xff\xff\x7f"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SAMPLES), _CHANGES)
def test_a_real_file_with_anything_changed_is_examined(
    each: Sample, changes: list[tuple[float, str, bytes]]
) -> None:
    data = bytearray(sample(each.name))
    for place, change, new in changes:
        at = int(place * len(data))
        match change:
            case "set" | "number":
                data[at : at + len(new)] = new
            case "cut":
                del data[at:]
            case "insert":
                data[at:at] = new
            case "drop":
                del data[at : at + len(new)]
    _is_total(bytes(data), PurePath(each.name).suffix)


@pytest.mark.parametrize("start", _STARTS, ids=repr)
@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"(", b"[", b"\x01", b"PK\3\4"], ids=repr)
def test_a_long_run_of_anything_behind_a_magic_is_bounded(start: bytes, fill: bytes) -> None:
    _is_total(start + fill * (300_000 // len(fill)), ".bin")


@pytest.mark.parametrize("start", _STARTS, ids=repr)
@pytest.mark.parametrize("suffix", _SUFFIXES)
def test_a_terabyte_behind_any_magic_is_bounded(start: bytes, suffix: str) -> None:
    file = CountedFile(start, 1 << 40)
    file.examined(suffix)
    assert file.read_bytes <= LIMITS.read_bytes + LIMITS.sniff_bytes


def test_a_pickle_of_a_large_real_object_is_walked_over_within_the_limit() -> None:
    data = pickle.dumps([{"key": i, "text": f"value {i}"} for i in range(20_000)])
    assert _kinds(data) == ("pickle", [])

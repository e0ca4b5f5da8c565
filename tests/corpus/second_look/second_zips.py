# ruff: noqa: E501 - tables of samples, one to a line
"""PyTorch's archives: readers that disagree about members, code in TorchScript, expressions in exported programs.

Written without knowledge of the detector. Samples of every kind were seen to act with PyTorch 2.13.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from corpus.corpus_samples import Kind, Sample, stored_zip
from corpus.second_look.second_builders import EXPRESSION
from corpus.second_look.second_builders import evil as made_evil

__all__ = ["KINDS"]

_HONEST = b"\x80\x02}q\x00X\x02\0\0\0lrG?\xb9\x99\x99\x99\x99\x99\x9as."


@dataclass(kw_only=True)
class _Member:
    """A member of a zip archive; what is None follows from the data."""

    name: bytes
    data: bytes
    local_name: bytes | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    flags: int = 0
    local_flags: int | None = None
    method: int = 0
    described: bool = False
    central_size: int | None = None
    raw: bytes | None = None
    offset: int = field(default=0)


def _zip(
    members: list[_Member],
    *,
    order: list[int] | None = None,
    comment: bytes = b"",
    shift: int = 0,
    entries: int | None = None,
    between: bytes = b"",
) -> bytes:
    out = b""
    for each in members:
        each.offset = len(out)
        stored = each.raw if each.raw is not None else each.data
        name = each.name if each.local_name is None else each.local_name
        crc, packed, size = (
            (0, 0, 0) if each.described else (zlib.crc32(each.data), len(stored), len(each.data))
        )
        flags = each.flags if each.local_flags is None else each.local_flags
        out += (
            struct.pack(
                "<4s5H3I2H",
                b"PK\x03\x04",
                20,
                flags | (8 if each.described else 0),
                each.method,
                0,
                33,
                crc,
                packed,
                size,
                len(name),
                len(each.local_extra),
            )
            + name
            + each.local_extra
            + stored
        )
        if each.described:
            out += struct.pack("<4s3I", b"PK\x07\x08", zlib.crc32(each.data), len(stored), len(each.data))
    out += between
    start = len(out)
    for each in [members[number] for number in order] if order else members:
        packed = len(each.raw if each.raw is not None else each.data)
        size = len(each.data) if each.central_size is None else each.central_size
        out += struct.pack(
            "<4s6H3I5H2I",
            b"PK\x01\x02",
            20,
            20,
            each.flags | (8 if each.described else 0),
            each.method,
            0,
            33,
            zlib.crc32(each.data),
            packed,
            size,
            len(each.name),
            len(each.extra),
            0,
            0,
            0,
            0,
            each.offset + shift,
        )
        out += each.name + each.extra
    count = (len(order) if order else len(members)) if entries is None else entries
    return (
        out
        + struct.pack(
            "<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(out) - start, start + shift, len(comment)
        )
        + comment
    )


def _torch(pickled: _Member, *more: _Member) -> list[_Member]:
    return [
        pickled,
        _Member(name=b"archive/byteorder", data=b"little"),
        *more,
        _Member(name=b"archive/version", data=b"3\n"),
    ]


def zip_views(rng: Random) -> Iterator[Sample]:
    """PyTorch archives: letters' case, descriptors, orders, extra fields, flags, one member under two names."""
    name = b"archive/data.pkl"
    for _ in range(3):
        evil = made_evil(rng)
        deflated = zlib.compress(evil, 9)[2:-4]
        made = {
            "case-behind": _zip(_torch(_Member(name=name, data=_HONEST), _Member(name=b"archive/Data.pkl", data=evil))), "case-only": _zip(_torch(_Member(name=b"archive/DATA.pkl", data=evil))),
            "described": _zip(_torch(_Member(name=name, data=evil, described=True))), "described-deflated": _zip(_torch(_Member(name=name, data=evil, raw=deflated, method=8, described=True))),
            "order": _zip(_torch(_Member(name=name, data=evil)), order=[2, 1, 0]), "local-other": _zip(_torch(_Member(name=name, data=evil, local_name=b"archive/note.txt"))),
            "extra": _zip(_torch(_Member(name=name, data=evil, local_extra=struct.pack("<HH", 0x4246, 60) + b"Z" * 60))), "local-encrypted": _zip(_torch(_Member(name=name, data=evil, local_flags=1))),
            "deflated-twice": _zip(_torch(_Member(name=name, data=evil, raw=deflated, method=8))),
            "hidden-last": _zip(_torch(_Member(name=name, data=_HONEST), _Member(name=name, data=evil)), order=[2, 1, 3]),
            "gap": _zip(_torch(_Member(name=name, data=evil)), between=b"\0" * 70), "shared": _shared(evil),
        }  # fmt: skip
        for label, data in made.items():
            yield Sample(name=f"{label}.{rng.choice(('pt', 'pth', 'bin', 'ckpt'))}", data=data)


def _shared(evil: bytes) -> bytes:
    """Two entries of the directory that point at the same bytes, by different names."""
    data = _zip(_torch(_Member(name=b"archive/data.pkl", data=evil)), order=[0, 0, 1, 2])
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"archive/byteorder"))
    at = data.find(b"archive/data.pkl", data.find(b"PK\x01\x02"))
    return data[:at] + b"archive/data.txt" + data[at + 16 :]


def zip64_views(rng: Random) -> Iterator[Sample]:
    """The same by zip64: sizes and offsets that stand in extra fields, and a second directory that only some read."""
    for number in range(8):
        evil = made_evil(rng)
        good = _zip(_torch(_Member(name=b"archive/data.pkl", data=_HONEST)))
        wide = struct.pack("<HHQQ", 1, 16, len(evil), len(evil))
        honest_end = good.rfind(b"PK\x05\x06")
        size64 = _zip(_torch(_Member(name=b"archive/data.pkl", data=evil, local_extra=wide)))
        yield Sample(name=f"local{number}.pt", data=size64)
        yield Sample(
            name=f"directory{number}.pt",
            data=_with_second_directory(good[:honest_end], good[honest_end:], evil),
        )
        patched = bytearray(_zip(_torch(_Member(name=b"archive/data.pkl", data=evil, extra=wide))))
        at = patched.find(b"PK\x01\x02")
        patched[at + 20 : at + 28] = b"\xff" * 8
        yield Sample(name=f"central{number}.pt", data=bytes(patched))


def _with_second_directory(body: bytes, end: bytes, evil: bytes) -> bytes:
    """A zip64 end record that points at a directory whose data.pkl is another one."""
    members = _torch(_Member(name=b"archive/data.pkl", data=evil))
    other = _zip(members)
    other_end = other.rfind(b"PK\x05\x06")
    size, start = struct.unpack("<II", other[other_end + 12 : other_end + 20])
    directory = bytearray(other[start:other_end])
    at = 0
    while (at := directory.find(b"PK\x01\x02", at)) >= 0:
        offset = struct.unpack("<I", directory[at + 42 : at + 46])[0] + len(body)
        directory[at + 42 : at + 46] = struct.pack("<I", offset)
        at += 4
    data = body + other[:start] + bytes(directory)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, size, len(body) + start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(data), 1)
    ended = bytearray(end)
    ended[8:12] = b"\xff\xff\xff\xff"
    ended[12:20] = b"\xff" * 8
    return data + record + locator + bytes(ended)


def torchscript_code(rng: Random) -> Iterator[Sample]:
    """TorchScript whose code reads and writes files, in `__setstate__` as it is loaded or in `forward` as it is used."""
    calls = (
        'torch.save([1], "acted")', 'torch.from_file("acted", True, 1)', 'ops.aten.save([1], "acted")', 'torch.from_file("/etc/hostname", False, 4)', 'ops.aten.from_file("acted", True, 1)',
    )  # fmt: skip
    for each in calls:
        for place in ("__setstate__", "forward", "helper"):
            code = "class M(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n  _is_full_backward_hook : Optional[bool]\n"
            body = f"    print({each})\n" if "from_file" in each else f"    {each}\n"
            if place == "__setstate__":
                code += (
                    "  def __getstate__(self: __torch__.M) -> bool:\n    return True\n  def __setstate__(self: __torch__.M,\n    state: bool) -> NoneType:\n"
                    + body
                    + "    self.training = state\n    return None\n"
                )
            elif place == "forward":
                code += (
                    "  def forward(self: __torch__.M,\n    x: Tensor) -> Tensor:\n" + body + "    return x\n"
                )
            else:
                code += (
                    f"  def {rng.choice(('predict', 'encode', 'warmup'))}(self: __torch__.M) -> NoneType:\n"
                    + body
                    + "    return None\n"
                )
            state = (
                b"\x88"
                if place == "__setstate__"
                else b"}(X\x08\0\0\0training\x89X\x16\0\0\0_is_full_backward_hookNu"
            )
            members = {
                "m/data.pkl": b"\x80\x02c__torch__\nM\n)\x81" + state + b"b.",
                "m/code/__torch__.py": code.encode(),
                "m/constants.pkl": b"\x80\x02).",
                "m/version": b"3\n",
                "m/byteorder": b"little",
            }
            yield Sample(
                name=rng.choice(("model.pt", "scripted.pt", "model.ptl", "model.torchscript")),
                data=stored_zip(members),
            )


def symbolic_shapes(rng: Random) -> Iterator[Sample]:
    """Exported programs whose symbolic sizes are expressions that the reader evaluates."""
    for number in range(16):
        expression = rng.choice(
            (
                EXPRESSION,
                "Symbol('s0').__class__.__init__.__globals__['sys'].modules['os'].system('touch acted')",
                "exec(\"open('acted', 'w')\")",
                "__import__('subprocess').call(['touch', 'acted'])",
            )
        )
        size = {"as_expr": {"expr_str": expression, "hint": {"as_int": 3 + number}}}
        meta = {
            "dtype": 7,
            "sizes": [size, {"as_int": 4}],
            "requires_grad": False,
            "device": {"type": "cpu", "index": None},
            "strides": [{"as_int": 4}, {"as_int": 1}],
            "storage_offset": {"as_int": 0},
            "layout": 7,
        }
        graph = {
            "inputs": [{"as_tensor": {"name": "x"}}],
            "outputs": [{"as_tensor": {"name": "x"}}],
            "nodes": [],
            "tensor_values": {"x": meta},
            "sym_int_values": {},
            "sym_bool_values": {},
            "is_single_tensor_return": False,
            "custom_obj_values": {},
            "sym_float_values": {},
        }
        signature = {
            "input_specs": [{"user_input": {"arg": {"as_tensor": {"name": "x"}}}}],
            "output_specs": [{"user_output": {"arg": {"as_tensor": {"name": "x"}}}}],
        }
        module = {
            "graph": graph,
            "signature": signature,
            "module_call_graph": [],
            "metadata": {},
            "treespec_namedtuple_fields": {},
        }
        program = {
            "graph_module": module,
            "opset_version": {"aten": 10},
            "range_constraints": {},
            "schema_version": {"major": 8, "minor": 8},
            "verifiers": ["TRAINING"],
            "torch_version": "2.8.0",
            "guards_code": [],
        }
        name = "serialized_exported_program.json" if number % 2 else "model/models/model.json"
        members = {
            name: json.dumps(program).encode(),
            "version" if number % 2 else "model/archive_version": b"8.8" if number % 2 else b"0",
            "model/archive_format": b"pt2",
            "model/byteorder": b"little",
        }
        yield Sample(name="model.pt2", data=stored_zip(members))


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (zip_views, zip64_views, torchscript_code, symbolic_shapes)
}

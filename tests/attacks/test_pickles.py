"""Ways around scanners of pickles. Every one is written by hand, as bytes, and never loaded.

`echo` stands for any command: nothing here would do harm if it ran.
"""

import io
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.artifacts.judging import judge, judging_budget
from ringfence.artifacts.reader import Reader
from ringfence.core.verdicts import Verdict


def verdict(data: bytes, name: str = "model.pkl") -> Verdict:
    return judge(Reader.of_bytes(data, budget=judging_budget()), name=name).judgement.verdict


def text(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(value)]) + value.encode()


def u32(number: int) -> bytes:
    return struct.pack("<I", number)


def u64(number: int) -> bytes:
    return struct.pack("<Q", number)


def name(module: str, attribute: str) -> bytes:
    """Protocol 4: two strings and STACK_GLOBAL."""
    return text(module) + text(attribute) + b"\x93"


def call(module: str, attribute: str, *arguments: str) -> bytes:
    """Calls it with strings, and pops the result."""
    return name(module, attribute) + b"(" + b"".join(map(text, arguments)) + b"tR"


SYSTEM = call("os", "system", "echo")
PAYLOAD = b"\x80\x04" + SYSTEM + b"."
OLD_PAYLOAD = b"cos\nsystem\n(S'echo'\ntR."
DICT = b"\x80\x04}\x94(" + text("a") + b"\x94K\x01u."


def frame(body: bytes, *, size: int | None = None) -> bytes:
    return b"\x80\x04\x95" + u64(len(body) if size is None else size) + body


def legacy_torch(payload_in: int) -> bytes:
    """PyTorch's five pickles, one of them with a payload before its value."""
    values = [
        b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", b"M\xe9\x03",
        b"}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\r\x00\x00\x00little_endianq\x02\x88u",
        b"}q\x00", b"]q\x00",
    ]  # fmt: skip
    payload = b"cos\nsystem\nX\x04\x00\x00\x00echo\x85R0"
    return b"".join(
        b"\x80\x02" + (payload if at == payload_in else b"") + value + b"." for at, value in enumerate(values)
    )


def torch_zip(pickled: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/version", "3\n")
    return out.getvalue()


def dumped_by_joblib() -> bytes:
    out = io.BytesIO()
    joblib.dump([np.arange(6.0)], out)
    return out.getvalue()[:-1]


def object_array(pickled: bytes) -> bytes:
    """An .npy file of objects, whose data is a pickle."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + pickled


def npz(pickled: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("arr_0.npy", object_array(pickled))
    return out.getvalue()


# How the stack, the memo and the opcodes hide a name or a call.
OPCODES: dict[str, bytes] = {
    "plainly": PAYLOAD,
    "a name whose halves come from the memo": b"\x80\x04"
    + text("os")
    + b"\x94"
    + text("system")
    + b"\x940h\x00h\x01\x93"
    + text("echo")
    + b"\x85R.",
    "a memo entry written over": b"\x80\x04"
    + text("math")
    + b"q\x000"
    + text("os")
    + b"q\x000h\x00"
    + text("system")
    + b"\x93"
    + text("echo")
    + b"\x85R.",
    "a memo entry far behind the others": b"\x80\x04"
    + text("os")
    + b"r"
    + u32(200)
    + b"0j"
    + u32(200)
    + text("system")
    + b"\x93"
    + text("echo")
    + b"\x85R.",
    "MEMOIZE behind a far entry": b"\x80\x04"
    + text("math")
    + b"q\x05"
    + text("os")
    + b"\x940h\x01"
    + text("system")
    + b"\x93"
    + text("echo")
    + b"\x85R.",
    "memo entries as lines": b"S'os'\np7\n0S'system'\np8\n0\x80\x04g7\ng8\n\x93" + text("echo") + b"\x85R.",
    "a memo entry as a line with a sign": b"\x80\x04"
    + text("os")
    + b"p+7\n0g 0_7\n"
    + text("system")
    + b"\x93"
    + text("echo")
    + b"\x85R.",
    "a memo entry as a line of many zeros": b"\x80\x04"
    + text("math")
    + b"p0\n0"
    + text("os")
    + b"p7\n0g"
    + b"0" * 200
    + b"7\n"
    + text("system")
    + b"\x93"
    + text("echo")
    + b"\x85R.",
    "a memo kept over two pickles": b"\x80\x04"
    + text("os")
    + b"\x94"
    + text("system")
    + b"\x94N.\x80\x04h\x00h\x01\x93"
    + text("echo")
    + b"\x85R.",
    "the memo of the pickle before": b"\x80\x04("
    + text("os")
    + b"\x94"
    + text("system")
    + b"\x94t.\x80\x04h\x00h\x01\x93"
    + text("echo")
    + b"\x85R.",
    "a name within a name": b"\x80\x04" + call("collections", "abc.sys.modules.get", "os") + b".",
    "a dotted name through a harmless module": b"\x80\x04" + call("torch", "os.system", "echo") + b".",
    "a name that is a module": b"\x80\x04" + name("torch", "os") + b".",
    "getattr on what was imported": b"\x80\x04"
    + name("builtins", "getattr")
    + name("numpy", "dtype")
    + text("__class__")
    + b"\x86R.",
    "a chain of getattr": b"\x80\x04"
    + name("builtins", "getattr") * 2
    + name("builtins", "dict")
    + text("get")
    + b"\x86R"
    + text("x")
    + b"\x86R.",
    "names as strings of protocol 0": b"\x80\x04S'os'\nS'system'\n\x93S'echo'\n\x85R.",
    "names as strings with escapes": b"\x80\x04S'\\x6f\\163'\nS'syst\\145m'\n\x93S'echo'\n\x85R.",
    "names as Unicode with escapes": b"\x80\x04V\\u006fs\nVsyste\\u006d\n\x93Vecho\n\x85R.",
    "names as byte strings of Python 2": b"\x80\x04U\x02osU\x06system\x93U\x04echo\x85R.",
    "names as long strings": b"\x80\x04\x8d"
    + u64(2)
    + b"os"
    + b"\x8d"
    + u64(6)
    + b"system\x93"
    + text("echo")
    + b"\x85R.",
    "a name that a call makes": b"\x80\x04"
    + text("os")
    + name("builtins", "str")
    + text("system")
    + b"\x85R\x93"
    + text("echo")
    + b"\x85R.",
    "a module's name that is bytes": b"\x80\x04C\x02os" + text("system") + b"\x93" + text("echo") + b"\x85R.",
    "a name too long to keep": b"\x80\x04" + text("os") + b"X" + u32(2000) + b"a" * 2000 + b"\x93)R.",
    "INST": b"(S'echo'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'echo'\no.",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\nX\x04\x00\x00\x00echo\x85\x81.",
    "NEWOBJ_EX": b"\x80\x04" + name("subprocess", "Popen") + text("echo") + b"\x85}\x92.",
    "REDUCE of a class": b"\x80\x04" + call("subprocess", "Popen", "echo") + b".",
    "BUILD on a class": b"\x80\x04"
    + name("collections", "OrderedDict")
    + b"}"
    + text("__setstate__")
    + name("os", "system")
    + b"sb.",
    "BUILD with __setstate__ that a class got": b"\x80\x04"
    + name("myapp", "Thing")
    + b"}("
    + text("__setstate__")
    + name("os", "system")
    + b"ub)\x81"
    + text("echo")
    + b"b.",
    "items put into a class": b"\x80\x04" + name("os", "environ") + text("PATH") + text("/tmp") + b"s.",
    "items put into a module's list": b"\x80\x04" + name("sys", "path") + text("/tmp") + b"a.",
    "many items put into a module's list": b"\x80\x04" + name("sys", "path") + b"(" + text("/tmp") + b"e.",
    "an extension code": b"\x80\x02\x82\x01X\x04\x00\x00\x00echo\x85R.",
    "an extension code of two bytes": b"\x80\x02\x83\x01\x01)R.",
    "an extension code of four bytes": b"\x80\x02\x84\x01\x01\x01\x01)R.",
    "an extension code registered first": b"\x80\x04"
    + name("copyreg", "add_extension")
    + text("os")
    + text("system")
    + b"K\x01\x87R0\x82\x01"
    + text("echo")
    + b"\x85R.",
    "a line of PROTO 0 with spaces": b"c os\nsystem\n(S'echo'\ntR.",
    "a line of PROTO 0 that ends as on Windows": b"cos\r\nsystem\r\n(S'echo'\r\ntR.",
    "POP of what was called": b"\x80\x04" + SYSTEM + b"0N.",
    "POP_MARK over what was called": b"\x80\x04N(" + SYSTEM + b"1.",
    "a mark below the call": b"\x80\x04(" + SYSTEM + b"t.",
    "marks popped one by one": b"\x80\x04((((0000" + SYSTEM + b".",
    "DUP of the function": b"\x80\x04"
    + name("os", "system")
    + b"2"
    + text("echo")
    + b"\x85R0"
    + text("echo")
    + b"\x85R.",
    "a list for a name's home": b"\x80\x04](" + SYSTEM + b"e.",
    "a dictionary's key that is called": b"\x80\x04}(" + SYSTEM + b"K\x01u.",
    "a frame that is shorter than it is": frame(SYSTEM + b".", size=4),
    "a frame that is longer than it is": frame(SYSTEM + b".", size=len(SYSTEM) + 50) + bytes(49),
    "a frame of 2^63": frame(SYSTEM + b".", size=1 << 63),
    "a frame within a frame": frame(b"\x95" + u64(len(SYSTEM)) + SYSTEM + b"."),
    "a frame of nothing": frame(b"") + SYSTEM + b".",
    "a protocol that does not exist behind the call": b"\x80\x04" + SYSTEM + b"0\x80\xffN.",
    "another protocol in the midst": b"\x80\x04\x80\x02cposix\nsystem\n" + text("echo") + b"\x85R.",
    "no protocol": SYSTEM + b".",
    "a persistent id that is called": b"\x80\x04" + text("x") + b"Q" + text("echo") + b"\x85R.",
    "a persistent id that holds the call": b"\x80\x04" + text("storage") + SYSTEM + b"\x86Q.",
    "partial of a function": b"\x80\x04"
    + name("functools", "partial")
    + name("os", "system")
    + text("echo")
    + b"\x86R.",
    "map over a list": b"\x80\x04"
    + name("builtins", "list")
    + name("builtins", "map")
    + name("os", "system")
    + b"]("
    + text("echo")
    + b"e\x86R\x85R.",
    "reduce over a list": b"\x80\x04"
    + name("functools", "reduce")
    + name("builtins", "getattr")
    + b"]\x86R.",
    "a class's constructor through copyreg": b"\x80\x04"
    + name("copyreg", "__newobj__")
    + name("subprocess", "Popen")
    + text("echo")
    + b"\x86R.",
    "a default that acts": b"\x80\x04"
    + name("collections", "defaultdict")
    + name("os", "getcwd")
    + b"\x85R.",
    "code and a function": b"\x80\x04"
    + name("types", "FunctionType")
    + name("marshal", "loads")
    + b"C\x04abcd\x85R}\x86R.",
    "what a call returned gets items": b"\x80\x04" + name("sys", "modules") + text("os") + text("x") + b"s.",
    "the result of a call is called": b"\x80\x04"
    + name("operator", "methodcaller")
    + text("system")
    + text("echo")
    + b"\x86R"
    + name("builtins", "__import__")
    + text("os")
    + b"\x85R\x85R.",
}

CHECKPOINT = torch_zip(PAYLOAD)
LOADER = name("torch.storage", "_load_from_bytes")

# Where in the file it lies.
PLACES: dict[str, tuple[str, bytes]] = {
    "behind STOP": ("model.pkl", DICT + PAYLOAD),
    "behind STOP and zeros": ("model.pkl", DICT + bytes(64) + PAYLOAD),
    "behind STOP and noise": ("model.pkl", DICT + b"no pickle at all \x00\xff" * 9 + PAYLOAD),
    "behind STOP, of protocol 0": ("model.pkl", DICT + b"junk" + OLD_PAYLOAD),
    "behind a hundred pickles": ("model.pkl", DICT * 100 + PAYLOAD),
    "before an opcode that does not exist": ("model.pkl", b"\x80\x04" + SYSTEM + b"\xff\xfe"),
    "before an opcode that breaks the stack": ("model.pkl", b"\x80\x04" + SYSTEM + b"000000R."),
    "before a literal that is cut": ("model.pkl", b"\x80\x04" + SYSTEM + b"X\xff\xff\xff\x7fabc"),
    "before the end of the file": ("model.pkl", b"\x80\x04" + SYSTEM),
    "before an array that cannot be told": ("model.joblib", b"\x80\x04" + SYSTEM + b"0"
                                            + name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}b."),
    "behind an array of joblib's": ("model.joblib", dumped_by_joblib() + b"0" + SYSTEM + b"."),
    "in the bytes of an array of joblib's": ("model.joblib", b"\x80\x04" + SYSTEM + b"0"
                                             + dumped_by_joblib()[2:] + b"."),
    "in an array of objects": ("array.npy", object_array(PAYLOAD)),
    "in an array of objects in a zip": ("arrays.npz", npz(PAYLOAD)),
    "in a checkpoint": ("model.pt", torch_zip(PAYLOAD)),
    "in a checkpoint that calls itself a picture": ("model.jpg", torch_zip(PAYLOAD)),
    **{f"in pickle {at} of a legacy checkpoint": ("model.bin", legacy_torch(at)) for at in range(5)},
    "in bytes": ("model.pkl", b"\x80\x04C" + bytes([len(PAYLOAD)]) + PAYLOAD + b"."),
    "in long bytes": ("model.pkl", b"\x80\x04B" + u32(len(PAYLOAD)) + PAYLOAD + b"."),
    "in very long bytes": ("model.pkl", b"\x80\x04\x8e" + u64(len(PAYLOAD)) + PAYLOAD + b"."),
    "in a bytearray": ("model.pkl", b"\x80\x05\x96" + u64(len(PAYLOAD)) + PAYLOAD + b"."),
    "in a string of Python 2": ("model.pkl", b"\x80\x02T" + u32(len(PAYLOAD)) + PAYLOAD + b"."),
    "in bytes written as text": ("model.pkl", b"\x80\x02c_codecs\nencode\nX"
                                 + u32(len(PAYLOAD.decode("latin-1").encode()))
                                 + PAYLOAD.decode("latin-1").encode() + b"X\x06\x00\x00\x00latin1\x86R."),
    "in bytes in bytes": ("model.pkl", b"\x80\x04C" + bytes([len(PAYLOAD) + 5]) + b"\x80\x04C"
                          + bytes([len(PAYLOAD)]) + PAYLOAD + b".."),
    "in a checkpoint in bytes": ("model.pkl", b"\x80\x04B" + u32(len(CHECKPOINT)) + CHECKPOINT
                                 + b"."),
    "in a checkpoint that a loader gets": ("model.pkl", b"\x80\x04" + LOADER
                                           + b"B" + u32(len(CHECKPOINT)) + CHECKPOINT
                                           + b"\x85R."),
    "in a legacy checkpoint that a loader gets": ("model.pkl", b"\x80\x04" + LOADER + b"B"
                                                  + u32(len(legacy_torch(3))) + legacy_torch(3) + b"\x85R."),
}  # fmt: skip

_LISTED = (Path(__file__).parent / "pickle_gadgets.txt").read_text(encoding="utf-8")
GADGETS = _LISTED.partition("\n")[2].split()


def assert_noticed(data: bytes, file: str = "model.pkl") -> None:
    assert verdict(data, file) >= Verdict.SUSPICIOUS


@pytest.mark.parametrize("data", OPCODES.values(), ids=OPCODES.keys())
def test_no_trick_with_opcodes_hides_a_call(data: bytes) -> None:
    assert_noticed(data)


@pytest.mark.parametrize(("file", "data"), PLACES.values(), ids=PLACES.keys())
def test_no_place_in_the_file_hides_a_call(file: str, data: bytes) -> None:
    assert_noticed(data, file)


@pytest.mark.parametrize("gadget", GADGETS)
def test_no_function_that_acts_passes_for_data(gadget: str) -> None:
    parts = gadget.split(".")
    places = range(1, len(parts)) if parts[-2][:1].isupper() else [len(parts) - 1]
    argument = "system" if parts[-1] in ("attrgetter", "methodcaller") else "x"  # what they get matters
    for at in places:
        assert_noticed(b"\x80\x04" + call(".".join(parts[:at]), ".".join(parts[at:]), argument) + b".")


COMPATIBLE = {
    "__builtin__": (
        "eval",
        "execfile",
        "apply",
        "file",
        "reduce",
        "getattr",
        "__import__",
        "open",
        "compile",
    ),
    "copy_reg": ("add_extension", "pickle", "constructor"),
    "cPickle": ("loads", "load", "Unpickler"),
    "commands": ("getoutput", "getstatusoutput"),
    "__main__": ("os.system",),
    "urllib2": ("urlopen",),
    "urllib": ("urlretrieve", "urlopen"),
    "dummy_thread": ("start_new_thread",),
    "_winreg": ("SetValue",),
    "UserDict": ("os.system",),
    "itertools": ("imap", "ifilter"),
    "os": ("getcwdu", "popen2"),
    "exceptions": ("os.system",),
    "Queue": ("Queue.put",),
    "xmlrpclib": ("ServerProxy",),
    "httplib": ("HTTPConnection",),
    "SocketServer": ("TCPServer",),
    "anydbm": ("open",),
    "StringIO": ("os.system",),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in COMPATIBLE.items() for n in names])
def test_no_name_of_python_2_passes_for_data(module: str, name: str, protocol: int) -> None:
    start = b"\x80" + bytes([protocol]) if protocol >= 2 else b""
    assert_noticed(start + f"c{module}\n{name}\n(S'x'\ntR.".encode())


# What costs a careless reader more than it costs the writer.
def many_marks() -> bytes:
    return b"\x80\x04" + b"(" * 1_200_000


def deep_lists() -> bytes:
    return b"\x80\x04" + b"]" * 500_000 + b"a" * 499_999 + b"."


def deep_tuples() -> bytes:
    return b"\x80\x04" + text("x") + b"\x85" * 500_000 + name("os", "system") + b"\x86R."


def doubled_tuples() -> bytes:
    return b"\x80\x04" + text("x") + b"2\x86" * 200_000 + b"0" + name("os", "system") + b"h\x00R."


def cyclic_memo() -> bytes:
    return b"\x80\x04]\x94h\x00a]\x94h\x01h\x00\x86a\x86."


def quadratic_memo() -> bytes:
    return b"\x80\x04" + b"".join(b"Nr" + u32(n * 40_000) + b"0" for n in range(100_000)) + b"N."


def many_calls() -> bytes:
    return (
        b"\x80\x04"
        + b"".join(name("myapp", "Thing") + b"J" + u32(n) + b"\x85R0" for n in range(30_000))
        + b"N."
    )


def many_imports() -> bytes:
    return b"\x80\x04" + b"".join(name("myapp", f"Thing{n}") + b"0" for n in range(20_000)) + b"N."


def tiny_frames() -> bytes:
    return b"\x80\x04" + (b"\x95" + u64(2) + b"N0") * 50_000 + b"N."


def pickles_in_pickles() -> bytes:
    data = PAYLOAD
    for _ in range(40):
        data = b"\x80\x04B" + u32(len(data)) + data + b"."
    return data


def pickles_side_by_side() -> bytes:
    one = b"\x80\x04B" + u32(len(PAYLOAD)) + PAYLOAD + b"."
    return b"\x80\x04(" + (b"B" + u32(len(one)) + one) * 3_000 + b"t."


COSTLY = (
    many_marks, deep_lists, deep_tuples, doubled_tuples, cyclic_memo, quadratic_memo, many_calls,
    many_imports, tiny_frames, pickles_in_pickles, pickles_side_by_side,
)  # fmt: skip
HARMLESS = (deep_lists, cyclic_memo)


@pytest.mark.parametrize("make", COSTLY, ids=lambda make: make.__name__)
def test_what_is_made_to_cost_much_costs_little(make: Callable[[], bytes]) -> None:
    data = make()
    began = time.process_time()
    said = verdict(data)
    assert time.process_time() - began < 10  # on a slow machine
    assert (said > Verdict.CLEAN) == (make not in HARMLESS)


@pytest.mark.parametrize("item", [b"G12345678", b"K\x01", b"J1234", b"K\x01K\x02\x86\x94", b"]\x94"])
def test_numbers_and_what_is_made_of_them_take_no_memory(item: bytes) -> None:
    data = b"\x80\x04](" + item * 200_000 + b"e."
    tracemalloc.start()
    assert verdict(data) == Verdict.CLEAN
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200_000 * 32


def test_what_is_unknown_does_not_crowd_out_what_is_dangerous() -> None:
    unknown = b"".join(name("myapp", f"Thing{n}") + b")R0" for n in range(10_100))
    assert verdict(b"\x80\x04" + unknown + SYSTEM + b".") == Verdict.MALICIOUS


def test_another_reading_counts_whatever_names_resemble_it() -> None:
    hidden = text("numpy") + b"\x94" + text("load") + b"\x94"
    first = b"\x80\x04" + hidden + name("numpy", "l") + b"\x87."
    assert verdict(first + b"\x80\x04h\x00h\x01\x93" + text("x") + b"\x85R.") == Verdict.MALICIOUS


HUGE = {
    "bytes": b"\x8e" + u64(1 << 63), "a bytearray": b"\x96" + u64((1 << 64) - 1),
    "text": b"\x8d" + u64(1 << 63), "short text": b"X" + u32(0xFFFFFFFF),
    "a number": b"\x8b" + u32(0x7FFFFFFF), "a frame": b"\x95" + u64(1 << 63),
    "a line without an end": b"I" + b"9" * 1_000_000, "a name without an end": b"c" + b"a" * 1_000_000,
    "a memo's number": b"Nr" + u32(0xFFFFFFFF) + b".", "a memo's line": b"Np" + b"9" * 100_000 + b"\n.",
}  # fmt: skip


@pytest.mark.parametrize("data", HUGE.values(), ids=HUGE.keys())
def test_a_length_that_nothing_can_have_is_never_clean(data: bytes) -> None:
    assert verdict(b"\x80\x04" + data) >= Verdict.INCONCLUSIVE
    assert verdict(b"\x80\x04" + SYSTEM + b"0" + data) == Verdict.MALICIOUS


@given(st.binary(max_size=400), st.sampled_from(sorted(set(OPCODES.values()))))
@settings(deadline=None)
def test_bytes_behind_a_payload_never_hide_it(tail: bytes, data: bytes) -> None:
    assert verdict(data + tail) >= Verdict.SUSPICIOUS


@pytest.mark.parametrize("data", OPCODES.values(), ids=OPCODES.keys())
def test_what_is_flipped_in_a_payload_makes_no_error(data: bytes) -> None:
    for at in range(len(data)):
        for bit in (0x01, 0x10, 0x80):
            verdict(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])

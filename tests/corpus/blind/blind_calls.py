# ruff: noqa: E501 - tables of samples, one to a line
"""Pickles that call what acts, by every road from the bytes of a pickle to a call.

Written without knowledge of the detector.
"""

import pickle
import struct
from collections.abc import Iterator
from random import Random

from corpus.corpus_samples import Kind, Sample, reduced, text

__all__ = ["KINDS"]

_COMMANDS = (
    ("os", "system"),
    ("posix", "system"),
    ("subprocess", "getoutput"),
    ("os", "popen"),
    ("builtins", "exec"),
)
_NAMES = (
    "model.pkl",
    "weights.pickle",
    "data.dat",
    "pytorch_model.bin",
    "scaler.p",
    "checkpoint",
    "vectorizer.pkl",
)

# module, name and arguments of things that act as soon as they are called
_GADGETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("os", "system", ("true",)), ("posix", "system", ("true",)), ("nt", "system", ("true",)),
    ("os", "popen", ("true",)), ("os", "startfile", ("true",)), ("os", "remove", ("/nonexistent",)),
    ("os", "unlink", ("/nonexistent",)), ("os", "rmdir", ("/nonexistent",)), ("os", "putenv", ("A", "b")),
    ("os", "execlp", ("true", "true")), ("subprocess", "Popen", ("true",)), ("subprocess", "run", ("true",)),
    ("subprocess", "call", ("true",)), ("subprocess", "check_call", ("true",)), ("subprocess", "check_output", ("true",)),
    ("subprocess", "getoutput", ("true",)), ("subprocess", "getstatusoutput", ("true",)), ("commands", "getoutput", ("true",)),
    ("pty", "spawn", ("true",)), ("builtins", "eval", ("1",)), ("builtins", "exec", ("pass",)),
    ("__builtin__", "eval", ("1",)), ("__builtin__", "execfile", ("x",)), ("builtins", "__import__", ("antigravity",)),
    ("importlib", "import_module", ("antigravity",)), ("runpy", "run_path", ("x.py",)), ("runpy", "run_module", ("this",)),
    ("runpy", "_run_code", ("pass",)), ("timeit", "timeit", ("pass",)), ("timeit", "main", ()),
    ("cProfile", "run", ("pass",)), ("profile", "run", ("pass",)), ("pdb", "run", ("pass",)),
    ("pdb", "runeval", ("1",)), ("doctest", "debug_script", ("pass",)), ("trace", "main", ()),
    ("code", "interact", ()), ("pydoc", "pipepager", ("a", "true")),
    ("pydoc", "tempfilepager", ("a", "true")), ("pydoc", "locate", ("os.system",)), ("pkgutil", "resolve_name", ("os:system",)),
    ("ctypes", "CDLL", ("libc.so.6",)), ("ctypes", "PyDLL", ("x.so",)), ("_ctypes", "dlopen", ("x.so",)),
    ("shutil", "rmtree", ("/nonexistent",)), ("shutil", "move", ("a", "b")), ("shutil", "copyfile", ("a", "b")),
    ("shutil", "unpack_archive", ("a.zip",)), ("io", "open", ("/nonexistent", "w")), ("builtins", "open", ("/nonexistent", "w")),
    ("codecs", "open", ("/nonexistent", "w")), ("distutils.file_util", "write_file", ("x", "y")),
    ("distutils.spawn", "spawn", ("true",)), ("setuptools._distutils.spawn", "spawn", ("true",)),
    ("urllib.request", "urlopen", ("http://localhost",)), ("urllib.request", "urlretrieve", ("http://localhost", "x")),
    ("urllib", "urlopen", ("http://localhost",)),
    ("socket", "create_connection", ("localhost",)), ("ftplib", "FTP", ("localhost",)), ("smtplib", "SMTP", ("localhost",)),
    ("imaplib", "IMAP4_stream", ("true",)), ("telnetlib", "Telnet", ("localhost",)), ("poplib", "POP3", ("localhost",)),
    ("webbrowser", "open", ("about:blank",)), ("webbrowser", "GenericBrowser", ("true",)), ("antigravity", "geohash", ("1",)),
    ("logging.config", "fileConfig", ("x.ini",)), ("logging", "FileHandler", ("/nonexistent/x",)),
    ("sqlite3", "connect", ("/nonexistent/x",)), ("dbm", "open", ("x", "c")), ("shelve", "open", ("x",)),
    ("pickle", "loads", ("x",)), ("_pickle", "loads", ("x",)), ("marshal", "loads", ("x",)), ("cloudpickle", "loads", ("x",)),
    ("dill", "loads", ("x",)), ("dill", "load_session", ("x",)), ("joblib", "load", ("x",)), ("jsonpickle", "decode", ("{}",)),
    ("yaml", "unsafe_load", ("x",)), ("yaml", "load", ("x",)), ("pandas", "read_pickle", ("http://localhost/x",)),
    ("pandas.io.pickle", "read_pickle", ("x",)), ("pandas", "eval", ("1",)), ("pandas", "read_html", ("http://localhost",)),
    ("numpy", "load", ("x",)), ("numpy", "savetxt", ("x", "1")), ("numpy", "fromfile", ("x",)), ("numpy", "memmap", ("x",)),
    ("numpy.testing._private.utils", "runstring", ("pass",)), ("numpy.f2py.crackfortran", "myeval", ("1",)),
    ("numpy.f2py", "compile", ("x",)), ("numpy.distutils.exec_command", "exec_command", ("true",)),
    ("torch", "load", ("x",)), ("torch.hub", "load", ("a/b", "c")),
    ("torch.hub", "load_state_dict_from_url", ("http://localhost",)), ("torch.jit", "load", ("x",)),
    ("torch.utils.cpp_extension", "load_inline", ("a", "b")), ("torch.utils.cpp_extension", "load", ("a", "b")),
    ("torch.ops", "load_library", ("x.so",)), ("torch.classes", "load_library", ("x.so",)),
    ("torch.utils.bottleneck.__main__", "run_cprofile", ("pass",)), ("torch._dynamo.guards", "GuardBuilder.get", ("1",)),
    ("torch.distributed.rpc", "rpc_sync", ("a", "b")),
    ("transformers", "pipeline", ("x",)), ("transformers.dynamic_module_utils", "get_class_from_dynamic_module", ("a", "b")),
    ("huggingface_hub", "snapshot_download", ("a/b",)), ("requests", "get", ("http://localhost",)),
    ("requests.api", "post", ("http://localhost",)), ("httpx", "get", ("http://localhost",)), ("aiohttp", "request", ("x",)),
    ("asyncio.subprocess", "create_subprocess_shell", ("true",)), ("asyncio", "create_subprocess_exec", ("true",)),
    ("multiprocessing.util", "spawnv_passfds", ("true",)), ("_posixsubprocess", "fork_exec", ("true",)),
    ("zipimport", "zipimporter", ("x.zip",)), ("site", "addsitedir", ("/nonexistent",)), ("venv", "create", ("x",)),
    ("ensurepip", "bootstrap", ()), ("pip", "main", ("install",)), ("pip._internal", "main", ("install",)),
    ("pip._internal.cli.main", "main", ("install",)), ("lib2to3.pgen2.pgen", "generate_grammar", ("x",)),
    ("idlelib.pyshell", "ModifiedInterpreter.runcommand", ("pass",)), ("idlelib.run", "Executive.runcode", ("pass",)),
    ("platform", "popen", ("true",)), ("platform", "_syscmd_ver", ("true",)),
    ("uuid", "_get_command_stdout", ("true",)), ("ctypes.util", "_findLib_gcc", ("true",)), ("readline", "read_init_file", ("x",)),
    ("os", "_exit", ()), ("os", "abort", ()), ("os", "kill", ("1", "0")), ("os", "fork", ()), ("os", "chmod", ("x", "1")),
    ("sys", "exit", ()), ("sys", "setprofile", ("x",)), ("faulthandler", "_sigsegv", ()), ("signal", "alarm", ("1",)),
    ("_thread", "start_new_thread", ("x",)), ("atexit", "register", ("x",)),
    ("test.support.script_helper", "assert_python_ok", ("-c", "pass")), ("bdb", "Bdb.run", ("pass",)),
    ("IPython", "embed", ()), ("IPython.utils.process", "system", ("true",)), ("pexpect", "run", ("true",)), ("sh", "bash", ("true",)),
    ("psutil", "Popen", ("true",)), ("invoke", "run", ("true",)),
    ("gdb", "execute", ("x",)), ("fsspec", "open", ("http://localhost",)),
    ("smart_open", "open", ("http://localhost",)), ("nltk", "download", ("x",)),
    ("tensorflow.io", "read_file", ("x",)), ("tensorflow", "py_function", ("x",)), ("keras.models", "load_model", ("x",)),

    ("sympy", "sympify", ("1",)), ("sympy.parsing.sympy_parser", "parse_expr", ("1",)), ("py_compile", "compile", ("x",)),
    ("compileall", "compile_dir", ("x",)), ("types", "FunctionType", ("x",)), ("types", "CodeType", ("x",)),
    ("builtins", "getattr", ("x", "y")), ("builtins", "compile", ("1", "x", "eval")), ("builtins", "input", ()),
    ("builtins", "breakpoint", ()), ("builtins", "globals", ()), ("operator", "attrgetter", ("system",)),
    ("operator", "methodcaller", ("system", "true")), ("functools", "partial", ("x",)), ("crypt", "crypt", ("x",)),
)  # fmt: skip
# Harmless by themselves: what they make is only the half of an attack.
_HALVES = {"partial", "attrgetter", "methodcaller", "crypt", "getattr", "globals", "geohash", "Tcl", "input"}


def gadgets(rng: Random) -> Iterator[Sample]:
    """Everything that acts when it is called, by GLOBAL and REDUCE."""
    for module, name, arguments in _GADGETS:
        if name not in _HALVES:
            proto = rng.choice((b"", b"\x80\x02", b"\x80\x03"))
            yield Sample(name=f"{module}.{name}.pkl", data=proto + reduced(module, name, *arguments) + b".")


def stacked(rng: Random) -> Iterator[Sample]:
    """The same with names from the stack, framed, as protocol 4 has them."""
    for module, name, arguments in rng.sample(_GADGETS, 60):
        if name in _HALVES:
            continue
        body = _short(module) + b"\x94" + _short(name) + b"\x94\x93\x94"
        body += b"".join(map(_short, arguments)) + _TUPLES[len(arguments)] + b"\x94R\x94."
        yield Sample(name=rng.choice(_NAMES), data=b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body)


_TUPLES = (b")", b"\x85", b"\x86", b"\x87")


def _short(value: str) -> bytes:
    return b"\x8c" + bytes((len(value.encode()),)) + value.encode()


def _command(rng: Random) -> tuple[bytes, bytes]:
    """A GLOBAL of something that runs a text, and the text."""
    module, name = rng.choice(_COMMANDS)
    return f"c{module}\n{name}\n".encode(), text("pass" if name == "exec" else "true")


def opcodes(rng: Random) -> Iterator[Sample]:
    """Calls by INST, OBJ, NEWOBJ, NEWOBJ_EX and REDUCE with every way to write a tuple and a text."""
    for module, name in _COMMANDS:
        found = f"c{module}\n{name}\n".encode()
        word = "pass" if name == "exec" else "true"
        texts = (
            text(word), b"V%s\n" % word.encode(), b"S'%s'\n" % word.encode(), b"U\x04" + word.encode(), _short(word),
            b"T\x04\0\0\0" + word.encode(), b"V" + "".join(f"\\u{ord(c):04x}" for c in word).encode() + b"\n",
            b"\x8d\x04\0\0\0\0\0\0\0" + word.encode(), b'S"' + b"".join(b"\\x%02x" % c for c in word.encode()) + b'"\n',
            b"B\x04\0\0\0" + word.encode(), b"C\x04" + word.encode(),
        )  # fmt: skip
        for number, each in enumerate(texts):
            bodies = {
                "inst": b"(" + each + f"i{module}\n{name}\n.".encode(),
                "obj": b"(" + found + each + b"o.",
                "reduce": found + b"(" + each + b"tR.",
                "dup": found + each + b"20\x85R.",
                "memo": each + b"p5\n0" + found + b"(g5\ntR.",
                "binmemo": each + b"q\xff0" + found + b"h\xff\x85R.",
                "longmemo": found + b"r\xff\xff\xff\x7f0" + b"j\xff\xff\xff\x7f" + each + b"\x85R.",
            }
            chosen = rng.choice(sorted(bodies))
            yield Sample(name=f"{chosen}{number}.pkl", data=bodies[chosen])


def positions(rng: Random) -> Iterator[Sample]:
    """The call stands within much that is honest, and nothing is done with its result."""
    honest = pickle.dumps({"weights": [rng.random() for _ in range(50)], "names": ["a", "b"], "lr": 0.1}, 2)[
        2:-1
    ]
    for _ in range(6):
        found, word = _command(rng)
        call = found + word + b"\x85R"
        yield Sample(name="first.pkl", data=b"\x80\x02" + call + b"0" + honest + b".")
        yield Sample(name="last.pkl", data=b"\x80\x02" + honest + call + b"0.")
        yield Sample(name="key.pkl", data=b"\x80\x02}" + call + b"Ns.")
        yield Sample(name="mark.pkl", data=b"\x80\x02(" + call + b"1" + honest + b".")
        yield Sample(name="state.pkl", data=b"\x80\x02cargparse\nNamespace\n)\x81}" + call + b"Nsb.")
        yield Sample(name="second.pkl", data=b"\x80\x02" + honest + b"." + b"\x80\x02" + call + b".")
        yield Sample(name="broken.pkl", data=b"\x80\x02" + call + b"\xff" + honest)
        yield Sample(name="unstopped.pkl", data=b"\x80\x02" + honest + b"0" + call)
        yield Sample(name="no-proto.pkl", data=call + b".")
        yield Sample(name="wrong-proto.pkl", data=b"\x80\x05" + call + b".")
        yield Sample(name="twice-proto.pkl", data=b"\x80\x02\x80\x03\x80\x02" + call + b".")
        padding = b"N0" * rng.randint(1, 20_000)
        yield Sample(name="padded.pkl", data=b"\x80\x04" + padding + call + b".")


def disguises(rng: Random) -> Iterator[Sample]:
    """Pickles whose first bytes are those of something else: text, a GIF, GGUF, a number."""
    starts = (
        b"GIF89a\x01\0\x010", b"GGUF\x03\0\0\0\x000", b"VVersion: 1.0\n0", b"I00\n0", b"V# My model\n0", b"F1.0\n0",
        b"X\x06\0\0\0{'a'1}0", b"}0" * 40, b"]0", b"U\x08\x89PNG\r\n\x1a\n0", b"C\x04PK\x03\x040",
        b"C\x04\x7fELF0", b"C\x02\x1f\x8b0", b"K\x010", b"((1", b"\x8a\x000", b"V<?xml version='1.0'?>\n0",
        b"L12345678L\n0", b"N0", b"V{\"__metadata__\": {}}\n0",
    )  # fmt: skip
    suffixes = (
        "pkl",
        "gif",
        "gguf",
        "txt",
        "bin",
        "safetensors",
        "json",
        "png",
        "h5",
        "onnx",
        "npy",
        "model",
    )
    for start in starts:
        for suffix in rng.sample(suffixes, 3):
            found, word = _command(rng)
            yield Sample(name=f"model.{suffix}", data=start + found + word + b"\x85R.")


def dotted(rng: Random) -> Iterator[Sample]:
    """What acts is reached through another module's import of it, or through attributes with dots."""
    roads = (
        ("random", "_os.system"), ("logging", "os.system"), ("shutil", "os.system"), ("tempfile", "_os.system"),
        ("glob", "os.popen"), ("pathlib", "os.system"), ("uuid", "os.system"), ("inspect", "os.system"),
        ("argparse", "_sys.modules.__getitem__"), ("ctypes", "cdll.LoadLibrary"), ("codecs", "builtins.exec"),
        ("os", "path.os.system"), ("collections", "abc.sys.exit"), ("torch.serialization", "os.system"),
        ("numpy.lib.format", "pickle.loads"), ("sklearn.utils", "warnings.sys.exit"), ("joblib.numpy_pickle", "os.system"),
        ("builtins", "eval.__call__"), ("os", "system.__call__"), ("posixpath", "os.system"), ("gzip", "builtins.open"),
        ("platform", "subprocess.getoutput"), ("numpy", "os.system"), ("pickle", "sys.modules"), ("copyreg", "__builtins__"),
        ("types", "sys.settrace"), ("dataclasses", "builtins.eval"), ("enum", "bltns.eval"), ("functools", "recursive_repr.__globals__"),
        ("torch", "_utils.torch.hub.load"), ("torch.storage", "io.open"), ("torch", "os.system"), ("joblib", "os.popen"),
    )  # fmt: skip
    for module, name in roads:
        word = rng.choice(("true", "pass"))
        yield Sample(
            name="dotted.pkl",
            data=b"\x80\x04" + _short(module) + _short(name) + b"\x93" + _short(word) + b"\x85R.",
        )


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (gadgets, stacked, opcodes, positions, disguises, dotted)
}

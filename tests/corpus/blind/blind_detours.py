# ruff: noqa: E501 - tables of samples, one to a line
"""Pickles in which no call names what acts: others call it for them, or it is put where it will be called.

Written without knowledge of the detector.
"""

import marshal
from collections.abc import Iterator
from random import Random

from corpus.corpus_samples import Kind, Sample, text

__all__ = ["KINDS"]

_TARGETS = (("os", "system"), ("posix", "system"), ("builtins", "eval"), ("subprocess", "getoutput"))


def _found(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _call(module: str, name: str, *arguments: bytes) -> bytes:
    return _found(module, name) + b"(" + b"".join(arguments) + b"tR"


def _target(rng: Random) -> tuple[bytes, bytes]:
    module, name = rng.choice(_TARGETS)
    return _found(module, name), text("1" if name == "eval" else "true")


def _list(*items: bytes) -> bytes:
    return b"](" + b"".join(items) + b"e"


def higher_order(rng: Random) -> Iterator[Sample]:
    """Library functions that call what they are given: map within list, key functions, hooks, callbacks."""
    for _ in range(2):
        for name, body in _higher(*_target(rng)).items():
            yield Sample(name=f"{name}.pkl", data=rng.choice((b"", b"\x80\x02")) + body + b".")


def _higher(acts: bytes, word: bytes) -> dict[str, bytes]:
    mapped = _call("builtins", "map", acts, _list(word))
    old_map = _call("__builtin__", "map", acts, _list(word))
    eaters = (
        ("builtins", "list"), ("builtins", "tuple"), ("builtins", "set"), ("builtins", "bytes"), ("builtins", "any"),
        ("builtins", "sum"), ("builtins", "max"), ("builtins", "dict"), ("collections", "deque"), ("collections", "Counter"),
        ("builtins", "sorted"), ("builtins", "frozenset"), ("builtins", "bytearray"), ("statistics", "mean"), ("math", "fsum"),
        ("builtins", "next"), ("collections", "OrderedDict"), ("array", "array"), ("heapq", "nsmallest"), ("numpy", "fromiter"),
    )  # fmt: skip
    through = {f"map-{name}": _call(module, name, mapped) for module, name in eaters}
    through |= {
        "old-map": old_map,
        "partial": _call("functools", "partial", acts, word) + b")R",
        "partial-two": _call("functools", "partial", acts) + word + b"\x85R",
        "reduce": _call("functools", "reduce", acts, _list(word, b"N")),
        "starmap": _call("builtins", "list", _call("itertools", "starmap", acts, _list(word + b"\x85"))),
        "filter": _call("builtins", "list", _call("builtins", "filter", acts, _list(word))),
        "takewhile": _call("builtins", "list", _call("itertools", "takewhile", acts, _list(word))),
        "groupby": _call("builtins", "list", _call("itertools", "groupby", _list(word), acts)),
        "iter": _call("builtins", "list", _call("builtins", "iter", _call("functools", "partial", acts, word), b"K\x00")),
        "sub": _call("re", "sub", text("."), acts, text("x")),
        "object-hook": _call("json.decoder", "JSONDecoder.decode", _call("json.decoder", "JSONDecoder", acts), text("{}")),
        "nsmallest": _call("heapq", "nlargest", b"K\x01", _list(word), acts),
        "thread": _call("threading", "Timer", b"K\x01", acts, _list(word)),
        "finalize": _call("weakref", "finalize", _call("collections", "UserList"), acts, word),
        "atexit": _call("atexit", "register", acts, word),
        "methodcaller": _call("operator", "methodcaller", text("system"), text("true")) + _call("importlib", "import_module", text("os")) + b"\x85R",
        "attrgetter": _call("operator", "attrgetter", text("system")) + _call("builtins", "__import__", text("os")) + b"\x85R" + text("true") + b"\x85R",
        "getattr": _call("builtins", "getattr", _call("builtins", "__import__", text("os")), text("system")) + text("true") + b"\x85R",
        "vectorize": _call("numpy", "vectorize", acts) + _list(word) + b"\x85R",
        "frompyfunc": _call("numpy", "frompyfunc", acts, b"K\x01", b"K\x01") + word + b"\x85R",
        "apply-axis": _call("numpy", "apply_along_axis", acts, b"K\x00", _list(word)),
        "fromfunction": _call("numpy", "fromfunction", acts, b"K\x01\x85"),
        "piecewise": _call("numpy", "piecewise", _list(b"K\x01"), _list(b"\x88"), _list(acts)),
        "series": _call("pandas.core.series", "Series.apply", _call("pandas", "Series", _list(word)), acts),
        "joblib": _call("joblib", "delayed", acts) + word + b"\x85R",
        "signal": _call("signal", "signal", b"K\x0e", acts),
        "mock": _call("unittest.mock", "_importer", text("antigravity")),
        "run-executor": _call("asyncio", "to_thread", acts, word),
        "apply": _call("__builtin__", "apply", acts, word + b"\x85"),
        "defaultdict": _call("operator", "getitem", _call("collections", "defaultdict", acts), word),
        "contextvar": _call("_contextvars", "Context.run", _call("contextvars", "copy_context"), acts, word),
        "call": _call("operator", "call", acts, word),
        "lru": _call("functools", "lru_cache", acts) + word + b"\x85R",
        "wraps": _call("functools", "singledispatch", acts) + word + b"\x85R",
        "method": _call("types", "MethodType", acts, word) + b")R",
        "newobj": _call("copyreg", "__newobj__", _found("subprocess", "Popen")) + b"0" + _call("subprocess", "Popen", word),
        "copy": _call("copy", "_reconstruct", b"N", b"\x88", acts, word + b"\x85"),
        "tree-map": _call("torch.utils._pytree", "tree_map", acts, _list(word)),
        "torch-apply": _call("torch.nn.modules.module", "Module.apply", _call("torch.nn", "Identity"), acts),
        "vmap": _call("torch._functorch.apis", "vmap", acts) + word + b"\x85R",
        "timeit": _call("timeit", "Timer", acts) + b"0" + _call("timeit", "timeit", acts),
        "retry": _call("torch.multiprocessing.spawn", "spawn", acts, word + b"\x85"),
        "cprofile": _call("cProfile", "Profile.runcall", _call("cProfile", "Profile"), acts, word),
        "trace": _call("trace", "Trace.runfunc", _call("trace", "Trace"), acts, word),
        "bdb": _call("bdb", "Bdb.runcall", _call("bdb", "Bdb"), acts, word),
        "enter": _call("contextlib", "ExitStack.callback", _call("contextlib", "ExitStack"), acts, word),
        "class": _call("builtins", "type", text("X"), b")", b"}" + text("__del__") + acts + b"s") + b")R",
    }  # fmt: skip
    return through


def assembled(rng: Random) -> Iterator[Sample]:
    """The names come out of computation: joined, sliced, decoded, looked up."""
    pieces = {
        "concat": _call("operator", "concat", text("sys"), text("tem")), "add": _call("operator", "add", text("sys"), text("tem")),
        "join": _call("builtins", "str.join", text(""), _list(text("sys"), text("tem"))),
        "reverse": _call("builtins", "str.join", text(""), _call("builtins", "reversed", text("metsys"))),
        "lower": _call("builtins", "str.lower", text("SYSTEM")), "strip": _call("builtins", "str.strip", text(" system ")),
        "replace": _call("builtins", "str.replace", text("sysXtem"), text("X"), text("")),
        "b64": _call("builtins", "str", _call("base64", "b64decode", text("c3lzdGVt")), text("ascii")), "hex": _call("codecs", "decode", _call("builtins", "bytes.fromhex", text("73797374656d")), text("ascii")),
        "rot13": _call("codecs", "decode", text("flfgrz"), text("rot13")), "format": _call("builtins", "str.format", text("{}tem"), text("sys")),
        "mod": _call("operator", "mod", text("sys%s"), text("tem")), "chr": _call("builtins", "str.join", text(""), _call("builtins", "map", _found("builtins", "chr"), _list(*(bytes((75, each)) for each in b"system")))),
        "sub": _call("re", "sub", text("X"), text(""), text("sysXtem")),
    }  # fmt: skip
    modules = {
        "import": _call("builtins", "__import__", text("os")), "module": _call("importlib", "import_module", text("os")),
        "modules": _call("operator", "getitem", _found("sys", "modules"), text("os")), "get": _call("builtins", "dict.get", _found("sys", "modules"), text("os")),
        "dotted": _found("shutil", "os"), "locate": _call("pydoc", "locate", text("os")), "logging": _found("logging", "os"),
        "resolve": _call("pkgutil", "resolve_name", text("os")), "gcd": _call("importlib", "_bootstrap._gcd_import", text("os")),
    }  # fmt: skip
    for how, piece in pieces.items():
        for where, module in rng.sample(sorted(modules.items()), 3):
            reached = _call("builtins", "getattr", module, piece)
            yield Sample(name=f"{how}-{where}.pkl", data=reached + text("true") + b"\x85R.")
    for where, module in modules.items():
        got = _call("operator", "getitem", _call("builtins", "vars", module), text("system"))
        yield Sample(name=f"vars-{where}.pkl", data=b"\x80\x02" + got + text("true") + b"\x85R.")


def stack_global_computed(rng: Random) -> Iterator[Sample]:
    """STACK_GLOBAL whose names come from calls, the memo or containers."""
    for number in range(12):
        name = rng.choice(("system", "popen"))
        half = rng.randint(1, 4)
        joined = _call("operator", "add", text(name[:half]), text(name[half:]))
        memo = text("os") + b"q\x010" + text(name) + b"q\x020"
        yield Sample(
            name=f"called{number}.pkl",
            data=b"\x80\x04" + text("os") + joined + b"\x93" + text("true") + b"\x85R.",
        )
        yield Sample(
            name=f"memo{number}.pkl", data=b"\x80\x04" + memo + b"h\x01h\x02\x93" + text("true") + b"\x85R."
        )
        overwritten = text("collections") + b"q\x010" + text("os") + b"q\x010" + text(name)
        yield Sample(
            name=f"again{number}.pkl",
            data=b"\x80\x04" + overwritten + b"q\x020h\x01h\x02\x93" + text("true") + b"\x85R.",
        )


def built(rng: Random) -> Iterator[Sample]:
    """BUILD changes a function, a class, a module or a partial, so that a later call is another one."""
    for _ in range(5):
        acts, word = _target(rng)
        partial = _call("functools", "partial", _found("builtins", "print"))
        yield Sample(name="partial.pkl", data=b"\x80\x02" + partial + b"(" + acts + word + b"\x85}Ntb)R.")
        slots = b"N}" + text("join") + acts + b"s\x86"
        yield Sample(name="module.pkl", data=b"\x80\x02cos\npath\n" + slots + b"b.")
        yield Sample(name="module-dict.pkl", data=b"\x80\x02cos\npath\n}" + text("join") + acts + b"sb.")
        yield Sample(
            name="class.pkl",
            data=b"\x80\x02ccollections\nOrderedDict\nN}"
            + text("__setitem__")
            + acts
            + b"s\x86b)R("
            + word
            + b"K\x01u.",
        )
        yield Sample(
            name="class-call.pkl", data=b"\x80\x02cjson\nJSONDecoder\nN}" + text("decode") + acts + b"s\x86b."
        )
        yield Sample(
            name="function.pkl",
            data=b"\x80\x02cjson\nloads\nN}"
            + text("__code__")
            + _call("marshal", "loads", text("x"))
            + b"s\x86b.",
        )
        yield Sample(
            name="torch-class.pkl",
            data=b"\x80\x02ctorch.nn.modules.linear\nLinear\nN}" + text("forward") + acts + b"s\x86b.",
        )
        yield Sample(
            name="builtins.pkl",
            data=b"\x80\x02"
            + _call("builtins", "__import__", text("builtins"))
            + b"N}"
            + text("len")
            + acts
            + b"s\x86b.",
        )
        yield Sample(name="modules.pkl", data=b"\x80\x02csys\nmodules\n" + text("json") + acts + b"s.")
        yield Sample(name="path.pkl", data=b"\x80\x02csys\npath\n" + text("/nonexistent") + b"a.")
        yield Sample(name="paths.pkl", data=b"\x80\x02csys\nmeta_path\n(" + acts + b"e.")
        yield Sample(
            name="environ.pkl", data=b"\x80\x02cos\nenviron\n" + text("LD_PRELOAD") + text("x.so") + b"s."
        )
        yield Sample(
            name="dispatch.pkl",
            data=b"\x80\x02ccopyreg\ndispatch_table\nccollections\nOrderedDict\n" + acts + b"s.",
        )


def bytecode(rng: Random) -> Iterator[Sample]:
    """Functions made of code objects, as cloudpickle and dill make them, whose code runs a command."""
    makers = (
        ("types", "FunctionType"), ("builtins", "exec"), ("dill._dill", "_create_function"), ("cloudpickle.cloudpickle", "_make_function"),
        ("cloudpickle.cloudpickle", "_builtin_type"), ("new", "function"), ("dill._dill", "_create_code"), ("cloudpickle", "_fill_function"),
    )  # fmt: skip
    for module, name in makers:
        for _ in range(4):
            source = rng.choice(
                (
                    "__import__('os').system('true')",
                    "import subprocess; subprocess.call('true')",
                    "exec('pass')",
                )
            )
            code = marshal.dumps(compile(source, "x", "exec"))
            raw = b"B" + len(code).to_bytes(4, "little") + code
            loaded = _call("marshal", "loads", raw)
            yield Sample(name=f"{name}.pkl", data=b"\x80\x03" + _found(module, name) + loaded + b"}\x86R)R.")


KINDS: dict[str, Kind] = {
    each.__name__: each for each in (higher_order, assembled, stack_global_computed, built, bytecode)
}

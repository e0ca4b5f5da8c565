# ruff: noqa: E501 - tables of samples, one to a line
"""Pickles that aim at what a detector with lists, a memo and a symbolic stack may get wrong.

Written with the detector's rules at hand: what is on its lists, what it follows, where it stops.
"""

import marshal
import pickle
import struct
import zlib
from collections.abc import Iterator
from random import Random

from corpus.corpus_samples import Kind, Sample, reduced, stored_zip, text, torch_zip

__all__ = ["KINDS"]

_ACTS = (
    ("os", "system"),
    ("posix", "system"),
    ("builtins", "eval"),
    ("subprocess", "getoutput"),
    ("builtins", "exec"),
    ("pydoc", "locate"),
)
_NAMES = ("model.pkl", "model.joblib", "weights.bin", "model.pt", "data.pickle")


def _found(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _call(module: str, name: str, *arguments: bytes) -> bytes:
    return _found(module, name) + b"(" + b"".join(arguments) + b"tR"


def _list(*items: bytes) -> bytes:
    return b"](" + b"".join(items) + b"e"


def _pick(rng: Random) -> tuple[bytes, bytes]:
    module, name = rng.choice(_ACTS)
    return _found(module, name), text("1" if name == "eval" else "pass" if name == "exec" else "true")


def stacked_memo(rng: Random) -> Iterator[Sample]:
    """Several pickles in one file; the memo of one Unpickler lives on, and MEMOIZE counts on."""
    for number in range(8):
        acts, word = _pick(rng)
        index = bytes((rng.randint(0, 255),))
        yield Sample(
            name="memo.pkl",
            data=b"\x80\x02" + acts + b"q" + index + b"0N.\x80\x02h" + index + word + b"\x85R.",
        )
        honest = pickle.dumps([0.5] * rng.randint(1, 500), rng.choice((2, 4)))
        yield Sample(
            name=rng.choice(_NAMES), data=honest * rng.randint(1, 30) + b"\x80\x02" + acts + word + b"\x85R."
        )
        yield Sample(
            name=f"gap{number}.pkl",
            data=honest + bytes(rng.randint(1, 64)) + b"\x80\x02" + acts + word + b"\x85R.",
        )
        aliased = (
            b"ccollections\nOrderedDict\nq\x01" + b"0" + acts + b"q\x01" + b"0" + b"h\x01" + word + b"\x85R."
        )
        yield Sample(name="alias.pkl", data=b"\x80\x02" + aliased)
        many = b"".join(b"K" + bytes((each,)) + b"\x940" for each in range(200))
        yield Sample(name="memoize.pkl", data=b"\x80\x04" + many + acts + b"\x940h\xc8" + word + b"\x85R.")


def extensions(rng: Random) -> Iterator[Sample]:
    """Calls through the extension registry, which the pickle fills itself or finds filled."""
    for number in (1, 5, 200, 255, 1000, 70_000, 2**31 - 1):
        code = (
            b"\x82" + bytes((number,))
            if number < 256
            else b"\x83" + struct.pack("<H", number)
            if number < 65536
            else b"\x84" + struct.pack("<i", number)
        )
        for module, name in rng.sample(_ACTS, 3):
            filled = (
                _call("copyreg", "add_extension", text(module), text(name), b"J" + struct.pack("<i", number))
                + b"0"
            )
            yield Sample(name="extension.pkl", data=b"\x80\x02" + filled + code + text("true") + b"\x85R.")
            inverted = (
                _found("copyreg", "_inverted_registry")
                + b"J"
                + struct.pack("<i", number)
                + text(module)
                + text(name)
                + b"\x86s0"
            )
            yield Sample(name="inverted.pkl", data=b"\x80\x02" + inverted + code + text("true") + b"\x85R.")


def old_names(rng: Random) -> Iterator[Sample]:
    """Names of Python 2, which are mapped to today's below protocol 3, and look like unknown ones."""
    for module, name in (
        ("__builtin__", "eval"),
        ("__builtin__", "execfile"),
        ("__builtin__", "reduce"),
        ("commands", "getoutput"),
        ("UserDict", "IterableUserDict"),
        ("itertools", "imap"),
        ("itertools", "ifilter"),
        ("__builtin__", "apply"),
        ("cPickle", "loads"),
        ("urllib", "urlretrieve"),
        ("urllib2", "urlopen"),
        ("anydbm", "open"),
        ("dumbdbm", "open"),
        ("xmlrpclib", "ServerProxy"),
        ("thread", "start_new_thread"),
        ("copy_reg", "add_extension"),
        ("Tkinter", "Tcl"),
        ("SimpleHTTPServer", "test"),
        ("whichdb", "whichdb"),
        ("os", "getcwdu"),
    ):
        if name in (
            "IterableUserDict",
            "imap",
            "ifilter",
            "getcwdu",
            "whichdb",
            "reduce",
            "Tcl",
            "ServerProxy",
        ):
            continue
        for proto in (b"", b"\x80\x02"):
            yield Sample(name=rng.choice(_NAMES), data=proto + reduced(module, name, "x", "y") + b".")
        yield Sample(name="inst.pkl", data=b"(" + text("x") + f"i{module}\n{name}\n.".encode())


def through_data(rng: Random) -> Iterator[Sample]:
    """What is on the lists of harmless names is handed something that acts."""
    for _ in range(3):
        acts, word = _pick(rng)
        made = {
            "factory": _call("collections", "defaultdict", acts),
            "factory-get": _call("_operator", "itemgetter", word) + _call("collections", "defaultdict", acts) + b"\x85R",
            "getter": _call("_operator", "itemgetter", text("system")) + _found("os", "__dict__") + b"\x85R" + text("true") + b"\x85R",
            "contains": _call("_operator", "contains", _call("builtins", "map", acts, _list(word)), b"N"),
            "extend": b"]" + _call("builtins", "map", acts, _list(word)) + b"\x85" + b"0" + _call("collections", "deque", _call("builtins", "map", acts, _list(word))),
            "type-v2": _call("torch._tensor", "_rebuild_from_type_v2", acts, _found("torch", "Tensor"), word + b"\x85", b"N"),
            "parameter": _call("torch._utils", "_rebuild_parameter_with_state", _call("torch", "zeros", b"K\x01"), b"\x89", _call("collections", "OrderedDict"), b"}" + text("x") + acts + b"s") + b"0" + acts + word + b"\x85R",
            "reconstruct": _call("numpy.core.multiarray", "_reconstruct", acts, b"K\x00\x85", text("b")),
            "masked": _call("numpy.ma.core", "_mareconstruct", acts, word, b"K\x00", text("b")),
            "ufunc": _call("numpy._core", "_ufunc_reconstruct", text("os"), text("system")) + word + b"\x85R",
            "ufunc-old": _call("numpy.core", "_ufunc_reconstruct", text("subprocess"), text("Popen")) + word + b"\x85R",
            "reconstructor": _call("copyreg", "_reconstructor", _found("subprocess", "Popen"), _found("builtins", "object"), b"N") + b"0" + acts + word + b"\x85R",
            "enum": _call("enum", "Enum", text("X"), b"}") + b"0" + _call("types", "new_class", text("X")),
            "hook": b"ctorch.nn.modules.linear\nIdentity\n)\x81}" + text("_forward_hooks") + _call("collections", "OrderedDict") + b"K\x00" + acts + b"ssb",
            "transformer": b"csklearn.preprocessing._function_transformer\nFunctionTransformer\n)\x81}(" + text("func") + acts + text("inverse_func") + b"Nub",
            "estimator-state": b"csklearn.linear_model._logistic\nLogisticRegression\n)\x81}" + text("predict") + acts + b"sb",
            "partial-state": _call("functools", "partial", _found("builtins", "int")) + b"(" + acts + word + b"\x85}Ntb)R",
            "load-bytes": _call("torch.storage", "_load_from_bytes", b"B" + struct.pack("<I", 21) + b"cos\nsystem\n(V1\ntR.   "),
            "graph": _call("torch.fx.graph_module", "reduce_graph_module", b"}" + text("_code") + text("__import__('os').system('true')") + b"s", text("")),
            "package-graph": _call("torch.fx.graph_module", "reduce_package_graph_module", b"N", b"}", text("x")),
            "decoder": _call("numpy", "frombuffer", b"C\x01x") + b"0" + _call("numpy", "loads", b"C\x02N."),
            "bit-generator": _call("numpy.random._pickle", "__bit_generator_ctor", acts) + word + b"\x85R",
            "randomstate": _call("numpy.random._pickle", "__randomstate_ctor", text("MT19937"), acts),
            "numpy-core": _call("numpy.core.numeric", "fromfunction", acts, b"K\x01\x85"),
            "pandas-query": _call("pandas.core.frame", "DataFrame.query", _call("pandas.core.frame", "DataFrame"), text("@__import__('os').system('true')")),
            "pandas-eval": _call("pandas.core.computation.eval", "eval", text("1")),
            "pandas-pipe": _call("pandas.core.frame", "DataFrame.pipe", _call("pandas.core.frame", "DataFrame"), acts),
            "sklearn-datasets": _call("sklearn.datasets._base", "load_files", text("/")),
            "scipy-text": b"cscipy.stats._continuous_distns\nnorm_gen\n)\x81}(" + text("_parse_arg_template") + text("import os; os.system('true')") + text("name") + text("norm") + b"ub",
            "statsmodels-load": _call("statsmodels.iolib.smpickle", "load_pickle", text("x")),
            "joblib-memory": _call("joblib.memory", "MemorizedResult", text("/tmp"), text("x")),
            "torch-ops": _call("torch.ops", "load_library", text("x.so")),
            "lazy": _call("transformers.utils.import_utils", "_LazyModule", text("os"), text("x"), b"}"),
            "config-remote": _call("transformers.models.auto.auto_factory", "_BaseAutoModelClass.from_pretrained", text("x/y")),
            "trusted": _call("huggingface_hub.hub_mixin", "ModelHubMixin.from_pretrained", text("x/y")),
            "lgb-file": _call("lightgbm.basic", "Booster", b"}", b"N", text("/etc/passwd")),
            "xgb-file": _call("xgboost.core", "Booster.load_model", _call("xgboost.core", "Booster"), text("/etc/passwd")),
        }  # fmt: skip
        # Reading one model file is odd, not harm; a type is made by these two and nothing run.
        for name in (
            "enum",
            "lgb-file",
            "xgb-file",
            "package-graph",
            "joblib-memory",
            "contains",
            "randomstate",
        ):
            del made[name]
        for name, body in made.items():
            yield Sample(name=f"{name}.pkl", data=b"\x80\x03" + body + b".")


def nested_loads(rng: Random) -> Iterator[Sample]:
    """A loader is called with a literal that is itself a pickle that acts, under one to three such."""
    loaders = (
        ("pickle", "loads"),
        ("_pickle", "loads"),
        ("torch.storage", "_load_from_bytes"),
        ("cloudpickle", "loads"),
        ("dill", "loads"),
        ("numpy", "loads"),
        ("joblib.numpy_pickle", "loads"),
        ("cPickle", "loads"),
    )
    for module, name in loaders:
        inner = reduced("os", "system", "true") + b"."
        for depth in range(3):
            if (module, name) == ("torch.storage", "_load_from_bytes") and depth == 0:
                inner = torch_zip(inner)
            body = (
                b"\x80\x03" + _found(module, name) + b"B" + struct.pack("<I", len(inner)) + inner + b"\x85R."
            )
            yield Sample(name=rng.choice(_NAMES), data=body)
            inner = body
    for pack in (zlib.compress, marshal.dumps):
        inner = pack(reduced("os", "system", "true") + b".")
        unpack = _call(
            "zlib" if pack is zlib.compress else "marshal",
            "decompress" if pack is zlib.compress else "loads",
            b"B" + struct.pack("<I", len(inner)) + inner,
        )
        yield Sample(name="unpacked.pkl", data=b"\x80\x03" + _found("pickle", "loads") + unpack + b"\x85R.")


def frames(rng: Random) -> Iterator[Sample]:
    """Frames that lie: opcodes that cross them, overlap, end early, or a frame within another."""
    for number in range(24):
        acts, word = _pick(rng)
        body = acts + word + b"\x85R."
        size = rng.choice((0, 1, len(body) - 1, len(body) + 1, len(body) // 2, 2**40))
        data = b"\x80\x04\x95" + struct.pack("<Q", size) + body
        if number % 3 == 1:
            data = (
                b"\x80\x04\x95"
                + struct.pack("<Q", len(body) + 9)
                + b"\x95"
                + struct.pack("<Q", len(body))
                + body
            )
        if number % 3 == 2:
            data = b"\x80\x02" + acts + b"\x95" + struct.pack("<Q", size) + word + b"\x85R."
        yield Sample(name=rng.choice(_NAMES), data=data)


def joblib_tails(rng: Random) -> Iterator[Sample]:
    """joblib: what stands behind, between and within the bytes of arrays."""
    wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(X\x08\0\0\0subclasscnumpy\nndarray\nX\x05\0\0\0shapeK\x04\x85X\x05\0\0\0orderX\x01\0\0\0CX\x05\0\0\0dtypecnumpy\ndtype\nX\x02\0\0\0f8\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbX\n\0\0\0allow_mmap\x88ub"
    for number in range(6):
        acts, word = _pick(rng)
        call = acts + word + b"\x85R"
        raw = rng.randbytes(32)
        whole = {
            "behind": b"\x80\x03" + wrapper + raw + call + b"0.", "before": b"\x80\x03" + call + b"0" + wrapper + raw + b".",
            "second": b"\x80\x03(" + wrapper + raw + wrapper + raw + call + b"t.",
            "subclass": b"\x80\x03" + wrapper.replace(b"cnumpy\nndarray\n", acts) + raw + b".",
            "lying": b"\x80\x03" + wrapper.replace(b"K\x04\x85", b"K\x00\x85") + call + b".",
            "padded": b"\x80\x03" + wrapper.replace(b"allow_mmap\x88u", b"allow_mmap\x88X\x1b\0\0\0numpy_array_alignment_bytesK\x10u") + b"\x03\xff\xff\xff" + raw + call + b".",
        }  # fmt: skip
        for name, data in whole.items():
            yield Sample(name=f"{name}.joblib", data=zlib.compress(data) if number % 2 else data)


def look_alikes(rng: Random) -> Iterator[Sample]:
    """Names a letter away from listed ones, Unicode look-alikes, odd spellings, private submodules."""
    pairs = (
        ("torch._utiIs", "_rebuild_tensor_v2"), ("numpy.core.multiarray ", "_reconstruct"), ("nump\u0443.core.multiarray", "_reconstruct"),
        ("torch._utils", "_rebuild_tensor_v2 "), ("collections\r", "OrderedDict"), ("os.", "system"), (".os", "system"), ("os ", "system"),
        ("OS", "system"), ("builtins", "exec "), ("torch.os", "system"), ("torch.sys", "exit"), ("numpy.os", "system"), ("sklearn.os", "system"),
        ("sklearn.utils._testing", "check_call"), ("torch.testing._internal.common_utils", "run_tests"), ("torch.distributed.launcher.api", "launch_agent"),
        ("numpy.testing", "rundocs"), ("numpy.testing", "runstring"), ("pandas.util._tester", "test"), ("scipy._lib._testutils", "PytestTester"),
        ("torch.utils.collect_env", "run"), ("torch.utils._cpp_extension_versioner", "x"), ("numpy.distutils.misc_util", "cmd"), ("sklearn._build_utils", "x"),
        ("torch._inductor.codecache", "PyCodeCache.load"), ("torch._dynamo.utils", "run_node"), ("torch._functorch.aot_autograd", "aot_function"),
    )  # fmt: skip
    for module, name in pairs:
        if name in ("PytestTester", "x", "aot_function", "test", "run_node"):
            continue
        for _ in range(2):
            form = rng.choice(("line", "stack"))
            raw = f"c{module}\n{name}\n".encode() if form == "line" else text(module) + text(name) + b"\x93"
            yield Sample(name=rng.choice(_NAMES), data=b"\x80\x04" + raw + text("true") + b"\x85R.")


def long_ways(rng: Random) -> Iterator[Sample]:
    """What acts stands behind a great deal: many opcodes, deep nesting, huge memo, long strings, in many members."""
    for number in range(5):
        acts, word = _pick(rng)
        call = acts + word + b"\x85R"
        yield Sample(name="deep.pkl", data=b"\x80\x02" + b"(" * 5000 + call + b"t" * 5000 + b".")
        yield Sample(name="lists.pkl", data=b"\x80\x02" + b"]" * 3000 + call + b"a" * 3000 + b".")
        yield Sample(
            name="long.pkl",
            data=b"\x80\x02X" + struct.pack("<I", 500_000) + b"a" * 500_000 + b"0" + call + b".",
        )
        yield Sample(
            name="numbers.pkl", data=b"\x80\x02](" + b"G?\xf0\0\0\0\0\0\0" * 50_000 + b"e0" + call + b"."
        )
        yield Sample(
            name="memo.pkl",
            data=b"\x80\x02N"
            + b"".join(b"r" + struct.pack("<I", each) for each in range(20_000))
            + b"0"
            + call
            + b".",
        )
        members = {f"archive/data/{each}.pkl": b"\x80\x02N." for each in range(300)}
        yield Sample(
            name="members.pt",
            data=stored_zip(
                {
                    "archive/data.pkl": b"\x80\x02N.",
                    **members,
                    "archive/data/last.pkl": call + b".",
                    "archive/version": b"3",
                }
            ),
        )
        yield Sample(
            name=f"globals{number}.pkl", data=b"\x80\x02" + b"cargparse\nNamespace\n0" * 3000 + call + b"."
        )


def persistent(rng: Random) -> Iterator[Sample]:
    """Persistent ids of torch whose parts act, and storages that are no storages."""
    for number in range(6):
        acts, word = _pick(rng)
        call = acts + word + b"\x85R"
        tensor = b"ctorch._utils\n_rebuild_tensor_v2\n("
        ids = {
            "type": b"(" + text("storage") + acts + text("0") + text("cpu") + b"K\x04t", "key": b"(" + text("storage") + _found("torch", "FloatStorage") + call + text("cpu") + b"K\x04t",
            "location": b"(" + text("storage") + _found("torch", "FloatStorage") + text("0") + call + b"K\x04t", "module": b"(" + text("module") + acts + text("x.py") + text("pass") + b"t",
        }  # fmt: skip
        for name, each in ids.items():
            data = (
                b"\x80\x02"
                + tensor
                + each
                + b"QK\x00K\x04\x85K\x01\x85\x89"
                + _call("collections", "OrderedDict")
                + b"tR."
            )
            yield Sample(name=f"{name}{number}.pt", data=torch_zip(data))


KINDS: dict[str, Kind] = {
    each.__name__: each
    for each in (
        stacked_memo,
        extensions,
        old_names,
        through_data,
        nested_loads,
        frames,
        joblib_tails,
        look_alikes,
        long_ways,
        persistent,
    )
}

# ruff: noqa: E501 - tables of samples, one to a line
"""Pickles whose parts all look harmless, or are spelled as nobody writes them.

Written without knowledge of the detector. Tried with Python 3.11, NumPy, pandas, scikit-learn, PyTorch and dill, each in
a process with an audit hook. Those that call by being loaded were seen to, but for statsmodels' loaders, which were
not tried again. `imported_only` imports and does no more (not all of its modules are installed everywhere, and
`this.fly` is in none); `stored_callables` act when they are used, which nobody tried.
"""

import pickle
from collections.abc import Iterator
from random import Random

from corpus.corpus_samples import Kind, Sample, text
from corpus.second_look.second_builders import (
    CODE,
    COMMAND,
    EXPRESSION,
    call,
    found,
    items,
    listed,
    pairs,
    raw,
    short,
    whole,
)

__all__ = ["KINDS"]

_FUNCTIONS = (
    ("collections", "namedtuple"), ("json", "loads"), ("argparse", "Namespace.__init__"), ("copyreg", "_reconstructor"), ("functools", "reduce.__class__"), ("collections", "OrderedDict.fromkeys"),
    ("datetime", "datetime.__class__"), ("enum", "Enum.__dir__"), ("dataclasses", "dataclass"), ("fractions", "Fraction.__new__"), ("pathlib", "Path.__new__"), ("statistics", "mean"), ("re", "compile"), ("uuid", "UUID.__init__"), ("string", "capwords"),
    ("numpy", "mean"), ("numpy.core.fromnumeric", "mean"), ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_parameter"), ("sklearn.base", "clone"), ("joblib.numpy_pickle", "NumpyArrayWrapper.__init__"), ("pandas.core.series", "Series.__init__"),
)  # fmt: skip


def inner_roads(rng: Random) -> Iterator[Sample]:
    """Built-in functions through what every function knows: its builtins, globals, class and subclasses."""
    for module, name in _FUNCTIONS:
        if name.endswith("__class__"):
            road = (
                found(module, name + ".__base__.__subclasses__")
                + b")R0"
                + found("json", "loads.__builtins__.get")
            )
        elif name == "OrderedDict.fromkeys":
            road = found(module, "namedtuple.__builtins__.__getitem__")
        else:
            wanted = rng.choice(
                (
                    "__builtins__.get",
                    "__builtins__.__getitem__",
                    "__builtins__.pop",
                    "__builtins__.setdefault",
                )
            )
            road = found(module, f"{name}.{wanted}")
        evaluate, argument = rng.choice((("eval", EXPRESSION), ("exec", CODE)))
        yield Sample(name="model.pkl", data=whole(road + items(evaluate) + b"R" + items(argument) + b"R"))


def own_methods(rng: Random) -> Iterator[Sample]:
    """An honest object is given a method, and the opcodes for lists, dictionaries and states call it."""
    holders = (
        ("argparse", "Namespace"),
        ("types", "SimpleNamespace"),
        ("collections", "UserString"),
        ("email.message", "Message"),
    )
    for module, name in holders:
        for target in (
            found("os", "system"),
            found("posix", "system"),
            found("subprocess", "getoutput"),
            call("operator:attrgetter", "system") + items(found("shutil", "os")) + b"R",
        ):
            plain = found(module, name) + (b")R" if name != "UserString" else items("a") + b"R")
            yield Sample(
                name="append.pkl",
                data=whole(plain + pairs({"append": target}) + b"b" + short(COMMAND) + b"a"),
            )
            yield Sample(
                name="state.pkl",
                data=whole(plain + pairs({"__setstate__": target}) + b"b" + short(COMMAND) + b"b"),
            )


def _spelled(rng: Random, value: str) -> bytes:
    return rng.choice((
        b"V" + "".join(f"\\u{ord(each):04x}" for each in value).encode() + b"\n", b"V" + "".join(f"\\U{ord(each):08x}" for each in value).encode() + b"\n",
        b"S'" + b"".join(b"\\%03o" % ord(each) for each in value) + b"'\n", b'S"' + b"".join(b"\\x%02x" % ord(each) for each in value) + b'"\n',
        b"T" + len(value).to_bytes(4, "little") + value.encode(), b"U" + bytes((len(value),)) + value.encode(), b"\x8d" + len(value).to_bytes(8, "little") + value.encode(), text(value),
    ))  # fmt: skip


def spelled_names(rng: Random) -> Iterator[Sample]:
    """Module and name by every way to spell a text, escapes within them, through a memo whose numbers have odd spellings."""
    for number in range(30):
        module, name, argument = rng.choice(
            (
                ("os", "system", COMMAND),
                ("subprocess", "getoutput", COMMAND),
                ("builtins", "exec", CODE),
                ("posix", "system", COMMAND),
                ("pty", "spawn", "true"),
            )
        )
        index = rng.randint(10, 99)
        put, got = rng.choice(
            (
                (b"p%d\n", b"g0%d\n"),
                (b"p0%d\n", b"g%d\n"),
                (b"p%d\n", b"g +%d\n"),
                (b"p %d \n", b"g%d\n"),
                (b"p0_%d\n", b"g%d\n"),
            )
        )
        decoy = short("collections") + b"p%d\n0" % index if number % 2 else b""
        memo = decoy + _spelled(rng, module) + put % index + b"0" + got % index
        yield Sample(
            name=rng.choice(("model.pkl", "tokens.dat", "weights.bin")),
            data=b"\x80\x04" + memo + _spelled(rng, name) + b"\x93" + _spelled(rng, argument) + b"\x85R.",
        )


def held_loaders(rng: Random) -> Iterator[Sample]:
    """A pickle within bytes, which a loader reads through a buffer, a connection, a shelf or a class of its own."""
    for inner in (
        whole(call("os:system", COMMAND)),
        whole(call("pathlib:Path.touch", call("pathlib:PosixPath", "acted"))),
    ):
        buffer = call("_io:BytesIO", raw(inner))
        made = {
            "load": call("pickle:load", buffer), "class": call("pickle:_Unpickler.load", call("pickle:_Unpickler", buffer)), "c-class": call("_pickle:Unpickler.load", call("_pickle:Unpickler", buffer)), "c-load": call("_pickle:load", buffer), "python-load": call("pickle:_load", buffer), "python-loads": call("pickle:_loads", raw(inner)),
            "shelf": call("shelve:Shelf.__getitem__", call("shelve:Shelf", b"}" + raw(b"k") + raw(inner) + b"s"), "k"), "forking": call("multiprocessing.reduction:ForkingPickler.loads", raw(inner)), "reader": call("pickle:load", call("_io:BufferedReader", buffer)), "random": call("pickle:load", call("_io:BufferedRandom", buffer)),
            "spooled": call("pickle:loads", call("_io:BytesIO.getvalue", buffer)), "view": call("pickle:loads", call("builtins:memoryview", raw(inner))), "array": call("pickle:loads", call("builtins:bytearray", raw(inner))), "hex": call("pickle:loads", call("binascii:unhexlify", inner.hex())),
            "zlib": call("pickle:loads", call("zlib:decompress", call("zlib:compress", raw(inner)))), "joined": call("pickle:loads", call("operator:concat", raw(inner[:9]), raw(inner[9:]))), "join": call("pickle:loads", call("builtins:bytes.join", b"C\x00", listed(raw(inner[:7]), raw(inner[7:])))), "codecs": call("pickle:loads", call("_codecs:encode", inner.decode("latin-1"), "latin-1")),
            "escape": call("pickle:loads", items(call("_codecs:escape_decode", "".join(f"\\x{each:02x}" for each in inner))) + b"0" + call("binascii:a2b_hex", inner.hex())), "base85": call("pickle:loads", call("base64:b85decode", __import__("base64").b85encode(inner).decode())), "quoted": call("pickle:loads", call("urllib.parse:unquote_to_bytes", "".join(f"%{each:02X}" for each in inner))),
            "multiprocessing": call("_pickle:loads", raw(b"N.") + b"0" + raw(inner)), "tools": call("pickletools:optimize", raw(inner)) + b"\x85" + found("pickle", "loads") + b"0" + call("pickle:loads", call("pickletools:optimize", raw(inner))),
        }  # fmt: skip
        for name, body in made.items():
            yield Sample(name=f"{name}.pkl", data=whole(body))


def library_loaders(rng: Random) -> Iterator[Sample]:
    """The same through the loaders of packages."""
    for inner in (whole(call("os:system", COMMAND)), whole(call("os:mkdir", "acted"))):
        buffer = call("_io:BytesIO", raw(inner))
        made = {
            "numpy": call("numpy:load", buffer, None, True), "joblib": call("joblib:load", buffer), "joblib-class": call("joblib.numpy_pickle:NumpyUnpickler.load", call("joblib.numpy_pickle:NumpyUnpickler", "x", buffer, True)), "pandas": call("pandas:read_pickle", buffer, None), "pandas-io": call("pandas.io.pickle:read_pickle", buffer, None),
            "cloudpickle": call("cloudpickle:load", buffer), "loky": call("joblib.externals.cloudpickle:loads", raw(inner)), "dill": call("dill:Unpickler.load", call("dill:Unpickler", buffer)), "dill-load": call("dill:load", buffer), "torch": call("torch.serialization:_legacy_load", buffer, None, found("pickle", "__dict__") + b"0" + found("torch.serialization", "pickle")),
            "statsmodels": call("statsmodels.iolib.smpickle:load_pickle", buffer), "npy": call("numpy.lib.format:read_array", call("_io:BytesIO", raw(b"\x93NUMPY\x01\0v\0" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n" + inner)), True), "forking": call("torch.multiprocessing.reductions:ForkingPickler.loads", raw(inner)), "pandas-compat": call("pandas.compat.pickle_compat:Unpickler.load", call("pandas.compat.pickle_compat:Unpickler", buffer)),
        }  # fmt: skip
        for name, body in made.items():
            yield Sample(name=f"{name}.pkl", data=whole(body))


def _stated(module: str, name: str, state: dict[str, bytes | str | int | None]) -> bytes:
    return found(module, name) + b")\x81" + pairs(state) + b"b"


def stored_callables(rng: Random) -> Iterator[Sample]:
    """Honest estimators and modules that are told to call something else as soon as they are used."""
    for target in (found("os", "system"), found("builtins", "eval"), found("subprocess", "getoutput")):
        made = {
            "tokenizer": _stated("sklearn.feature_extraction.text", "CountVectorizer", {"tokenizer": target, "fixed_vocabulary_": True}), "preprocessor": _stated("sklearn.feature_extraction.text", "TfidfVectorizer", {"preprocessor": target}), "analyzer": _stated("sklearn.feature_extraction.text", "HashingVectorizer", {"analyzer": target, "n_features": 8}),
            "metric": _stated("sklearn.neighbors._classification", "KNeighborsClassifier", {"metric": target, "n_neighbors": 1}), "kernel": _stated("sklearn.svm._classes", "SVC", {"kernel": target}), "scorer": _stated("sklearn.model_selection._search", "GridSearchCV", {"scoring": target}), "hooks": _stated("torch.nn.modules.linear", "Linear", {"_forward_hooks": b"}\x4b\x00" + target + b"s", "training": False}),
            "pre-hooks": _stated("torch.nn.modules.container", "Sequential", {"_forward_pre_hooks": b"}\x4b\x00" + target + b"s", "training": False}), "load-hooks": _stated("torch.nn.modules.activation", "ReLU", {"_load_state_dict_pre_hooks": b"}\x4b\x00" + target + b"s"}), "lambdas": _stated("torch.optim.lr_scheduler", "LambdaLR", {"lr_lambdas": listed(target)}), "collate": _stated("torch.utils.data.dataloader", "DataLoader", {"collate_fn": target}),
            "vectorize": _stated("numpy", "vectorize", {"pyfunc": target, "otypes": "O", "signature": None, "excluded": call("builtins:set"), "_ufunc": None}), "objective": _stated("lightgbm.sklearn", "LGBMClassifier", {"_objective": target, "_fobj": target}), "activation": _stated("torch.nn.modules.transformer", "TransformerEncoderLayer", {"activation": target}),
            "forward": _stated("torch.nn.modules.linear", "Identity", {"forward": target, "training": False}), "predict": _stated("sklearn.linear_model._base", "LinearRegression", {"predict": target}),
        }  # fmt: skip
        for name, body in made.items():
            yield Sample(name=rng.choice((f"{name}.pkl", "model.pkl", "pipeline.pkl")), data=whole(body))


def imported_only(rng: Random) -> Iterator[Sample]:
    """Nothing is called: a module acts when it is imported, and the pickle asks for a name in it."""
    modules = ("antigravity", "this", "unittest.__main__", "idlelib.idle", "lib2to3.__main__", "test.autotest", "idlelib.__main__", "test.crashers.gc_inspection", "tkinter.__main__", "venv.__main__", "test.__main__")  # fmt: skip
    for module in modules:
        name = rng.choice(("__name__", "__doc__", "main", "fly"))
        yield Sample(name="model.pkl", data=whole(found(module, name)))
        honest = pickle.dumps({"weights": [0.5] * rng.randint(1, 20)}, 2)[2:-1]
        yield Sample(name="weights.pkl", data=b"\x80\x02" + f"c{module}\n{name}\n0".encode() + honest + b".")


KINDS: dict[str, Kind] = {
    each.__name__: each
    for each in (
        inner_roads,
        own_methods,
        spelled_names,
        held_loaders,
        library_loaders,
        stored_callables,
        imported_only,
    )
}

# mypy: ignore-errors
# Its libraries are in an environment of its own.
"""Writes honest files as everyday programs write them: `python benign.py FOLDER [GROUP …]`, a folder for each group.

Runs within an environment of its own (`benign.txt`), whose versions are not those that the lists of known names
were made from. What a library cannot write is no file: such failures are counted, and nothing else is made of them.
"""
# ruff: noqa: ANN401, DTZ001, E501, SIM905 - untyped libraries, and tables of values, many to a line

import argparse
import array
import collections
import datetime
import decimal
import fractions
import functools
import gzip
import inspect
import ipaddress
import json
import operator
import os
import pathlib
import pickle
import random
import re
import signal
import sys
import tarfile
import types
import uuid
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_MOST_BYTES = 2_000_000
_FIT_S = 3
_ALL = tuple(range(6))


class Folder:
    """Where the files of one group go."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place, self.made, self.failed = place, 0, 0
        place.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, writer: Callable[[str], object]) -> None:
        """Has `writer` write the file of that name, in a folder of its own; not one that is large or fails."""
        home = self.place / f"{self.made:04}"
        home.mkdir(exist_ok=True)
        path = home / re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        try:
            writer(str(path))
        except Exception:  # noqa: BLE001 - what a library cannot write is no file
            self.failed += 1
            path.unlink(missing_ok=True)
            return
        if path.stat().st_size > _MOST_BYTES:
            path.unlink()
        else:
            self.made += 1

    def bytes(self, name: str, data: bytes) -> None:
        """Writes them."""
        self.write(name, lambda path: pathlib.Path(path).write_bytes(data))

    def pickle(self, name: str, value: object, protocols: Iterable[int] = (2, 4)) -> None:
        """Pickles it with each protocol."""
        for protocol in protocols:
            self.write(
                f"{name}.pkl", lambda path, p=protocol: pathlib.Path(path).write_bytes(pickle.dumps(value, p))
            )

    def joblib(self, name: str, value: object, **how: Any) -> None:
        """Dumps it with joblib."""
        import joblib

        self.write(f"{name}.joblib", lambda path: joblib.dump(value, path, **how))

    def torch(self, name: str, value: object, **how: Any) -> None:
        """Saves it with torch."""
        import torch

        self.write(name, lambda path: torch.save(value, path, **how))


def stdlib(out: Folder) -> None:
    """Values of the standard library, with every protocol."""
    values = {
        "dict": {"a": [1, 2.5, None, True, "x", b"y"], 1: (1, 2), "big": 2**200},
        "sets": {"s": {1, 2}, "f": frozenset("ab")},
        "bytearray": bytearray(b"abc" * 100),
        "numbers": [1j, range(3), slice(1, 2), Ellipsis, decimal.Decimal("1.5"), fractions.Fraction(1, 3)],
        "times": [datetime.datetime(2020, 1, 2, 3), datetime.date(2020, 1, 2), datetime.timedelta(1), datetime.UTC],
        "uuid": uuid.UUID(int=5),
        "paths": [pathlib.PurePosixPath("/x"), pathlib.Path("a/b")],
        "collections": [collections.OrderedDict(a=1), collections.Counter("abca"), collections.deque([1, 2], 5), collections.UserDict(a=1)],
        "defaultdict": [collections.defaultdict(int, a=1), collections.defaultdict(list), collections.defaultdict(dict)],
        "addresses": [ipaddress.ip_address("192.0.2.1"), ipaddress.ip_network("192.0.2.0/24")],
        "patterns": {"token": re.compile(r"\w+", re.I), "b": re.compile(b"x")},
        "array": [array.array("d", [1, 2]), array.array("i", [1])],
        "arguments": argparse.Namespace(lr=0.1, out="runs/x"),
        "namespace": types.SimpleNamespace(lr=0.1),
        "random": random.Random(1),
        "partial": functools.partial(int, base=2),
        "itemgetter": operator.itemgetter(1),
        "types": [int, str, float, list, dict, tuple, object, bytes],
        "errors": [ValueError("x"), KeyError("y")],
        "deep": functools.reduce(lambda inner, _: [inner], range(50), []),
        "texts": ["http://example.org/data", "/home/me/data.csv", "import os", "rm -rf is a command"],
        "vocabulary": {f"word{number}": number for number in range(2000)},
        "empty": [(), [], {}, set()],
    }  # fmt: skip
    for name, value in values.items():
        out.pickle(name, value, _ALL)
    out.bytes("packed.pkl.gz", gzip.compress(pickle.dumps(values["vocabulary"])))


def numpy(out: Folder) -> None:
    """Arrays of every type, generators, and what np.save and np.savez write."""
    import numpy as np

    rng = np.random.RandomState(0)
    kinds = "bool int8 uint8 int16 int32 int64 uint64 float16 float32 float64 complex64 complex128 longdouble datetime64[ns] timedelta64[s] S5 U5 object >f8 V8"
    for kind in kinds.split():
        value = np.zeros((3, 4), dtype=kind)
        out.pickle(f"array-{kind}", value, (0, 2, 3, 4, 5))
        out.pickle(f"scalar-{kind}", value[0, 0], (2, 4))
        out.joblib(f"array-{kind}", {"x": value, "y": value.T})
        out.write(f"array-{kind}.npy", lambda path, v=value: np.save(path, v))
    values = {
        "structured": np.zeros(3, [("a", "i4"), ("b", "f8", (2, 2)), ("c", "S3")]), "records": np.rec.array([(1, 2.0)], dtype=[("x", int), ("y", float)]),
        "masked": np.ma.array([1, 2, 3], mask=[0, 1, 0]), "matrix": np.matrix([[1, 2]]), "fortran": np.asfortranarray(rng.rand(5, 3)),
        "objects": np.array([{"a": 1}, [1], None, "x"], dtype=object), "randomstate": rng, "generator": np.random.default_rng(1),
        "polynomial": np.polynomial.Polynomial([1, 2]), "ufuncs": [np.log1p, np.exp, np.sin], "functions": [np.mean, np.median, np.sum],
        "seed": np.random.SeedSequence(1), "philox": np.random.Philox(1), "big": rng.rand(100, 100), "finfo": np.finfo("f4"),
    }  # fmt: skip
    for name, value in values.items():
        out.pickle(name, value, (0, 2, 4, 5))
        out.joblib(name, value)
        out.write(f"{name}.npz", lambda path, v=value: np.savez(path, a=v, b=np.arange(3)))
    for compress in (3, ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)):
        out.joblib("compressed", {"w": rng.rand(30, 30)}, compress=compress)
    out.write("compressed.npz", lambda path: np.savez_compressed(path, a=rng.rand(30)))


def pandas(out: Folder) -> None:
    """Frames, series, indexes, offsets and what to_pickle writes."""
    import numpy as np
    import pandas as pd

    n, rng = 20, np.random.RandomState(0)
    frame = pd.DataFrame({"i": range(n), "f": rng.rand(n), "s": [f"s{i}" for i in range(n)], "b": rng.rand(n) > 0.5, "t": pd.date_range("2020-01-01", periods=n), "z": pd.date_range("2020-01-01", periods=n, tz="Europe/Berlin"), "d": pd.to_timedelta(range(n), unit="D"), "c": pd.Categorical(["a", "b"] * (n // 2))})  # fmt: skip
    values = {f"column-{name}": frame[name] for name in frame} | {
        "frame": frame, "empty": pd.DataFrame(), "describe": frame.describe(), "multi": frame.set_index(["c", "s"]), "grouped": frame.groupby("c", observed=True).f.mean(),
        "range": pd.RangeIndex(5), "texts": pd.Index(["a"]), "hours": pd.date_range("2020", periods=4, freq="h"), "months": pd.period_range("2020", periods=4, freq="M"),
        "product": pd.MultiIndex.from_product([[1, 2], list("ab")]), "intervals": pd.interval_range(0, 4), "stamp": pd.Timestamp("2020", tz="UTC"), "nat": pd.NaT, "na": pd.NA,
        "offsets": [pd.offsets.BDay(), pd.offsets.MonthEnd(), pd.DateOffset(months=1), pd.offsets.Week(weekday=1)], "sparse": pd.arrays.SparseArray([0, 0, 1]),
        "integers": pd.array([1, 2, None], dtype="Int64"), "strings": pd.array(["a", None], dtype="string"), "flags": pd.array([True, None], dtype="boolean"), "dtypes": frame.dtypes, "dict": {"a": frame, "b": [frame.f]},
    }  # fmt: skip
    for name, value in values.items():
        out.pickle(name, value, (2, 4, 5))
        out.joblib(name, value)
    for suffix in ("pkl", "pkl.gz", "pkl.bz2", "pkl.xz", "pkl.zip"):
        out.write(f"frame.{suffix}", frame.to_pickle)


def scipy(out: Folder) -> None:
    """Sparse matrices, distributions, interpolators, trees, results."""
    import numpy as np
    from scipy import interpolate, optimize, sparse, spatial, stats

    rng = np.random.RandomState(0)
    square = sparse.random(8, 8, 0.3, format="coo", random_state=0)
    values: dict[str, object] = {
        kind: getattr(square, f"to{kind}")() for kind in "csr csc coo bsr lil dok dia".split()
    }
    values |= {f"{kind}-array": getattr(sparse, f"{kind}_array")(square) for kind in ("csr", "csc", "coo")}
    arguments = {"norm": (), "uniform": (), "expon": (), "gamma": (2,), "beta": (1, 2), "lognorm": (1,), "t": (3,), "chi2": (3,), "poisson": (3,), "binom": (5, 0.3), "randint": (1, 9), "loguniform": (1e-3, 1), "truncnorm": (-1, 1), "bernoulli": (0.3,)}  # fmt: skip
    values |= {f"frozen-{name}": getattr(stats, name)(*given) for name, given in arguments.items()}
    x, y, points = np.arange(10.0), rng.rand(10), rng.rand(30, 2)
    values |= {
        "kde": stats.gaussian_kde(rng.rand(20)), "kd": spatial.KDTree(points), "ckd": spatial.cKDTree(points), "rotation": spatial.transform.Rotation.from_euler("z", [1]),
        "interp1d": interpolate.interp1d(x, y), "cubic": interpolate.CubicSpline(x, y), "pchip": interpolate.PchipInterpolator(x, y), "bspline": interpolate.make_interp_spline(x, y),
        "univariate": interpolate.UnivariateSpline(x, y), "grid": interpolate.RegularGridInterpolator((x, x), rng.rand(10, 10)), "rbf": interpolate.RBFInterpolator(points, points[:, 0]),
        "simplex": optimize.minimize(lambda v: (v**2).sum(), [1.0, 2.0], method="Nelder-Mead"), "bounds": optimize.Bounds([0], [1]), "root": optimize.root_scalar(lambda v: v - 1, bracket=[0, 3]),
        "linregress": stats.linregress(x, y), "kstest": stats.kstest(y, "norm"), "spearman": stats.spearmanr(x, y), "pearson": stats.pearsonr(x, y), "describe": stats.describe(y), "hull": spatial.ConvexHull(points),
    }  # fmt: skip
    for name, value in values.items():
        out.pickle(name, value)
        out.joblib(name, value)


def scikit_learn(out: Folder) -> None:
    """Every estimator that can be fitted to a few rows."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils import all_estimators

    rng = np.random.RandomState(0)
    rows, classes = np.abs(rng.rand(40, 5)), np.array([0, 1] * 20)
    for name, cls in all_estimators():
        for given in ((), (LogisticRegression(),), (Ridge(),)):
            made = _fitted(cls, given, rows, classes)
            if made is not None:
                out.pickle(name, made, (4,))
                out.joblib(name, made)
                break
    for number in range(20):
        pipe = make_pipeline(StandardScaler(), LogisticRegression(C=number + 1)).fit(rows, classes)
        out.joblib("pipeline", {"model": pipe, "features": list("abcde")}, compress=number % 4)


def _fitted(cls: Any, given: tuple[object, ...], rows: Any, classes: Any) -> object | None:
    """The estimator after fitting; None when it cannot be made so or takes too long."""

    def late(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(_FIT_S)
    try:
        made = cls(*given)
        small = {"n_estimators": 4, "max_iter": 20}
        made.set_params(**{key: value for key, value in small.items() if key in made.get_params()})
        return made.fit(rows, classes)
    except Exception:  # noqa: BLE001 - what cannot be fitted is no model
        return None
    finally:
        signal.alarm(0)


def boosters(out: Folder) -> None:
    """XGBoost, LightGBM and CatBoost, pickled and in their own files."""
    import catboost
    import lightgbm
    import numpy as np
    import xgboost

    rng = np.random.RandomState(0)
    rows, classes = rng.rand(60, 5), np.array([0, 1, 2] * 20)
    for number in range(6):
        for task, target in (("class", classes), ("binary", classes % 2), ("number", rng.rand(60))):
            is_number = task == "number"
            x = (xgboost.XGBRegressor if is_number else xgboost.XGBClassifier)(
                n_estimators=2 + number, max_depth=2, n_jobs=1
            ).fit(rows, target)
            light = (lightgbm.LGBMRegressor if is_number else lightgbm.LGBMClassifier)(
                n_estimators=2 + number, n_jobs=1, verbose=-1
            ).fit(rows, target)
            cat = (catboost.CatBoostRegressor if is_number else catboost.CatBoostClassifier)(
                iterations=2 + number, depth=2, verbose=0, allow_writing_files=False
            ).fit(rows, target)
            for name, model in (("xgb", x), ("lgbm", light), ("cat", cat)):
                out.pickle(f"{name}-{task}", model, (4,))
                out.joblib(f"{name}-{task}", model)
            for suffix in ("json", "ubj"):
                out.write(f"{task}.{suffix}", x.save_model)
            out.write(f"{task}.txt", light.booster_.save_model)
            out.write(f"{task}.cbm", cat.save_model)


def _modules() -> Iterator[tuple[str, Any]]:
    import torch

    nn = torch.nn
    given = {
        "Conv": (3, 4, 3),
        "BatchNorm": (4,),
        "Linear": (3, 4),
        "Embedding": (5, 3),
        "LSTM": (3, 4),
        "GRU": (3, 4),
        "RNN": (3, 4),
    }
    for name, cls in sorted(vars(nn).items()):
        if inspect.isclass(cls) and issubclass(cls, nn.Module) and cls is not nn.Module:
            first = next((each for start, each in given.items() if name.startswith(start)), ())
            for arguments in (first, (2,), (4, 4), (3, 4, 5), (8, 2)):
                try:
                    yield name, cls(*arguments)
                except Exception:  # noqa: BLE001 - other arguments then
                    continue
                break
    yield "Encoder", nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)
    yield "Named", nn.Sequential(collections.OrderedDict(c=nn.Conv2d(3, 4, 3), r=nn.ReLU(), f=nn.Flatten()))


def torch_modules(out: Folder) -> None:
    """Every module of torch.nn: whole, its state, before and since the zip format."""
    for number, (name, module) in enumerate(_modules()):
        out.torch(f"{name}.pt", module)
        out.torch(f"{name}.pth", module.state_dict(), _use_new_zipfile_serialization=number % 2 == 0)


def torch_training(out: Folder) -> None:
    """Tensors of every type, optimizers, schedulers, checkpoints of training."""
    import numpy as np
    import torch

    for name in "float32 float64 float16 bfloat16 int8 uint8 int16 int32 int64 bool complex64 float8_e4m3fn uint16".split():
        tensor = torch.zeros(4, 3).to(getattr(torch, name))
        value = {"t": tensor, "dtype": tensor.dtype, "view": tensor[1:], "turned": tensor.t()}
        out.torch(f"{name}.pt", value)
        out.torch(f"{name}.bin", value, _use_new_zipfile_serialization=False)
        out.torch(f"{name}.ckpt", {"state_dict": {"w": tensor}, "epoch": 1}, pickle_protocol=4)
        out.pickle(name, tensor)
    tensor = torch.rand(3, 3)
    values = {"parameter": torch.nn.Parameter(tensor), "sparse": tensor.to_sparse(), "csr": tensor.to_sparse_csr(), "size": tensor.size(), "device": torch.device("cpu"), "meta": torch.empty(3, device="meta"), "quantized": torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8), "empty": torch.empty(0), "rng": torch.get_rng_state(), "numpy": tensor.numpy()}  # fmt: skip
    for name, value in values.items():
        out.torch(f"{name}.pt", value)
        out.torch(f"{name}.pth", value, _use_new_zipfile_serialization=False)
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout())
    for name, cls in sorted(vars(torch.optim).items()):
        if (
            inspect.isclass(cls)
            and issubclass(cls, torch.optim.Optimizer)
            and cls is not torch.optim.Optimizer
        ):
            out.write(f"{name}.pt", lambda path, c=cls: torch.save(c(net.parameters(), lr=0.1), path))
            out.write(
                f"{name}.state.pt",
                lambda path, c=cls: torch.save(c(net.parameters(), lr=0.1).state_dict(), path),
            )
    optimizer = torch.optim.AdamW(net.parameters())
    schedule = torch.optim.lr_scheduler
    for name, made in {
        "step": schedule.StepLR(optimizer, 1),
        "cosine": schedule.CosineAnnealingLR(optimizer, 5),
        "plateau": schedule.ReduceLROnPlateau(optimizer),
        "one": schedule.OneCycleLR(optimizer, 0.1, total_steps=9),
    }.items():
        out.torch(f"{name}.pt", made)
        out.torch(f"{name}.state.pt", made.state_dict())
    for number in range(20):
        checkpoint = {
            "epoch": number,
            "state_dict": net.state_dict(),
            "optimizer": optimizer.state_dict(),
            "args": argparse.Namespace(lr=0.1, data="/data/x"),
            "best": np.float64(0.9),
            "history": collections.defaultdict(list, loss=[1.0]),
        }
        out.torch(
            ("checkpoint.pth.tar", "model.ckpt", "pytorch_model.bin", "best.pt")[number % 4], checkpoint
        )


def transformers(out: Folder) -> None:
    """Arguments of training, configurations and states of small models, tokenizers."""
    import tokenizers
    import torch
    import transformers as tr

    for given in (
        {},
        {"learning_rate": 1e-4},
        {"save_strategy": "epoch"},
        {"lr_scheduler_type": "cosine"},
        {"optim": "adafactor"},
        {"report_to": "none"},
    ):
        for cls in (tr.TrainingArguments, tr.Seq2SeqTrainingArguments):
            arguments = cls(output_dir="out", use_cpu=True, **given)
            out.torch("training_args.bin", arguments)
            out.pickle("arguments", arguments)
    small = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "vocab_size": 20,
        "num_key_value_heads": 2,
        "d_model": 8,
        "d_ff": 16,
        "n_embd": 8,
        "n_layer": 1,
        "n_head": 2,
        "dim": 8,
        "n_layers": 1,
        "n_heads": 2,
    }
    for name in "Bert Roberta DistilBert GPT2 T5 Llama Mistral Qwen2 ViT Albert Electra XLMRoberta Gemma Phi GPTNeoX Bloom MPNet".split():
        config = getattr(tr, f"{name}Config")()
        for key, value in small.items():
            if hasattr(config, key):
                setattr(config, key, value)
        out.pickle(f"config-{name}", config)
        out.write("config.json", lambda path, c=config: c.to_json_file(path))
        try:
            model = getattr(tr, f"{name}Model")(config)
        except Exception:  # noqa: BLE001 - not all can be made so small
            continue
        out.torch("pytorch_model.bin", model.state_dict())
        out.torch("model.pt", model)
    words = {"[UNK]": 0, "a": 1, "b": 2}
    for number in range(10):
        made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words | {f"w{number}": 3}, unk_token="[UNK]"))
        made.pre_tokenizer = (tokenizers.pre_tokenizers.Whitespace(), tokenizers.pre_tokenizers.ByteLevel())[
            number % 2
        ]
        out.write("tokenizer.json", made.save)
        out.pickle("tokenizer", made, (4,))
        chat = "{% for message in messages %}{{ '<|' + message['role'] + '|>' }}{{ message['content'] | trim }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
        out.bytes(
            "tokenizer_config.json",
            json.dumps(
                {
                    "tokenizer_class": "PreTrainedTokenizerFast",
                    "chat_template": chat,
                    "model_max_length": 512 + number,
                },
                indent=1,
            ).encode(),
        )
        out.bytes("chat_template.jinja", f"{{# number {number} #}}\n{chat}".encode())
        out.bytes(
            "generation_config.json", json.dumps({"max_length": 20 + number, "do_sample": True}).encode()
        )
    out.pickle("output", tr.modeling_outputs.BaseModelOutput(last_hidden_state=torch.rand(1, 2)))


def safetensors(out: Folder) -> None:
    """Tensors of every type and shape, with and without metadata."""
    import numpy as np
    import torch
    from safetensors.numpy import save_file
    from safetensors.torch import save_file as save_torch

    for number in range(50):
        tensors = {
            f"layers.{layer}.weight": np.full((number + 1, 4), layer, "f4") for layer in range(number % 5 + 1)
        }
        out.write(
            "model.safetensors",
            lambda path, t=tensors, n=number: save_file(
                t, path, {"format": "pt", "n": str(n)} if n % 2 else None
            ),
        )
    for name in "float32 float16 bfloat16 int8 uint8 int64 bool float64 int32 int16".split():
        for shape in ((), (0,), (3,), (2, 3, 4)):
            out.write(
                f"{name}.safetensors",
                lambda path, n=name, s=shape: save_torch(
                    {"w": torch.zeros(s, dtype=getattr(torch, n))}, path
                ),
            )


def gguf(out: Folder) -> None:
    """Small models with every type of value."""
    import gguf as library
    import numpy as np

    for number in range(80):
        arch = ("llama", "qwen2", "gemma", "bert")[number % 4]

        def write(path: str, arch: str = arch, number: int = number) -> None:
            writer = library.GGUFWriter(path, arch)
            writer.add_context_length(512 + number)
            writer.add_name(f"model {number}")
            writer.add_bool("general.flag", number % 2 == 0)
            writer.add_float32("general.rate", number / 7)
            writer.add_token_list([f"t{each}" for each in range(number * 5 + 2)])
            if number % 3 == 0:
                writer.add_chat_template("{% for message in messages %}{{ message['content'] }}{% endfor %}")
            writer.add_tensor(
                "token_embd.weight", np.zeros((4, 32), np.float32 if number % 2 else np.float16)
            )
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()

        out.write("model.gguf", write)


def onnx(out: Folder) -> None:
    """Graphs of one to a few operations, and what torch exports cannot do without."""
    import numpy as np
    import onnx as library

    helper = library.helper
    operations = (
        "Relu Sigmoid Tanh Abs Neg Exp Sqrt Floor Ceil Identity Softplus Erf Sign Sin Cos Softmax".split()
    )
    for number in range(96):
        names = operations[number % 16 :][:3]
        nodes = [
            helper.make_node(op, [f"x{place}"], [f"x{place + 1}"], name=f"n{place}")
            for place, op in enumerate(names)
        ]
        nodes.append(helper.make_node("Add", [f"x{len(names)}", "w"], ["y"]))
        value = helper.make_tensor_value_info
        weights = library.numpy_helper.from_array(np.ones((1, number % 5 + 1), np.float32), "w")
        graph = helper.make_graph(
            nodes, "g", [value("x0", 1, ["n", number % 5 + 1])], [value("y", 1, None)], [weights]
        )
        model = helper.make_model(
            graph, producer_name="pytorch", opset_imports=[helper.make_opsetid("", 13 + number % 6)]
        )
        out.write("model.onnx", lambda path, m=model: library.save(m, path))


def keras(out: Folder) -> None:
    """Sequential and functional models: .keras, HDF5, weights alone."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras as library

    layers = library.layers
    makes: tuple[Callable[[], list[Any]], ...] = (
        lambda: [layers.Dense(4, activation="relu"), layers.Dropout(0.2), layers.Dense(1)],
        lambda: [layers.Reshape((8, 1)), layers.LSTM(3), layers.Dense(2, activation="softmax")],
        lambda: [layers.Reshape((8, 1)), layers.Conv1D(2, 3), layers.Flatten(), layers.Dense(1)],
        lambda: [
            layers.BatchNormalization(),
            layers.Dense(3, kernel_regularizer="l2"),
            layers.LayerNormalization(),
        ],
        lambda: [
            layers.Reshape((8, 1)),
            layers.Bidirectional(layers.GRU(2)),
            layers.Dense(1, activation="gelu"),
        ],
    )
    for number in range(35):
        model = library.Sequential([library.Input((8,)), *makes[number % len(makes)]()])
        model.compile(optimizer=("adam", "sgd", "rmsprop")[number % 3], loss="mse")
        out.write("model.keras", model.save)
        out.write("model.h5", model.save)
        out.write("model.weights.h5", model.save_weights)


def functions(out: Folder) -> None:
    """Values as dill and cloudpickle write them, without code."""
    import cloudpickle
    import dill
    import numpy as np

    values = {"dict": {"a": 1}, "array": np.arange(3), "types": [int, float], "namespace": types.SimpleNamespace(a=1), "nested": {"a": [{"b": (1, 2)}]}, "ordered": collections.OrderedDict(a=1), "texts": ["a"] * 20, "times": datetime.datetime(2020, 1, 1)}  # fmt: skip
    for name, value in values.items():
        for protocol in (2, 3, 4):
            out.write(
                f"{name}.dill",
                lambda path, v=value, p=protocol: pathlib.Path(path).write_bytes(dill.dumps(v, p)),
            )
            out.write(
                f"{name}.pkl",
                lambda path, v=value, p=protocol: pathlib.Path(path).write_bytes(cloudpickle.dumps(v, p)),
            )


def archives(out: Folder) -> None:
    """Honest files, packed as people pack them to send them around."""
    import joblib
    import numpy as np

    for number in range(20):
        home = out.place / "parts"
        home.mkdir(exist_ok=True)
        joblib.dump({"w": np.arange(number + 1)}, home / "model.joblib")
        np.save(home / "data.npy", np.arange(number + 3))
        (home / "README.md").write_text(f"# Model {number}\n\nRead <https://example.org/models/{number}>.\n")

        def zipped(path: str, home: pathlib.Path = home) -> None:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for each in sorted(home.iterdir()):
                    archive.write(each, f"model/{each.name}")

        def tarred(path: str, home: pathlib.Path = home) -> None:
            with tarfile.open(path, "w:gz" if path.endswith("gz") else "w") as archive:
                archive.add(home, "model")

        out.write("model.zip", zipped)
        out.write("model.tar.gz", tarred)
        out.write("model.tar", tarred)
        for each in home.iterdir():
            each.unlink()
        home.rmdir()


GROUPS = (stdlib, numpy, pandas, scipy, scikit_learn, boosters, torch_modules, torch_training, transformers, safetensors, gguf, onnx, keras, functions, archives)  # fmt: skip


def main(folder: str, *wanted: str) -> None:
    """Writes the groups that are named, or all."""
    warnings.simplefilter("ignore")
    random.seed(0)
    for group in GROUPS:
        if wanted and group.__name__ not in wanted:
            continue
        out = Folder(pathlib.Path(folder) / group.__name__)
        group(out)
        print(f"{group.__name__}: {out.made} files, {out.failed} could not be written", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])

# mypy: ignore-errors
# Its libraries are in an environment of its own.
"""What the standard library and those for tables and numbers pickle."""
# ruff: noqa: DTZ001, E501, SIM905 - untyped libraries, and tables of values, many to a line

import argparse
import array
import collections
import datetime
import decimal
import fractions
import functools
import gzip
import ipaddress
import operator
import pathlib
import pickle
import random
import re
import types
import uuid

from writing import Folder

__all__ = ["functions", "numpy", "pandas", "scipy", "stdlib"]

_ALL = tuple(range(6))


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

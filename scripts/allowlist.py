"""Writes the lists of library classes that pickles may name, by looking into installed libraries.

Run it with the Python of an environment where the libraries are installed; it writes one file for each
library that it finds, with the library's version. Only classes are listed, under the module that they say
they come from and under those that re-export them, and only those that do nothing but keep their arguments
when they are made: what reads files, runs commands or evaluates text then is left out. Functions are listed
by hand below.

`make allowlist` makes such an environment. A library that is missing there keeps the list that it has.
"""

import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
import warnings
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "src/ringfence/artifacts/pickles/allowlist"

PACKAGES: dict[str, tuple[str, ...]] = {
    "sklearn": ("sklearn",),
    "scipy": ("scipy.sparse", "scipy.stats", "scipy.interpolate", "scipy.spatial", "scipy.optimize"),
    "pandas": ("pandas",),
    "xgboost": ("xgboost",),
    "lightgbm": ("lightgbm",),
    "torch": ("torch.nn", "torch.optim"),
}

# What pickles of these libraries call that is no class, each read by a person: they only put values together.
FUNCTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "pandas": {
        "pandas._libs.internals": ("_unpickle_block",),
        "pandas._libs.arrays": ("__pyx_unpickle_NDArrayBacked",),
        "pandas.core.indexes.base": ("_new_Index",),
        "pandas.core.indexes.datetimes": ("_new_DatetimeIndex",),
        "pandas.core.indexes.period": ("_new_PeriodIndex",),
        "pandas._libs.tslibs.timestamps": ("_unpickle_timestamp",),
        "pandas._libs.tslibs.timedeltas": ("_timedelta_unpickle",),
    },
    "sklearn": {
        "sklearn.tree._tree": ("Tree",),
        "sklearn.neighbors._kd_tree": ("newObj", "KDTree"),
        "sklearn.neighbors._ball_tree": ("newObj", "BallTree"),
        "sklearn.metrics._dist_metrics": ("newObj",),
    },
    "scipy": {"scipy.stats._distn_infrastructure": ("rv_frozen",)},
}

# Classes that act when they are made, restored or thrown away, whatever their source looks like.
LEFT_OUT = re.compile(
    r"(?i)loader|dataset|server|client|socket|process|thread|pool|executor|file|path|excel|hdf|sql|reader"
    r"|writer|parser|expr|eval|lambda|script|tracker|spark|dask|test|mock|warning|error|exception|store"
    r"|rpc|remote|command|plugin|hook|callable|functiontransformer"
)
ACTS = re.compile(
    r"\b(open|exec|eval|compile|__import__|import_module|system|popen|Popen|subprocess|urlopen|urlretrieve"
    r"|socket|pickle\.loads?|torch\.load|np\.load|joblib\.load|getattr\(|unlink|remove\(|rmtree|makedirs)\b"
)
WHEN_MADE = ("__new__", "__init__", "__setstate__", "__reduce__", "__del__", "__call__")


def classes(package: str) -> dict[str, set[str]]:
    """Module → class names, for every module of the package that can be imported."""
    found: dict[str, set[str]] = {}
    root = importlib.import_module(package)
    names = [package]
    if hasattr(root, "__path__"):
        skip = re.compile(
            r"(^|\.)(tests?|_?testing|conftest|setup|externals|dask|spark|cli|__main__|distributed)(\.|$)"
        )
        names += [
            each.name
            for each in pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda _: None)
            if not skip.search(each.name)
        ]
    for name in names:
        try:
            module = importlib.import_module(name)
        except BaseException:  # noqa: BLE001, S112 - a module that needs what is not there has no pickles here
            continue
        for attribute, value in vars(module).items():
            if (
                inspect.isclass(value)
                and value.__module__.partition(".")[0] == package.partition(".")[0]
                and value.__name__ == attribute
                and not LEFT_OUT.search(attribute)
                and not LEFT_OUT.search(module.__name__.rpartition(".")[2])
                and only_keeps(value)
            ):
                found.setdefault(module.__name__, set()).add(attribute)
    return found


def only_keeps(value: type) -> bool:
    """Whether nothing that runs while an instance is made or restored looks as if it acted."""
    for name in WHEN_MADE:
        method = vars(value).get(name)
        if method is None or name == "__call__":
            continue
        try:
            source = inspect.getsource(method)
        except (OSError, TypeError):
            continue  # compiled
        if ACTS.search(source):
            return False
    return True


def main() -> None:
    warnings.simplefilter("ignore")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    for library, packages in PACKAGES.items():
        try:
            version = importlib.import_module(library).__version__
        except ImportError:
            print(f"{library}: not installed, its list stays as it is", file=sys.stderr)
            continue
        names: dict[str, set[str]] = {}
        for package in packages:
            for module, found in classes(package).items():
                names.setdefault(module, set()).update(found)
        for module, functions in FUNCTIONS.get(library, {}).items():
            names.setdefault(module, set()).update(functions)
        document = {
            "library": library,
            "version": version,
            "python": ".".join(map(str, sys.version_info[:3])),
            "made_by": "scripts/allowlist.py",
            "names": {module: sorted(found) for module, found in sorted(names.items())},
        }
        lines = json.dumps(document, indent=1)
        compact = re.sub(
            r"\[\n\s+(.*?)\n\s+\]",
            lambda m: "[" + re.sub(r"\s*\n\s*", " ", m[1]) + "]",
            lines,
            flags=re.DOTALL,
        )
        (FOLDER / f"library-{library}.json").write_text(compact + "\n", encoding="utf-8")
        print(f"{library} {version}: {sum(map(len, names.values()))} names")


if __name__ == "__main__":
    main()

"""Pickles such as people keep beside their models: settings, vocabularies, histories, small estimators.

They are some hundred bytes to some tens of kilobytes long, evenly by magnitude, half of them below 3 kB;
those that `bench/scan` has real libraries write are shorter still. The four kinds come by turns. The
estimators are of a well-known library's class, written by a stand-in, and hold NumPy arrays.
"""

import math
import pickle
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

__all__ = ["write_small_files"]

_SHORTEST, _LONGEST = 20, 1_500  # entries: about one and about thirty kilobytes
_LETTERS = "etaoinshrdlucmfw"


def write_small_files(folder: Path, count: int) -> None:
    """`count` files, `0.pkl` and so on."""
    chance = random.Random(1)
    kinds: tuple[Callable[[random.Random, int], object], ...] = (_settings, _vocabulary, _history, _estimator)
    for number in range(count):
        entries = int(math.exp(chance.uniform(math.log(_SHORTEST), math.log(_LONGEST))))
        value = kinds[number % len(kinds)](chance, entries)
        (folder / f"{number}.pkl").write_bytes(pickle.dumps(value, protocol=4))


def _settings(chance: random.Random, entries: int) -> object:
    names = _words(chance, max(1, entries // 8))
    return {
        name: {
            "path": f"data/{name}/train.csv",
            "rate": chance.random(),
            "steps": chance.randrange(10_000),
            "shuffle": True,
            "columns": [f"{name}_{each}" for each in ("id", "text", "label")],
            "note": None,
        }
        for name in names
    }


def _vocabulary(chance: random.Random, entries: int) -> object:
    return {word: number for number, word in enumerate(_words(chance, entries))}


def _history(chance: random.Random, entries: int) -> object:
    keys = ("loss", "accuracy", "val_loss", "val_accuracy")
    return [{"epoch": each, **{key: chance.random() for key in keys}} for each in range(max(1, entries // 5))]


def _estimator(chance: random.Random, entries: int) -> object:
    import numpy as np

    made = _stand_in("sklearn.linear_model._logistic", "LogisticRegression")
    made.__dict__ |= {
        "penalty": "l2",
        "C": chance.random(),
        "classes_": np.array(_words(chance, 4), dtype=object),
        "coef_": np.array([[chance.random() for _ in range(entries)] for _ in range(2)]),
        "intercept_": np.zeros(4),
        "n_features_in_": entries,
        "feature_names_in_": _words(chance, entries // 2),
        "_sklearn_version": "1.7.2",
    }
    return made


def _stand_in(module: str, name: str) -> object:
    """An object of a class that says it is of another library, which is not needed."""
    parts = module.split(".")
    for count in range(len(parts)):
        path = ".".join(parts[: count + 1])
        sys.modules.setdefault(path, ModuleType(path))
    here = sys.modules[module]
    if not hasattr(here, name):
        setattr(here, name, type(name, (), {"__module__": module}))
    made: object = getattr(here, name)()
    return made


def _words(chance: random.Random, count: int) -> list[str]:
    return [
        f"{''.join(chance.choices(_LETTERS, k=chance.randint(3, 11)))}{at % 7 or ''}" for at in range(count)
    ]

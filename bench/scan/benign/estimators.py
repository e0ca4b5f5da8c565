# mypy: ignore-errors
# Its libraries are in an environment of its own.
"""What is fitted: scikit-learn and the libraries that boost trees."""
# ruff: noqa: ANN401 - untyped libraries, and tables of values, many to a line

import signal
from typing import Any

from writing import Folder

__all__ = ["boosters", "scikit_learn"]

_FIT_S = 3


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

"""scikit-learn on the folds of `seqkit tabular folds house-prices/…`: log-RMSE, CPU seconds.

    OMP_NUM_THREADS=1 taskset -c 1 python -m benchmarks.quality.house_prices

Needs the plugin (`pip install -e plugins/tabular`), scikit-learn and the corpus (`SEQKIT_CORPORA`).
Each model is scikit-learn's own pipeline on the same rows: missing numbers by mean, numbers
standardised, categories one-hot, the logarithm of the price as the target.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
from seqkit_tabular.regression import Regression
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from seqkit import recipes
from seqkit.metrics.regression import log_rmse

FOLDS = 5


def frame_of(task: Regression) -> tuple[Any, int, Any]:
    """The columns of numbers and of categories as arrays of objects, and the prices."""
    from seqkit_tabular.columns import cells, numbers_of

    table, columns, missing = task.run.table, task.run.columns, task.data.missing
    numbers = [numbers_of(cells(table, name, missing)).to_numpy() for name in columns.numbers]
    kinds = [
        cells(table, name, missing).fill_null("none").to_numpy() for name in columns.categories
    ]
    prices = numbers_of(table.frame[task.run.target]).to_numpy()
    return np.stack([*numbers, *kinds], axis=1).astype(object), len(numbers), prices


def models(numbers: int, columns: int) -> dict[str, Any]:
    """{name: a new pipeline}"""

    def prepared() -> Any:
        of_numbers = make_pipeline(SimpleImputer(), StandardScaler())
        of_kinds = OneHotEncoder(handle_unknown="ignore")
        return ColumnTransformer(
            [
                ("numbers", of_numbers, slice(0, numbers)),
                ("kinds", of_kinds, slice(numbers, columns)),
            ],
            sparse_threshold=0,
        )

    return {
        "Ridge(alpha=10)": make_pipeline(prepared(), Ridge(alpha=10)),
        "RidgeCV": make_pipeline(prepared(), RidgeCV(np.logspace(-3, 5, 33))),
    }


def main() -> None:
    scores: dict[str, list[float]] = {}
    seconds: dict[str, float] = {}
    for fold in range(FOLDS):
        settings = {"data.folds": FOLDS, "data.fold": fold}
        task = Regression(recipes.load("house-prices/linear", settings))
        rows, numbers, prices = frame_of(task)
        train, valid = task.run.train.numpy(), task.run.valid.numpy()

        for name, model in models(numbers, rows.shape[1]).items():
            began = time.process_time()
            model.fit(rows[train], np.log(prices[train]))
            predicted = np.exp(model.predict(rows[valid]))
            seconds[name] = seconds.get(name, 0) + time.process_time() - began
            scores.setdefault(name, []).append(log_rmse(prices[valid], predicted))

    for name, values in scores.items():
        spread = f"{statistics.fmean(values):.4f} ± {statistics.stdev(values):.4f}"
        print(f"{name:22} {spread}  {seconds[name]:6.1f} CPU seconds")


if __name__ == "__main__":
    main()

"""Regression and classification of tables: rows in, numbers or classes out.

The training loop is seqkit's.

regression.py, classification.py   what the trainer must know: rows as batches, loss, errors;
                 table_task.py: what both do
data_config.py   the [data] sections
predictor.py     what `seqkit.load` returns; reader.py takes cells to a model's outputs
service.py       what `seqkit serve` offers of both
held_out.py      what it is measured on; report.py: the figures
reading.py       CSV and Parquet files; columns.py says what is in their columns
targets.py       what is predicted: numbers or classes
encoding.py      cells as features, by statistics of the training rows alone
leaks.py         columns that give the target away
run_table.py     which rows a run trains and validates on
baselines.py     the mean and ridge regression in closed form, beside every figure
losses.py, scratch.py   losses and layers by their equations, with gradients by hand
importance.py    which columns matter; weights.py: those of linear models in their units
demo.py          tables for the first chapters of a course
models/          one model a file, and the contract that they follow
commands/        seqkit tabular train, folds, evaluate, predict, demo
"""

from __future__ import annotations

from seqkit.plugins import Plugin

__version__ = "0.1.0"
DISTRIBUTION = "seqkit-tabular"

_LINEAR = "tables; the weighted sum of the features; Legendre 1805"
_LOGISTIC = "tables; the probability of one of two classes; Cox 1958"
_SOFTMAX = "tables; multinomial logistic regression"
_MLP = "tables; fully connected layers; Rumelhart et al. 1986"

_MODELS = (
    ("regression/linear-regression", "linear_regression:LinearRegression", _LINEAR),
    ("regression/mlp", "mlp:MLP", _MLP),
    ("classification/logistic-regression", "logistic_regression:LogisticRegression", _LOGISTIC),
    ("classification/softmax-regression", "softmax_regression:SoftmaxRegression", _SOFTMAX),
    ("classification/mlp", "mlp:MLP", _MLP),
)


def register(plugin: Plugin) -> None:
    plugin.task("regression", "seqkit_tabular.regression:Regression", "numbers from tables")
    plugin.task(
        "classification", "seqkit_tabular.classification:Classification", "classes from tables"
    )
    for task in ("regression", "classification"):
        plugin.service(task, "seqkit_tabular.service:SERVICE", "predict: rows of a table")
    for name, target, about in _MODELS:
        plugin.model(name, f"seqkit_tabular.models.{target}", about)

    plugin.corpus("house-prices", "seqkit_tabular.corpora:house_prices", "sales of houses in Ames")
    plugin.recipes("tabular", "seqkit_tabular.recipes:folder", "recipes for tables")

    plugin.command(
        "tabular",
        "seqkit_tabular.commands:tabular",
        "Predict a column of a table: train, folds, evaluate, predict.",
    )
    for task in ("regression", "classification"):
        plugin.command(
            f"{task}/evaluate",
            "seqkit_tabular.commands.evaluate:evaluate",
            "Measure a model of tables on rows whose target is known.",
        )
        plugin.command(
            f"{task}/predict",
            "seqkit_tabular.commands.predict:predict",
            "Predict the target of each row of a table.",
        )

"""Figures of both kinds of models, for commands that serve either."""

from __future__ import annotations

from seqkit.metrics.probabilities import log_loss
from seqkit.metrics.regression import log_rmse, rmse

from .importance import Importance, permutation_importance
from .predictor import ClassPredictor, NumberPredictor
from .reading import Table


def is_regression(predictor: NumberPredictor | ClassPredictor) -> bool:
    return isinstance(predictor, NumberPredictor)


def importance_of(predictor: NumberPredictor | ClassPredictor, table: Table) -> list[Importance]:
    """The permutation importance of each column for the error that the model was trained to lower.

    RMSE, log-RMSE of a model of logarithms, or log loss.
    """
    rows = predictor.reader.encoding.encode(table)
    if isinstance(predictor, ClassPredictor):
        labels = predictor.true(table)
        return permutation_importance(
            predictor.reader, rows, lambda outputs: log_loss(labels, outputs.softmax(-1).numpy())
        )

    true, scale = predictor.true(table), predictor.scale
    figure = log_rmse if scale.log else rmse
    return permutation_importance(
        predictor.reader,
        rows,
        lambda outputs: figure(true, scale.original(outputs.squeeze(1).numpy())),
    )

"""Conformance tests for what plugins add; our own suite runs them over every registered name.

    from seqkit.testing import check_model, check_task

    check_model("my-model", "translation", sizes={"width": 8})
    check_task("recipe.toml", {"train.steps": 4, "train.eval_every": 2})

Each function returns nothing and raises `AssertionError` with what is wrong.
"""

from .models import check_model
from .plugins import check_plugin
from .services import check_service
from .tasks import check_predictor, check_task
from .texts import TEXTS, check_metric, check_tokenizer

__all__ = [
    "TEXTS",
    "check_metric",
    "check_model",
    "check_plugin",
    "check_predictor",
    "check_service",
    "check_task",
    "check_tokenizer",
]

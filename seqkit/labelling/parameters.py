"""What scikit-learn asks of every estimator: its parameters, by name."""

from __future__ import annotations

import inspect
from typing import Any, Self

from ..errors import WrongValue, hint


class Parameters:
    """`get_params`, `set_params` and a repr, of a class whose `__init__` only keeps its arguments.

    A mixin, as scikit-learn's BaseEstimator is one: seqkit does without scikit-learn.
    """

    def __repr__(self) -> str:
        given = self.get_params()
        changed = [
            f"{name}={given[name]!r}"
            for name, default in _defaults(type(self)).items()
            if given[name] is not default and given[name] != default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments that it was made with."""
        return {name: getattr(self, name) for name in _defaults(type(self))}

    def set_params(self, **params: Any) -> Self:
        """Change arguments; raises `WrongValue` for one that it does not have."""
        known = list(_defaults(type(self)))
        for name, value in params.items():
            if name not in known:
                kind = type(self).__name__
                raise WrongValue(f"{kind} has no parameter {name!r}.{hint(name, known)}")
            setattr(self, name, value)
        return self


def _defaults(cls: type) -> dict[str, Any]:
    parameters = inspect.signature(cls).parameters
    return {name: one.default for name, one in parameters.items()}

"""What a task asks of its models, written as a Protocol and checked when a model is made."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Generic, Protocol, get_origin, get_type_hints


def missing_members(model: object, contract: type) -> list[str]:
    """What `model`, a class or an instance, lacks of the Protocol `contract`: "name: what it is", in its order.

    Of a class, only methods and ClassVars are asked for: other attributes exist once it is made.
    """
    asked = members(contract)
    if inspect.isclass(model):
        asked = {name: what for name, what in asked.items() if _is_on_class(contract, name)}
    return [
        f"{name} ({what})" if what else name
        for name, what in asked.items()
        if not hasattr(model, name)
    ]


def members(contract: type) -> dict[str, str]:
    """The public names that a Protocol and the Protocols it extends ask for, with a few words on each."""
    found: dict[str, str] = {}
    for base in reversed(contract.__mro__):
        if base in (object, Protocol, Generic):
            continue
        hints = getattr(base, "__annotations__", {})
        found |= {name: "" for name in hints if not name.startswith("_")}
        found |= {
            name: _first_line(value) for name, value in vars(base).items() if _is_asked(name, value)
        }
    return found


def _is_asked(name: str, value: Any) -> bool:
    return not name.startswith("_") and (callable(value) or isinstance(value, property))


def _is_on_class(contract: type, name: str) -> bool:
    if callable(getattr(contract, name, None)):
        return True
    return get_origin(get_type_hints(contract).get(name)) is ClassVar


def _first_line(value: Any) -> str:
    return (inspect.getdoc(value) or "").partition("\n")[0].rstrip(".")

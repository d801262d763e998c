"""What a task asks of its models, written as a Protocol and checked when a model is made."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Generic, Protocol, get_origin, get_type_hints


def missing_members(model: object, contract: type) -> list[str]:
    """What `model`, a class or an instance, lacks of the Protocol `contract`, in its order.

    Each is "name (what it is)". Of a class, only methods and ClassVars are asked for: other
    attributes exist once it is made.
    """
    asked = members(contract)
    if inspect.isclass(model):
        asked = {name: what for name, what in asked.items() if _is_on_class(contract, name)}

    missing: list[str] = []
    for name, what in asked.items():
        if not hasattr(model, name):
            missing.append(f"{name} ({what})" if what else name)
    return missing


def members(contract: type) -> dict[str, str]:
    """The public names that a Protocol and its bases ask for, with a few words on each."""
    found: dict[str, str] = {}
    for base in reversed(contract.__mro__):
        if base in (object, Protocol, Generic):
            continue

        annotated = getattr(base, "__annotations__", {})
        found |= {name: "" for name in annotated if not name.startswith("_")}

        for name, value in vars(base).items():
            if _is_asked(name, value):
                found[name] = _first_line(value)
    return found


def _is_asked(name: str, value: Any) -> bool:
    if name.startswith("_"):
        return False

    return callable(value) or isinstance(value, property)


def _is_on_class(contract: type, name: str) -> bool:
    value = getattr(contract, name, None)
    if callable(value):
        return True

    hints = get_type_hints(contract)
    hint = hints.get(name)
    return get_origin(hint) is ClassVar


def _first_line(value: Any) -> str:
    documentation = inspect.getdoc(value) or ""
    line, _, _ = documentation.partition("\n")
    return line.rstrip(".")

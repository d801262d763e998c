"""The plugin's recipes: TOML files that train on its corpora."""

from __future__ import annotations

from pathlib import Path

from seqkit.errors import ConfigError, hint

DEFAULT = "default"
_ROOT = Path(__file__).parent


def names() -> list[str]:
    """Names of the recipes, such as "fashion-mnist/lenet"."""
    return sorted(f"{path.parent.name}/{path.stem}" for path in _ROOT.glob("*/*.toml"))


def find(name: str) -> Path:
    """The TOML file of that path, or of the recipe of that name; raises `ConfigError`."""
    if name in (*names(), DEFAULT):
        return _ROOT / f"{name}.toml"
    if Path(name).suffix == ".toml":
        return Path(name)
    raise ConfigError(f"no config file or recipe {name!r}.{hint(name, names())}")

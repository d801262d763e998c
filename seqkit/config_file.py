"""The TOML file of a configuration as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import ConfigError, reason
from .parsing import NoPlainData, path_of, toml_of


def read(path: Path) -> dict[str, Any]:
    """Raises `ConfigError` naming file and line."""
    try:
        text = path_of(path, "config file").read_text(encoding="utf-8-sig")  # a mark is no text
        return toml_of(text)
    except OSError as error:
        raise ConfigError(f"cannot read config {path}: {reason(error)}") from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise _not_toml(path, f"not UTF-8: byte {error.start} is {byte:#04x}") from None
    except NoPlainData as error:
        raise _not_toml(path, str(error)) from None


def _not_toml(path: Path, why: str) -> ConfigError:
    """A file that is not a config file; one that is not called *.toml may well be data."""
    if path.suffix == ".toml":
        return ConfigError(f"{path}: {why}")
    return ConfigError(
        f"{path} is not a config file ({why}). CONFIG is a TOML file, or a recipe that "
        f"`seqkit config` lists; if {path} is data, give it as --data {path}"
    )

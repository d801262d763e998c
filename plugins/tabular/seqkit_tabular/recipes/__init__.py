"""The plugin's recipes: TOML files, CORPUS/NAME.toml."""

from pathlib import Path


def folder() -> Path:
    return Path(__file__).parent

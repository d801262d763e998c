"""Compiles seqkit/native where seqkit is built, if there is a C compiler.

Without one the wheel is pure Python, and NumPy does what the library would have done.
"""

import runpy
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledLibrary(BuildHookInterface[Any]):
    """Puts the library into wheels, or beside its sources for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compiling = runpy.run_path(str(Path(self.root, "seqkit/native/build.py")))
        if version == "editable":
            compiling["refresh"]()
            return

        self._aside = tempfile.TemporaryDirectory()
        library = compiling["build"](Path(self._aside.name))
        if library is None:
            return
        build_data["force_include"][str(library)] = f"seqkit/native/{library.name}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._aside.cleanup()


def _platform() -> str:
    """The tag of this platform: the library calls nothing of Python, but it is machine code."""
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")

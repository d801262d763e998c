"""Which module imports which: `python tests/import_graph.py` names every import cycle.

All imports count: at module level, inside functions and under TYPE_CHECKING. Left out are imports
of the package `seqkit` itself, which resolves its public names when they are used.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def modules(package: Path) -> dict[str, Path]:
    """The modules of a package by their full names."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


def imports(name: str, path: Path, known: set[str]) -> set[str]:
    """The modules among `known` that a module imports."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            members = {f"{base}.{alias.name}" for alias in node.names}
            found |= members & known
            if members - known:
                found.add(base)
    return found & known - {name}


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, node.module] if node.module else parts)


def graph(package: Path) -> dict[str, set[str]]:
    """{module: the modules it imports}"""
    files = modules(package)
    known = set(files) - {package.name}
    return {name: imports(name, path, known) for name, path in files.items()}


def cycles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Import cycles, each as its modules from the first one back to it; none twice."""
    found: list[list[str]] = []
    finished: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            found.append([*path[path.index(name) :], name])
            return
        if name in finished:
            return
        for imported in sorted(edges.get(name, ())):
            visit(imported, [*path, name])
        finished.add(name)

    for name in sorted(edges):
        visit(name, [])
    return found


def main() -> None:
    edges: dict[str, set[str]] = {}
    for package in (ROOT / "seqkit", *sorted(ROOT.glob("plugins/*/seqkit_*"))):
        edges |= graph(package)

    found = cycles(edges)
    for cycle in found:
        print(" → ".join(cycle))
    print(f"{len(found)} import cycles in {len(edges)} modules")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

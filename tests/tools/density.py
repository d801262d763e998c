"""How dense the code is: `python tests/tools/density.py FOLDER…`.

Syntax nodes per line of code in function bodies (without docstrings and comments), the share of
blank lines there, and how many functions are longer than 25 lines.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import NamedTuple

LONG = 25  # lines of a function


class Density(NamedTuple):
    nodes: int = 0
    lines: int = 0  # with code
    blank: int = 0
    functions: int = 0
    long: int = 0

    def plus(self, other: Density) -> Density:
        return Density(*(a + b for a, b in zip(self, other, strict=True)))

    def __str__(self) -> str:
        nodes = self.nodes / max(1, self.lines)
        blank = self.blank / max(1, self.lines + self.blank)
        return (
            f"{nodes:5.1f} nodes a line  {blank:5.1%} blank  "
            f"{self.long:3} of {self.functions:,} functions over {LONG} lines"
        )


def of_file(path: Path) -> Density:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    total = Density()
    for node in _outer_functions(ast.parse(source)):
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if not body:
            continue
        first, last = body[0].lineno, body[-1].end_lineno or body[-1].lineno
        texts = [line.strip() for line in lines[first - 1 : last]]
        code = [text for text in texts if text and not text.startswith("#")]
        blank = [text for text in texts if not text]
        nodes = sum(1 for part in body for _ in ast.walk(part))
        size = (node.end_lineno or node.lineno) - node.lineno + 1
        total = total.plus(Density(nodes, len(code), len(blank), 1, int(size > LONG)))
    return total


def _outer_functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods, but not the functions inside them: their lines are counted once."""
    found: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node)
        else:
            found += _outer_functions(node)
    return found


def main(folders: list[str]) -> None:
    whole = Density()
    for folder in folders:
        files = sorted(Path(folder).rglob("*.py")) if Path(folder).is_dir() else [Path(folder)]
        densities = {path: of_file(path) for path in files}
        for path, density in densities.items():
            whole = whole.plus(density)
            if "--files" in sys.argv and density.lines:
                print(f"{density}  {path}")
    print(f"{whole}  in all")


if __name__ == "__main__":
    main([argument for argument in sys.argv[1:] if not argument.startswith("--")])

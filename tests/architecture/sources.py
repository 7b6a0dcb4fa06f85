"""The program's own source files as syntax trees, for tests that read code rather than run it."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def files(*folders: str) -> list[Path]:
    """Return all Python files under these folders of the checkout, in order."""
    return sorted(path for folder in folders for path in (CHECKOUT / folder).rglob("*.py"))


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Name a file, and a line in it, as an editor understands it."""
    line = f":{getattr(node, 'lineno', 1)}" if node is not None else ""
    return f"{path.relative_to(CHECKOUT)}{line}"


def called_names(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield the last name of everything that a file calls: `a.b.Volume(...)` gives "Volume"."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node


def texts(path: Path) -> Iterator[ast.Constant]:
    """Yield the string constants of a file that are not docstrings."""
    module = tree(path)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield node

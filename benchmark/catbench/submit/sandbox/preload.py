"""Which libraries a submission will import: they are loaded once, before its code, for all its sessions.

Loading them takes longer than most routers take to learn. Only well-known ones of this environment are: a
submission names them, and what they do when they are loaded is theirs.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

KNOWN = frozenset({"joblib", "numpy", "pandas", "pyarrow", "scipy", "sklearn", "torch"})


def imported(files: Iterable[Path]) -> tuple[str, ...]:
    """Return the modules of known libraries that Python files import, by dotted name, each once."""
    found: dict[str, None] = {}
    for file in files:
        if file.suffix == ".py":
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                found.update(dict.fromkeys(_names(ast.parse(file.read_bytes()))))
    return tuple(name for name in found if name.partition(".")[0] in KNOWN)


def load(modules: Iterable[str]) -> None:
    """Import modules; what cannot be imported is left for the submission to stumble over."""
    for name in modules:
        with suppress(Exception):
            importlib.import_module(name)


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module

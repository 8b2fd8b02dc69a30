"""The source of the service and of its tests, as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT: Path = settings.BASE_DIR
# Folders of tools and data, and migrations, which show what the code once was.
LEFT_OUT = {"__pycache__", "migrations", "node_modules"}


@cache
def source_files() -> list[Path]:
    """Return all Python files but migrations, tests included."""
    return sorted(_files_in(ROOT))


def _files_in(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in LEFT_OUT:
            continue
        if path.is_dir():
            yield from _files_in(path)
        elif path.suffix == ".py":
            yield path


@cache
def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), path)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_test(path: Path) -> bool:
    """Tell whether a file holds tests or what only tests use."""
    return path.name == "conftest.py" or "tests" in path.relative_to(ROOT).parts


def imported_names(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Yield each import: its module, the name taken from it or "", and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, "", node.lineno
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.module or "", alias.name, node.lineno

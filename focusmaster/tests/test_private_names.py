"""Names that begin with an underscore belong to who defines them (rule 3 of the house).

A name is one's own where the same module or one of our base classes defines it, and no
base class of another package does.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from rest_framework import serializers

from focusmaster.tests.sources import ROOT, module_name, source_files, syntax_tree

# Documented by Django or Python in spite of their underscore.
PUBLIC = {
    "_meta",
    "_default_manager",
    "_base_manager",
    "_state",
    "_asdict",
    "_fields",
    "_replace",
    "os._exit",
    # An id, as API.md has it.
    "_id",
}
# What the services need that ours is compared with is installed beside it.
NOT_IMPORTED = {
    ROOT / "benchmarks" / "yardstick_drf",
    ROOT / "benchmarks" / "yardstick_fastapi.py",
}
COUNTED = (
    "The count is part of the statement that finds the caller, which saves a round "
    "trip, about a fifth of the CPU of `GET /auth/me`."
)
# Where a private name of another package is used, and why.
JUSTIFIED = {
    "focusmaster/api/rate_limits.py: ratelimit._get_window": COUNTED,
    "focusmaster/api/rate_limits.py: ratelimit._make_cache_key": COUNTED,
}
PRIVATE = re.compile(r"_(?!_)\w+")
TAKES_A_NAME = {"getattr", "setattr", "hasattr", "delattr"}


def is_private(name: str) -> bool:
    return bool(PRIVATE.fullmatch(name)) and name not in PUBLIC


def is_of_self(node: ast.AST) -> bool:
    """Tell whether it is an attribute that is looked up on `self` or `cls`."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("self", "cls")
    )


@cache
def defined_in(path: Path) -> set[str]:
    """Return the private names that a module defines, in classes and on `self` too."""
    names = set()
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(getattr(node, "ctx", None), ast.Store):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif is_of_self(node):
                names.add(node.attr)
    return set(filter(is_private, names))


def uses_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield owner and name of each private name that is imported or looked up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found = [(node.module or "", alias.name) for alias in node.names]
        elif isinstance(node, ast.Attribute):
            found = [(node.value, node.attr)]
        elif isinstance(node, ast.Call) and name_of(node.func) in TAKES_A_NAME:
            constants = [one for one in node.args[1:2] if isinstance(one, ast.Constant)]
            found = [(node.args[0], str(one.value)) for one in constants]
        else:
            continue
        for owner, name in found:
            if is_private(name):
                yield owner if isinstance(owner, str) else ast.unparse(owner), name


def name_of(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def classes_in(path: Path) -> list[tuple[ast.ClassDef, type]]:
    """Return the classes at the top of a module, as source and as objects."""
    nodes = [node for node in syntax_tree(path).body if isinstance(node, ast.ClassDef)]
    names = vars(importlib.import_module(module_name(path))) if nodes else {}
    return [(node, names[node.name]) for node in nodes]


def is_ours(kind: type) -> bool:
    path = inspect.getsourcefile(kind) if kind.__module__ != "builtins" else None
    return bool(path) and Path(path) in source_files()


def own_private_names(node: ast.ClassDef) -> set[str]:
    """Return what a class looks up on itself, and what it defines."""
    names = {part.attr for part in ast.walk(node) if is_of_self(part)}
    names |= {getattr(part, "name", "") for part in node.body}
    for part in node.body:
        names |= {getattr(one, "id", "") for one in getattr(part, "targets", [])}
    return set(filter(is_private, names))


@cache
def source_of(kind: type) -> str:
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # It is written in C.
        return ""


def defines(kind: type, name: str) -> bool:
    return name in vars(kind) or bool(
        re.search(rf"\b(self|cls)\.{name}\b[^=\n]*=(?!=)", source_of(kind))
    )


def foreign_uses(path: Path) -> Iterator[str]:
    """Yield each private name that a module takes from elsewhere."""
    own = defined_in(path)
    for owner, name in uses_in(syntax_tree(path)):
        dotted = f"{owner}.{name}"
        is_own = owner in ("self", "cls") or (name in own and owner != "super()")
        if dotted not in PUBLIC and not is_own:
            yield dotted


def inherited_uses(path: Path) -> Iterator[str]:
    """Yield each private name that a class has from a base class of somebody else's."""
    for node, kind in classes_in(path):
        for name in own_private_names(node):
            bases = [base for base in kind.__mro__ if defines(base, name)]
            if not bases or not all(map(is_ours, bases)):
                yield f"{kind.__name__}.{name}"


def described(path: Path, names: Iterator[str]) -> set[str]:
    return {f"{path.relative_to(ROOT)}: {name}" for name in names}


def test_private_names_of_others_are_used_where_it_is_justified_alone():
    found = set()
    for path in source_files():
        found |= described(path, foreign_uses(path))

    assert found == JUSTIFIED.keys()


@pytest.mark.usefixtures("spotify")
def test_classes_use_and_override_no_private_name_of_a_foreign_base():
    found = set()
    for path in source_files():
        if not NOT_IMPORTED & {path, *path.parents}:
            found |= described(path, inherited_uses(path))

    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "from django.db import _private",
        "x = somebody._private",
        "getattr(somebody, '_private')",
        "monkeypatch.setattr(somebody, '_private', 1)",
    ],
)
def test_private_name_is_found(line):
    ((_, name),) = uses_in(ast.parse(line))

    assert name == "_private"


def test_private_name_of_a_foreign_base_is_found():
    class Ours(serializers.Serializer):
        def _read_only_defaults(self):
            return {}

    assert defines(serializers.Serializer, "_read_only_defaults")
    assert defines(serializers.Field, "_default") is False
    assert defines(serializers.Field, "_context") is False
    assert is_ours(Ours)
    assert not is_ours(serializers.Serializer)

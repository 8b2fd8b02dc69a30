"""Placeholders and the driver are known in focusmaster/db alone (rule 2 of the house).

An app reads like plain Django: a queryset, JSONRows, a constraint, a verb.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from focusmaster.tests.sources import ROOT, is_test, source_files, syntax_tree

INSIDE = {
    ROOT / "focusmaster" / "db",
    ROOT / "focusmaster" / "postgresql",
    ROOT / "accounts" / "caller_query.py",
    ROOT / "benchmarks",
}
# What looks like a hole in the wall, and what it is for.
HOLES = {
    "moderation/audit/archives.py bytes.fromhex": "Hashes in a file, no ids.",
    "moderation/audit/chain.py bytes.fromhex": "Hashes in a file, no ids.",
}
TAKES_SQL = {"execute", "executemany", "RawSQL", "raw"}


def breaches(tree: ast.AST) -> Iterator[str]:
    """Yield what only the inside may know of."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom():
                if any(alias.name == "Param" for alias in node.names):
                    yield "Param"
            case ast.Attribute(attr="pgconn" | "Param" as name):
                yield name
            case ast.Attribute(attr="fromhex", value=ast.Name(id="bytes")):
                yield "bytes.fromhex"
            case ast.Attribute(attr="connection", value=ast.Name(id="connection")):
                yield "connection.connection"
            case ast.Call() if called(node) in TAKES_SQL and has_placeholder(node):
                yield "placeholder"


def called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def has_placeholder(node: ast.Call) -> bool:
    return any(
        isinstance(part, ast.Constant) and "%s" in str(part.value)
        for argument in node.args[:1]
        for part in ast.walk(argument)
    )


def is_outside(path: Path) -> bool:
    return not is_test(path) and not INSIDE & {path, *path.parents}


def test_apps_know_nothing_of_placeholders_and_the_driver():
    found = {
        f"{path.relative_to(ROOT)} {breach}"
        for path in source_files()
        if is_outside(path)
        for breach in breaches(syntax_tree(path))
    }

    assert found == HOLES.keys()


@pytest.mark.parametrize(
    ("line", "breach"),
    [
        ("from focusmaster.db.statements import Param", "Param"),
        ("statements.Param('id')", "Param"),
        ("bytes.fromhex(pk)", "bytes.fromhex"),
        ("driver.pgconn.exec_(sql)", "pgconn"),
        ("connection.connection.execute(sql)", "connection.connection"),
        ("cursor.execute('SELECT %s', [1])", "placeholder"),
        ("RawSQL(f'{name} = %s', [1])", "placeholder"),
    ],
)
def test_breach_is_found(line, breach):
    assert list(breaches(ast.parse(line))) == [breach]

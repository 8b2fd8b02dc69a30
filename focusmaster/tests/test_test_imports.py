"""A helper that two test modules need stands in a module of its own."""

from __future__ import annotations

from pathlib import Path

from focusmaster.tests.sources import (
    ROOT,
    imported_names,
    module_name,
    source_files,
    syntax_tree,
)


def holds_tests(path: Path) -> bool:
    in_tests = path.parent.name == "tests" or path.parent == ROOT
    return in_tests and (path.name.startswith("test_") or path.name == "conftest.py")


def test_no_module_imports_a_test_module():
    test_modules = {module_name(path) for path in source_files() if holds_tests(path)}

    found = [
        f"{path.relative_to(ROOT)}:{line} imports {module} {name}".rstrip()
        for path in source_files()
        for module, name, line in imported_names(syntax_tree(path))
        if {module, f"{module}.{name}"} & test_modules
    ]

    assert len(test_modules) > 50
    assert found == []

"""The package as a whole: its examples run, and it needs nothing but Python."""

import ast
import doctest
import importlib
import pkgutil
import sys
from pathlib import Path

import pytest

import counting

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(counting.__path__, "counting.") if not module.name.endswith("__main__")
)
FILES = sorted(Path(counting.__path__[0]).rglob("*.py"))
DIVIDES_FRACTIONS = {"pb_mes.py", "stv_scottish.py"}


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_the_documentation_runs(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_rules_have_an_example_each() -> None:
    for name in ("counting.pb_greedy", "counting.pb_mes", "counting.lots", "counting.ballotfile"):
        assert doctest.testmod(importlib.import_module(name)).attempted > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_imports_only_the_standard_library_and_itself(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in {"counting", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_float_and_no_chance_gets_near_a_vote(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float)
        if isinstance(node, ast.BinOp):
            assert not isinstance(node.op, ast.Div) or path.name in DIVIDES_FRACTIONS
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"float", "round"}
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not {"random", "secrets", "time", "datetime"} & {alias.name for alias in node.names}

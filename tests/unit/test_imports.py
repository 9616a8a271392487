"""Layers import downward, and the ground imports no layer."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "bronze": {"reclake"},
    "silver": {"reclake", "bronze"},
    "gold": {"reclake", "bronze", "silver"},
    "producers": {"reclake"},
    "serving": {"reclake", "gold"},
    "reclake": set(),
}


def imports(file: Path, late_too: bool) -> set[str]:
    tree = ast.parse(file.read_text())
    nodes = ast.walk(tree) if late_too else iter(tree.body)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_lies_below_it(package):
    forbidden = ALLOWED.keys() - ALLOWED[package] - {package}
    for file in (ROOT / package).rglob("*.py"):
        # The command line finds the producers' commands when they run.
        late_too = file.parent.name != "cli"
        assert not imports(file, late_too) & forbidden, file


def test_what_is_checked_is_what_is_there():
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages == ALLOWED.keys()

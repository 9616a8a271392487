"""Tests mirror the tree: a module has a test file of its name, or a line in `tests/where.toml` says where to look."""

import tomllib
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
ELSEWHERE = {
    place: test for room in tomllib.loads((TESTS / "where.toml").read_text()).values() for place, test in room.items()
}
ROOMS = {file.parent for file in ROOT.glob("*/__init__.py")} - {ROOT / "benchmarks"}
MODULES = {
    file.relative_to(ROOT)
    for room in ROOMS
    for file in room.rglob("*.py")
    if file.name not in ("__init__.py", "__main__.py")
}


def own_test(module):
    return TESTS / "unit" / module.with_name(f"test_{module.name}")


def line_for(module):
    return next((str(place) for place in (module, *module.parents) if str(place) in ELSEWHERE), None)


def test_each_module_is_tested_somewhere():
    assert [module for module in MODULES if not own_test(module).exists() and line_for(module) is None] == []


def test_each_line_is_needed_and_names_a_test_that_is_there():
    needed = {line_for(module) for module in MODULES if not own_test(module).exists()}

    assert ELSEWHERE.keys() - needed == set()
    assert [test for test in ELSEWHERE.values() if not (TESTS / test).is_file()] == []


def test_each_unit_test_mirrors_a_module_or_is_named_by_a_line():
    unit = {path.relative_to(TESTS) for path in (TESTS / "unit").rglob("test_*.py")}
    mirrored = {own_test(module).relative_to(TESTS) for module in MODULES}
    named = {Path(test) for test in ELSEWHERE.values()}
    # What lies in no room: the bundle, and this file.
    of_no_room = {path for path in unit if path.parent in (Path("unit"), Path("unit/resources"))}

    assert unit - mirrored - named - of_no_room == set()

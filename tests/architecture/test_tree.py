"""What holds for every file: a test of its own, docstrings, size, and the habits that keep the loop alive."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, QT_PACKAGES, ROOT, Module, modules

MODULES = modules()
TESTS = ROOT / "tests"
MOST_LINES = 400


def _imported_names(path: Path) -> set[str]:
    """Return `a.b` and `a.b.c` for `from a.b import c`, and `a.b` for `import a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_every_module_without_qt_has_its_test() -> None:
    """`a/b.py` has `tests/unit/a/test_b.py`, or some test imports it by name: a session's parts need a whole venue."""
    imported = {path: _imported_names(path) for path in TESTS.rglob("*.py")}
    untested = []
    for module in MODULES:
        if module.parts[0] in QT_PACKAGES or not module.has_code or module.parts[-1] == "__main__":
            continue
        mirror = TESTS.joinpath("unit", *module.parts[:-1], f"test_{module.parts[-1]}.py")
        by_name = [path for path, names in imported.items() if module.name in names and "benchmarks" not in path.parts]
        if not mirror.exists() and not by_name:
            untested.append(module.name)
    assert not untested, f"no test imports {untested}"


def test_every_unit_test_belongs_to_a_module() -> None:
    names = {module.parts[-1] for module in MODULES} | {part for module in MODULES for part in module.parts[:-1]}
    strays = []
    for path in (TESTS / "unit").rglob("test_*.py"):
        stem = path.stem.removeprefix("test_")
        folder = PACKAGE.joinpath(*path.relative_to(TESTS / "unit").parts[:-1])
        if not folder.is_dir() or not any(stem == name or stem.startswith(f"{name}_") for name in names):
            strays.append(str(path.relative_to(ROOT)))
    assert not strays, f"no module of that name: {strays}"


def _public_things(module: Module) -> Iterator[tuple[str, ast.AST]]:
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_docstrings_say_what_it_is(module: Module) -> None:
    missing = [
        name
        for name, node in _public_things(module)
        if not ast.get_docstring(node)  # type: ignore[arg-type]
    ]
    first_line = (ast.get_docstring(module.tree) or "").partition("\n")[0]
    assert len(first_line) >= 20, "the module's docstring must say in its first line what the module is"
    assert not missing, f"no docstring: {missing}"


def test_files_are_of_a_size_that_can_be_read() -> None:
    sizes = {module.name: len(module.path.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES} == {}


# Calls that freeze or orphan tasks, each with the modules that may make it.
FORBIDDEN_CALLS: dict[str, tuple[str, ...]] = {
    "ensure_future": (),
    "processEvents": ("trader_gui.self_test",),  # paints one picture, with no loop running
    "asyncSlot": (),
    "asyncClose": (),
    "time.sleep": (),
}


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("call", FORBIDDEN_CALLS)
def test_nobody_makes_a_call_that_freezes_or_orphans_tasks(call: str) -> None:
    offenders = [
        f"{module.name}:{node.lineno}"
        for module in MODULES
        if module.name not in FORBIDDEN_CALLS[call]
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _dotted(node.func).endswith(call)
    ]
    assert offenders == []


def test_every_task_has_a_name() -> None:
    nameless = [
        f"{module.name}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and _dotted(node.func).endswith("create_task")
        and not any(keyword.arg == "name" for keyword in node.keywords)
    ]
    assert nameless == []


def test_no_dialog_blocks_the_loop() -> None:
    blocking = [
        f"{module.name}:{node.lineno}"
        for module in MODULES
        if module.parts[0] in ("widgets", "models")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("exec", "exec_")
    ]
    assert blocking == []


def test_colours_live_in_the_themes_alone() -> None:
    colour = re.compile(r"[\"']#[0-9A-Fa-f]{6}[\"']")
    offenders = [m.name for m in MODULES if colour.search(m.path.read_text(encoding="utf-8"))]
    assert offenders == []


def test_the_lock_holds_every_dependency_in_its_range() -> None:
    lock = (ROOT / "packaging" / "requirements.lock").read_text(encoding="utf-8")
    locked: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE):
        locked.setdefault(_normal(name), []).append(version)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    for line in wanted:
        name, lowest, below = re.fullmatch(r"([A-Za-z0-9._-]+)>=([\d.]+),<([\d.]+)", line).groups()  # type: ignore[union-attr]
        assert _normal(name) in locked, f"{name} is not in the lock: run packaging/dev.py lock"
        for version in locked[_normal(name)]:
            assert _numbers(lowest) <= _numbers(version) < _numbers(below), f"{name} {version}: packaging/dev.py lock"
    assert "://" not in lock


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])

"""The source tree as the architecture's tests see it."""

import ast
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "trader_gui"
QT_PACKAGES = ("app", "widgets", "models", "i18n")


class Module(NamedTuple):
    """One module: `parts` is its path below the package without suffix (`("orders", "state")`)."""

    path: Path
    parts: tuple[str, ...]
    tree: ast.Module

    @property
    def name(self) -> str:
        return ".".join(("trader_gui", *(part for part in self.parts if part != "__init__")))

    @property
    def has_code(self) -> bool:
        """More than docstring, imports and plain assignments: functions, or classes with a body of their own."""
        return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in self.tree.body)


def modules() -> list[Module]:
    """Return every module of the package, sorted by path."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.append(Module(path, parts, ast.parse(path.read_text(encoding="utf-8"))))
    return found

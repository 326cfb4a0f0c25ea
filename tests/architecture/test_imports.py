"""The import contracts hold, and each of them catches what it is there for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT

LAYERS = "Imports point down"
QT = "Qt stays at the top"
PURE = "Pure modules do no I/O and read no clock"
WIDGETS = "Widgets see models, not machinery"
DOORS = "One door per outside library"

PLANTED = [
    ("simulated_exchange/core.py", "import PySide6", QT),
    ("headless.py", "import PySide6", QT),
    ("decision/decision.py", "import asyncio", PURE),
    ("collectors/kline.py", "import time", PURE),
    ("collectors/ring.py", "import random", PURE),
    ("orders/state.py", "import time", PURE),
    ("exchange/wire/__init__.py", "import websockets", PURE),
    ("risk/gate.py", "import trader_gui.journal", LAYERS),
    ("callback/dispatcher.py", "import trader_gui.clock", LAYERS),
    ("rt_trader/trader.py", "import trader_gui.models", LAYERS),
    ("simulated_exchange/core.py", "import trader_gui.exchange.wire", LAYERS),
    ("widgets/format.py", "import trader_gui.collectors", WIDGETS),
    ("models/table.py", "import sqlite3", DOORS),
    ("exchange/streams.py", "import keyring", DOORS),
    ("not_in_any_layer.py", "import os", "not_in_any_layer"),
]


def check_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("lint-imports.exe" if os.name == "nt" else "lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [str(program), "--no-cache"],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_contracts_hold() -> None:
    done = check_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED, ids=lambda value: value.replace("trader_gui.", ""))
def test_a_planted_violation_is_caught(tmp_path: Path, file: str, line: str, contract: str) -> None:
    shutil.copytree(PACKAGE, tmp_path / "trader_gui", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / "trader_gui" / file
    before = target.read_text(encoding="utf-8") if target.exists() else ""
    assert before or contract == "not_in_any_layer", f"{file} is gone: plant the violation somewhere else"
    target.write_text(f"{before}\n{line}\n", encoding="utf-8")
    done = check_imports(tmp_path)
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert f"{contract} BROKEN" in told or (contract == "not_in_any_layer" and contract in told), told


QT_FREE_PROGRAM = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6", "pyqtgraph", "qasync"):
            raise ImportError(f"{name} is absent in this test")
        return None

sys.meta_path.insert(0, Blocker())
import trader_gui
for found in pkgutil.walk_packages(trader_gui.__path__, "trader_gui."):
    if found.name.split(".")[1] not in ("app", "widgets", "models", "i18n"):
        importlib.import_module(found.name)
print(len([name for name in sys.modules if name.startswith("trader_gui.")]))
"""


def test_all_but_the_window_imports_without_qt() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", QT_FREE_PROGRAM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40


def test_the_command_line_answers_without_qt_and_without_the_slow_libraries() -> None:
    program = """
import sys
from trader_gui.__main__ import main
try:
    main(["run", "--help"])
except SystemExit as end:
    assert end.code in (0, None)
slow = {"PySide6", "pandas", "requests", "keyring", "aiohttp", "pyqtgraph"} & set(sys.modules)
assert not slow, slow
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr

"""A session without a window, in this process: what it prints, in both forms, and that its time ends it."""

import argparse
import json
from pathlib import Path

import pytest

from trader_gui.headless import run_headless


def arguments(folder: Path, *, as_json: bool) -> argparse.Namespace:
    return argparse.Namespace(
        profile="demo",
        symbol="ETHUSDT",
        interval="1m",
        strategy="bb_rv",
        data=None,
        speed="1",
        seed=4,
        data_dir=folder,
        arm=False,
        seconds=0.2,
        json=as_json,
    )


def test_the_summary_is_one_json_object_or_a_table_of_the_same_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_headless(arguments(tmp_path / "a", as_json=True)) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["symbol"], figures["orders"], figures["differences"]) == ("ETHUSDT", 0, [])
    assert run_headless(arguments(tmp_path / "b", as_json=False)) == 0
    table = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert set(table) == set(figures) - {"differences"}
    assert table["wallet_balance"] == str(figures["wallet_balance"])

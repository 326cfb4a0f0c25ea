"""How long tables hold the loop: `python tests/benchmarks/tables.py [ROWS] [--xcb]`.

Offscreen or, with `--xcb`, on the screen that DISPLAY names, at 1268 x 600; CPU time of the loop's thread. A flush is
what a frame costs when something changed: the model, the sorted view, the repainted cells. A scroll frame is one
repaint of the whole table. Sorting and filtering of all rows are done in turns: the longest is what the loop waits.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal

PART_ROWS = 250  # as the loader hands them over
FRAME_LIMIT_MS = 16.0
TURN_LIMIT_MS = 10.0  # of 99 in 100: the longest is a garbage collection


def main() -> int:
    """Print the figures; 1 when a frame or a turn took longer than its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("--xcb", action="store_true")
    arguments = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "xcb" if arguments.xcb else "offscreen"
    import gc

    from PySide6.QtWidgets import QApplication

    from trader_gui.widgets.theme import theme

    application = QApplication([])
    theme().install(application)
    gc.freeze()  # as the program does
    late = [_flush(10_000), *_large(arguments.rows)]
    return int(any(late))


def _fills(count: int) -> list[object]:
    from tests.history_world import NOW_MS, Deal

    model = Deal(1, NOW_MS).fill
    from msgspec.structs import replace

    return [
        replace(
            model,
            trade_id=number,
            order_id=number,
            client_order_id=f"T-hn-{number}",
            price=Decimal(1_000_000 + number * 7919 % 90_000) / 10,
            commission=Decimal(number * 31 % 1000) / 1000,
            trade_time_ms=NOW_MS - number * 60_000,
        )
        for number in range(1, count + 1)
    ]


def _view(count: int):  # type: ignore[no-untyped-def]
    from tests.fakes import btcusdt_rules
    from trader_gui.domain.order import parse_client_order_id
    from trader_gui.models.fills import FillsModel
    from trader_gui.widgets.history_columns import FILLS
    from trader_gui.widgets.table_header import Sorting
    from trader_gui.widgets.tables import TableView

    model = FillsModel("BTCUSDT")
    model.set_rules(btcusdt_rules(), lambda name: parse_client_order_id("T", name))
    fills = _fills(count)
    for start in range(0, count, 1000):
        model.merge(fills[start : start + 1000])  # type: ignore[arg-type]
    view = TableView(model, FILLS, "Fills", "", sorting=Sorting("time", is_descending=True))
    view.resize(1268, 600)
    view.show()
    _settle(view)
    return model, view, fills


def _settle(view) -> list[float]:  # type: ignore[no-untyped-def]
    """Let the view come to rest; return how long each turn took, ms."""
    turns = []
    while view.rows.is_busy:
        turns.append(_timed(view.rows._work_on))
    _paint(view)
    return turns


def _paint(view) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QApplication

    QApplication.processEvents()
    view.viewport().repaint()


def _timed(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return (time.thread_time() - began) * 1000


def _flush(count: int) -> bool:
    """One changed row of many: the fee of a fill is told anew."""
    from msgspec.structs import replace
    from PySide6.QtWidgets import QApplication

    model, view, fills = _view(count)
    model_ms, frame_ms = [], []
    for number in range(200):
        fill = replace(fills[number % 20], commission=Decimal(number), client_order_id="")
        key = (fill.symbol, fill.trade_id)
        row = model._row(fill)
        model_ms.append(_timed(lambda k=key, r=row: model.merge_rows([(k, r)])))
        frame_ms.append(_timed(QApplication.processEvents))
    last = (fills[0].symbol, fills[count // 2].trade_id)
    moves = [
        _timed(
            lambda n=n: model.merge_rows([(last, model._row(replace(fills[0], trade_time_ms=fills[n].trade_time_ms)))])
        )
        for n in range(0, count, count // 50)
    ]
    _print(f"1 changed row of {count:,}: model and sorted view", model_ms)
    _print(f"1 changed row of {count:,}: repaint of what changed", frame_ms)
    _print(f"1 row of {count:,} that moves to another place", moves)
    view.close()
    return statistics.median(model_ms) > 1.0 or max(frame_ms) > FRAME_LIMIT_MS


def _large(count: int) -> list[bool]:
    from PySide6.QtCore import Qt

    built = time.perf_counter()
    model, view, fills = _view(count)
    print(f"{count:,} rows taken in, sorted and shown in {time.perf_counter() - built:.1f} s")
    bar = view.verticalScrollBar()
    notch = []
    for step in range(400):
        bar.setValue((bar.maximum() // 401) * step + step * 7 % 60)
        notch.append(_timed(view.viewport().repaint))
    _print(f"scroll frame at {count:,} rows", notch)
    bar.setValue(0)
    turns: dict[str, list[float]] = {
        "sort by price": _turns(view, lambda: view.rows.sort(4, Qt.SortOrder.DescendingOrder)),
        "sort by time": _turns(view, lambda: view.rows.sort(0, Qt.SortOrder.DescendingOrder)),
        "filter": _turns(view, lambda: view.rows.set_filter(lambda row: row.fill.trade_id % 3 == 0)),
        "all again": _turns(view, lambda: view.rows.set_filter(None)),
    }
    for name, times in turns.items():
        _print(f"{name}: turns of {count:,} rows ({sum(times):.0f} ms together)", times)
    page = [_timed(lambda s=start: model.merge(_older(fills, s))) for start in range(0, 10_000, PART_ROWS)]
    _print(f"{PART_ROWS} older rows taken in", page)
    view.close()
    return [_high(notch) > FRAME_LIMIT_MS, *(_high(t) > TURN_LIMIT_MS for t in turns.values())]


def _turns(view, do: Callable[[], object]) -> list[float]:  # type: ignore[no-untyped-def]
    first = _timed(do)
    return [first, *_settle(view)]


def _older(fills: list, start: int) -> list:  # type: ignore[type-arg]
    from msgspec.structs import replace

    count = len(fills)
    return [
        replace(fill, trade_id=count + fill.trade_id, trade_time_ms=fill.trade_time_ms - count * 60_000)
        for fill in fills[start : start + PART_ROWS]
    ]


def _high(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[-1] if len(times) > 1 else times[0]


def _print(name: str, times: list[float]) -> None:
    print(f"{name}: median {statistics.median(times):.3f} ms  p99 {_high(times):.2f} ms  longest {max(times):.2f} ms")


if __name__ == "__main__":
    sys.exit(main())

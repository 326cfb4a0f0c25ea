"""Orders and positions in a person's hands: lines dragged, cells changed, parts closed, tables sorted and exported.

What is proven is what the journal holds then, as the exchange told it, and what the exported files hold.
"""

import csv
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PySide6.QtCore import QPoint

from tests.e2e.chart_eyes import ChartEyes, stop_color, target_color
from tests.e2e.person import SIZE, Map, Person, believed, screen_test
from tests.e2e.x_screen import Program, XScreen, program, until
from trader_gui.domain.order import Order, OrderOutcome, OrderType, OutcomeKind, Side
from trader_gui.widgets.theme import theme

D = Decimal
pytestmark = [
    pytest.mark.qt_log_ignore("This plugin does not support"),  # the offscreen platform says it of every window
    pytest.mark.timeout(300),  # a minute of hands, more on a machine that is busy
]
FAR, NEAR = "900", "800"
CUT_S = 20.0
"""An answer is waited for eight seconds; then the exchange is asked."""


class Desk:
    """A person, the map of what the program holds, and the journal's word."""

    def __init__(self, shown: Program, where: Map) -> None:
        self.shown, self.where = shown, where
        self.person = Person(shown, shown.wait_started())
        self.screen = shown.screen

    @property
    def map(self) -> Map:
        """The map, as things are now."""
        return self.where.follow(self.shown)

    @property
    def eyes(self) -> ChartEyes:
        return ChartEyes(self.person, self.map.area("chart"))

    def orders(self, kind: OrderType) -> list[Order]:
        return [order for order in self.shown.read(believed).orders if order.order_type is kind]

    @property
    def stop(self) -> Order:
        (order,) = self.orders(OrderType.STOP_MARKET)
        return order

    @property
    def held(self) -> Decimal:
        positions = self.shown.read(believed).positions
        return sum((position.position_amount for position in positions.values()), D(0))

    def intents(self) -> dict[str, Any]:
        found: dict[str, Any] = self.shown.read(lambda journal: journal.intents())
        return found

    def exits(self) -> list[Decimal]:
        """Return the sizes of stops and targets."""
        kinds = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
        return [order.quantity for kind in kinds for order in self.orders(kind)]

    def drag_stop(self, pixels: int) -> QPoint:
        """Take the stop by its handle and move it; return where the hand is, with the button down."""
        eyes = self.eyes
        start = until("the handle of the stop", lambda: eyes.handle(stop_color()))
        end = start + QPoint(6, pixels)
        self.screen.take(self.person.window, start, end)
        return QPoint(end)

    def from_menu(self, key: str, title: str) -> None:
        """Choose from the menu of the position's row, and confirm."""
        self.person.open_menu(self.map.row_menu("positions"))
        self.screen.key(key)
        self.person.confirm(title)


@screen_test
def test_a_persons_orders_and_tables(screen: XScreen, tmp_path: Path, look_up: Callable[..., Map]) -> None:
    with program(screen, tmp_path, "--seed", "11", "--size", SIZE) as shown:
        desk = Desk(shown, look_up())
        _buy_with_exits(desk)
        _move_the_stop(desk)
        _move_the_stop_where_it_must_not_be(desk)
        _move_the_stop_while_nobody_answers(desk)
        _amend_in_the_cell(desk)
        _sort_and_export(desk, tmp_path, "orders", "Orders", "quantity", _check_orders)
        _close_half(desk)
        _reverse(desk)
        _sort_and_export(desk, tmp_path, "order_history", "Order history", "quantity", _check_order_history)
        _sort_and_export(desk, tmp_path, "fills", "Fills", "price", _check_fills)
        _sort_and_export(desk, tmp_path, "income", "Income", "income", _check_income)
        _sort_and_export(desk, tmp_path, "assets", "Assets", "wallet", _check_assets)
        screen.ask_to_close(desk.person.window)
        assert shown.wait_end() == 0, shown.complaints
        assert shown.complaints == ""


def _buy_with_exits(desk: Desk) -> None:
    desk.person.send(desk.where, Side.BUY, "0.010", exits=("150", "300"))
    until("both exits rest", lambda: desk.exits() == [D("0.010"), D("0.010")])
    until("the stop's line", lambda: desk.eyes.line(stop_color()))
    until("the target's line", lambda: desk.eyes.line(target_color()))


# ---- lines -----------------------------------------------------------------------------------------------------------


def _move_the_stop(desk: Desk) -> None:
    """The exchange takes it: one stop rests, lower by what the hand moved."""
    former, eyes = desk.stop, desk.eyes
    (target,) = desk.orders(OrderType.TAKE_PROFIT_MARKET)
    low, high = eyes.line(stop_color()), eyes.line(target_color())
    assert low is not None and high is not None
    pixel = (target.trigger_price - former.trigger_price) / (low - high)
    desk.drag_stop(12)
    desk.screen.let_go()
    desk.person.confirm("Move this order?")  # further from the market: more may be lost
    until("another stop", lambda: [o.trigger_price < former.trigger_price for o in _resting(desk)] == [True])
    assert abs(former.trigger_price - desk.stop.trigger_price - 12 * pixel) < 4 * pixel
    assert (desk.stop.quantity, desk.stop.reduce_only) == (D("0.010"), True)
    until("the line is plain", lambda: desk.eyes.handle(stop_color()) and not desk.eyes.is_hatched(stop_color()))


def _resting(desk: Desk) -> list[Order]:
    return desk.orders(OrderType.STOP_MARKET)


def _move_the_stop_where_it_must_not_be(desk: Desk) -> None:
    """Above the market it would trigger at once: nothing is sent, the line is back, and the reason stands beside it."""
    former, before, eyes = desk.stop, len(desk.intents()), desk.eyes
    low, high = eyes.line(stop_color()), eyes.line(target_color())
    assert low is not None and high is not None
    desk.drag_stop((high - low) * 9 // 10)
    desk.screen.let_go()
    until("the reason", lambda: eyes.count(theme().color("danger")) > 100)
    until("the line is back", lambda: eyes.line(stop_color()) and abs(eyes.line(stop_color()) - low) < 4)  # type: ignore[operator]
    assert (desk.stop, len(desk.intents())) == (former, before)


def _move_the_stop_while_nobody_answers(desk: Desk) -> None:
    """It is hatched while nobody knows; then the exchange is asked, and the line is what it says."""
    former, before, eyes = desk.stop, desk.intents(), desk.eyes
    desk.drag_stop(10)
    desk.screen.let_go()
    desk.screen.wait_window("Move this order?")
    with _cut(desk.shown):
        desk.person.confirm("Move this order?")
        (sent,) = until("one intent", lambda: desk.intents().keys() - before.keys())
        until("it is not known", lambda: OutcomeKind.UNKNOWN in _outcomes(desk, sent), CUT_S)
        assert eyes.is_hatched(stop_color())
    until("it is told", lambda: not eyes.is_hatched(stop_color()) and desk.eyes.line(stop_color()))
    stands = desk.stop
    assert desk.intents().keys() - before.keys() <= {sent} | {stands.client_order_id}
    assert stands.trigger_price == former.trigger_price or stands.client_order_id == sent
    until("entries are free again", lambda: desk.shown.read(lambda journal: journal.belief()).orders)


@contextmanager
def _cut(shown: Program) -> Iterator[None]:
    """Stop the exchange, as a network that takes everything and brings nothing; afterwards it goes on."""
    (exchange,) = shown.children()
    os.kill(exchange, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(exchange, signal.SIGCONT)


def _outcomes(desk: Desk, client_order_id: str) -> list[OutcomeKind]:
    told = desk.shown.read(lambda journal: journal.order_messages(client_order_id))
    return [message.kind for message in told if isinstance(message, OrderOutcome)]


# ---- rows ------------------------------------------------------------------------------------------------------------


def _amend_in_the_cell(desk: Desk) -> None:
    """F2, another price, Enter: the exchange has the order at that price, and it is the same order."""
    (bought,) = {fill.price for fill in desk.shown.read(lambda journal: journal.fills())[:1]}
    price = (bought - D(FAR)).quantize(D("0.1"))
    desk.person.clear_exits(desk.map)
    desk.person.send(desk.map, Side.BUY, "0.002", f"{price}")
    (order,) = until("the limit order", lambda: desk.orders(OrderType.LIMIT))
    desk.screen.click(desk.person.window, desk.map.tab("Orders"))
    cell = desk.map.cell("orders", desk.map.row_of("orders", order.client_order_id), "limit")
    desk.screen.click(desk.person.window, cell)
    desk.screen.key("F2", "ctrl+a")
    better = bought - D(NEAR)
    desk.screen.write(f"{better}")
    desk.screen.key("Return")
    until("the price is another", lambda: [o.price for o in desk.orders(OrderType.LIMIT)] == [better])
    assert [o.client_order_id for o in desk.orders(OrderType.LIMIT)] == [order.client_order_id]


def _close_half(desk: Desk) -> None:
    """From the menu of the row; stop and target are for the half that is left."""
    desk.screen.click(desk.person.window, desk.map.tab("Positions"))
    desk.from_menu("2", "Close this position")
    until("half of it", lambda: desk.held == D("0.005"))
    until("the exits are smaller", lambda: desk.exits() == [D("0.005"), D("0.005")])


def _reverse(desk: Desk) -> None:
    """Short as much as it was long, and no exit of the long one is left."""
    desk.from_menu("v", "Turn this position round")
    until("short", lambda: desk.held == D("-0.005"))
    until("no exit is left", lambda: desk.exits() == [])


# ---- tables ----------------------------------------------------------------------------------------------------------

Rows = list[dict[str, Any]]


def _sort_and_export(
    desk: Desk, folder: Path, dock_id: str, tab: str, key: str, check: Callable[[Desk, Rows], None]
) -> None:
    """Sort by a click, export; sort the other way by a second click, export in the other form."""
    desk.screen.click(desk.person.window, desk.map.tab(tab))
    desk.person.wait_rows(desk.map, dock_id)
    rows: dict[str, Rows] = {}
    for kind in ("csv", "parquet"):
        path = folder / f"{dock_id}.{kind}"
        desk.screen.click(desk.person.window, desk.map.header(dock_id, key))
        desk.person.export(desk.map, dock_id, kind, path)
        rows[kind] = _read(path)
    values = {kind: [D(str(row[key])) for row in rows[kind]] for kind in rows}
    ways = [values["csv"] == sorted(values["csv"], reverse=way) for way in (False, True)]
    assert any(ways) and values["parquet"] == sorted(values["csv"], reverse=ways[0]), (dock_id, values)
    check(desk, rows["csv"])
    check(desk, rows["parquet"])


def _read(path: Path) -> Rows:
    if path.suffix == ".parquet":
        found: Rows = pq.read_table(path).to_pylist()
        return found
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _check_orders(desk: Desk, rows: Rows) -> None:
    told = {(o.client_order_id, o.quantity, o.price, o.trigger_price) for o in desk.shown.read(believed).orders}
    assert {(r["order"], D(r["quantity"]), D(r["limit"] or 0), D(r["trigger"] or 0)) for r in rows} == told


def _check_order_history(desk: Desk, rows: Rows) -> None:
    intents, open_ones = desk.intents(), {o.client_order_id for o in desk.shown.read(believed).orders}
    assert {r["order"] for r in rows} == intents.keys() - open_ones
    assert {r["order"]: r["side"] for r in rows} == {r["order"]: intents[r["order"]].side.value for r in rows}


def _check_fills(desk: Desk, rows: Rows) -> None:
    fills = desk.shown.read(lambda journal: journal.fills())
    told = {(f.trade_id, f.price, f.quantity, -f.commission, f.realized_pnl) for f in fills}
    read = {(int(r["trade_id"]), *(D(r[k]) for k in ("price", "quantity", "fee", "realized"))) for r in rows}
    assert (read, len(rows)) == (told, len(fills))


def _check_income(desk: Desk, rows: Rows) -> None:
    fills = desk.shown.read(lambda journal: journal.fills())
    paid = sum((D(r["income"]) for r in rows if r["type"] == "COMMISSION"), D(0))
    won = sum((D(r["income"]) for r in rows if r["type"] == "REALIZED_PNL"), D(0))
    assert paid == -sum((f.commission for f in fills), D(0))
    assert won == sum((f.realized_pnl for f in fills), D(0))


def _check_assets(desk: Desk, rows: Rows) -> None:
    balances = desk.shown.read(believed).balances
    wallets = {r["asset"]: D(r["wallet"]) for r in rows}
    assert {asset: wallets.get(asset) for asset in balances} == {a: b.wallet_balance for a, b in balances.items()}

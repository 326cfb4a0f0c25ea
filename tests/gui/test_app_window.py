"""The real window on a real session and exchange, used by mouse and keys inside the test process."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from tests.app_rig import AppRig, open_app
from tests.session_world import write_walk
from trader_gui.domain.order import OrderIntent, OrderStatus, OrderType, Origin, Purpose, Side
from trader_gui.domain.protection import ProtectionState
from trader_gui.domain.step import EngineMode
from trader_gui.domain.ticket import AskWhen, OrderKind, SizeUnit
from trader_gui.errors import UserError
from trader_gui.settings import DataDirectory, load_settings
from trader_gui.widgets.dialogs import ArmingSheet, CloseDialog, DamagedJournalDialog
from trader_gui.widgets.dialogs.confirm import ConfirmDialog
from trader_gui.widgets.dialogs.leverage import LeverageDialog
from trader_gui.widgets.dialogs.margin import MarginDialog
from trader_gui.widgets.fields import MessageList
from trader_gui.widgets.theme import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform says it of every window

DEMO = ("--profile", "demo", "--seed", "11", "--size", "1920x1080")
AWAY = Decimal("250.0")
"""Far enough below the market not to be filled, near enough to be on the chart."""


@pytest.fixture(autouse=True)
def _styled(qapp: QApplication) -> None:
    theme().set("dark")
    theme().install(qapp)


async def started(rig: AppRig) -> None:
    """Wait until a person would begin: prices move, and the ticket has taken one."""
    await rig.until("the session has started", lambda: rig.desk._trader and rig.trader.started.is_set())
    await rig.until("the ticket has a price", lambda: rig.window.order_entry.draft.price_text)


async def send_ticket(rig: AppRig, side: Side, size: str, price: Decimal | None = None) -> None:
    """Fill the ticket in, press its button, confirm."""
    ticket = rig.window.order_entry
    rig.click(ticket.kind.button(OrderKind.MARKET if price is None else OrderKind.LIMIT))
    if price is not None:
        rig.type_into(ticket.limit_price.edit, str(price))
    rig.type_into(ticket.size_field.edit, size)
    await rig.until("the button is ready", ticket.buttons[side].isEnabled)
    ticket._sent_ns = 0  # a person is slower: it is no second click of the last order's
    rig.click(ticket.buttons[side])
    dialog = await rig.dialog(ConfirmDialog)
    rig.click(dialog.send_button)
    await rig.until("the answer", lambda: ticket._busy is None)


def below_market(rig: AppRig) -> Decimal:
    facts = rig.bridge.ticket.facts
    assert facts is not None and facts.best_bid is not None
    return facts.best_bid - AWAY


def said(cell: Any) -> str:
    """Return what a cell of the session bar shows."""
    return str(cell._text.text())


def tells(messages: MessageList, words: str) -> bool:
    """Tell whether one of the messages has these words."""
    return any(words in message.html for message in messages.messages)


def line_pixels(rig: AppRig, price: Decimal, color_of: Any) -> int:
    """Count the pixels of a colour in the chart's row at a price."""
    klines = rig.window.chart.view.klines
    assert klines.view is not None
    y = round(klines.view.py(float(price)))
    image = rig.window.chart.view.grab().toImage()
    assert 0 <= y < image.height(), f"{price} is not on the chart"
    return max(
        sum(image.pixelColor(x, y + dy) == color_of for x in range(250, int(klines.view.width))) for dy in (-1, 0, 1)
    )


def test_an_order_by_hand_is_placed_seen_and_cancelled(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            price = below_market(rig)
            buy_color = theme().direction(True, "text")
            await send_ticket(rig, Side.BUY, "0.002", price)
            await rig.until("its row", lambda: rig.bridge.orders.rowCount() == 1)
            (order,) = rig.trader.callback.orders.open_orders()
            await rig.until("the exchange has it", lambda: any(o.is_confirmed for o in rig.bridge.series.orders))
            assert (order.price, order.quantity, order.side) == (price, Decimal("0.002"), Side.BUY)
            await rig.until("its line on the chart", lambda: line_pixels(rig, price, buy_color) > 300)
            rig.open_tab("Orders 1")
            await rig.press_row_button(rig.window.orders)
            await rig.until("no row", lambda: rig.bridge.orders.rowCount() == 0)
            await rig.until("no line", lambda: line_pixels(rig, price, buy_color) < 100)
        with rig.journal() as journal:
            assert [i.order_type for i in journal.intents().values()] == [OrderType.LIMIT]
            last = journal.order_messages(order.client_order_id)[-1]
            assert last.order is not None and last.order.status is OrderStatus.CANCELED

    qt_run(act(), 60)


@pytest.mark.parametrize("size", ["1920x1080", "1280x720"])
def test_a_position_is_opened_at_market_and_closed_by_its_button(qt_run: Any, tmp_path: Path, size: str) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO, "--size", size) as rig:
            await started(rig)
            window = rig.window
            await send_ticket(rig, Side.BUY, "0.010")
            await rig.until("the position", lambda: rig.bridge.positions.rowCount() == 1)
            await rig.until(
                "it is said to be naked", lambda: "NOT PROTECTED" in said(window.session_bar.protection_cell)
            )
            await rig.until("a banner says so", lambda: [b.key for b in window.banners.banners()] == ["naked"])
            await rig.until("the chart has it", lambda: rig.bridge.series.positions)
            entry = rig.bridge.series.positions[0].entry_price
            await rig.until("its line", lambda: line_pixels(rig, entry, theme().color("text1")) > 10)
            await rig.until("a toast tells the fill", window.toasts.toasts)
            await rig.until("the button is ready again", window.order_entry.buttons[Side.BUY].isEnabled)
            window.order_entry._sent_ns = 0
            rig.click(window.order_entry.buttons[Side.BUY])  # which no toast may cover
            rig.click((await rig.dialog(ConfirmDialog)).cancel_button)
            await rig.press_row_button(window.positions.table)
            dialog = await rig.dialog(CloseDialog)
            rig.click(dialog.send_button)
            await rig.until("flat", lambda: rig.bridge.positions.rowCount() == 0)
            await rig.until("both fills", lambda: rig.bridge.fills.rowCount() >= 2)
            await rig.until("no banner", lambda: not window.banners.banners())
        with rig.journal() as journal:
            intents = list(journal.intents().values())
            assert [(i.side, i.reduce_only) for i in intents] == [(Side.BUY, False), (Side.SELL, True)]
            sums = {s: sum(f.quantity for f in journal.fills() if f.side is s) for s in Side}
            assert sums[Side.BUY] == sums[Side.SELL] == Decimal("0.010")

    qt_run(act(), 60)


def test_a_trailing_stop_rests(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO, "--size", "1280x720") as rig:
            await started(rig)
            ticket = rig.window.order_entry
            ticket.kind.entries[OrderKind.TRAILING].trigger()
            rig.type_into(ticket.prices.callback.edit, "2")
            rig.type_into(ticket.size_field.edit, "0.010")
            await rig.until("the button is ready", ticket.buttons[Side.SELL].isEnabled)
            rig.click(ticket.buttons[Side.SELL])
            rig.click((await rig.dialog(ConfirmDialog)).send_button)
            await rig.until("the answer", lambda: ticket._busy is None)
            await rig.until("its row", lambda: rig.bridge.orders.rowCount() == 1)
            (order,) = rig.trader.callback.orders.open_orders()
            assert order.order_type is OrderType.TRAILING_STOP_MARKET

    qt_run(act(), 60)


def test_a_bracket_typed_into_the_ticket_has_its_exits_at_rest_after_the_fill(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            window, ticket = rig.window, rig.window.order_entry
            rig.type_into(ticket.stop.edit, "2000.0")
            rig.type_into(ticket.target.edit, "3000.0")
            await send_ticket(rig, Side.BUY, "0.010")
            await rig.until("the position", lambda: rig.bridge.positions.rowCount() == 1)
            await rig.until("both exits", lambda: rig.bridge.orders.rowCount() == 2)
            (record,) = rig.trader.callback.brackets.records
            prices = {o.order_type: o.trigger_price for o in rig.trader.callback.orders.open_orders()}
            snap = rig.trader.rules.snap_price
            assert prices == {
                OrderType.STOP_MARKET: snap(record.entry_price - 2000),
                OrderType.TAKE_PROFIT_MARKET: snap(record.entry_price + 3000),
            }
            await rig.until("it is protected", lambda: rig.bridge.positions.row(0).is_protected)
            assert rig.bridge.positions.row(0).stop.trigger_price == prices[OrderType.STOP_MARKET]
            await rig.until("no banner", lambda: not window.banners.banners())
            assert "NOT PROTECTED" not in said(window.session_bar.protection_cell)
            await rig.press_row_button(window.positions.table)
            rig.click((await rig.dialog(CloseDialog)).send_button)
            await rig.until("flat", lambda: rig.bridge.positions.rowCount() == 0)
            await rig.until("nothing rests", lambda: rig.bridge.orders.rowCount() == 0)
        with rig.journal() as journal:
            assert [i.bracket for i in journal.intents().values()] == ["", record.entry_id, record.entry_id, ""]

    qt_run(act(), 60)


def test_settings_of_the_venue_are_changed_in_their_forms(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO, "--size", "1280x720") as rig:
            await started(rig)
            ticket = rig.window.order_entry
            await rig.until("the session runs", ticket.leverage.isEnabled)
            rig.click(ticket.leverage)
            form = await rig.dialog(LeverageDialog)
            rig.type_into(form.field.edit, "7")
            rig.click(form.set_button)
            await rig.until("the leverage", lambda: ticket.leverage.text() == "7×")
            await rig.until("the form is closed", lambda: ticket.forms.form is None)
            await send_ticket(rig, Side.BUY, "0.002", below_market(rig))
            await rig.until("the order rests", lambda: rig.bridge.orders.rowCount() == 1)
            rig.click(ticket.margin_type)
            margin = await rig.dialog(MarginDialog)
            rig.click(margin.margin_type.button("ISOLATED"))
            rig.click(margin.set_margin_button)
            await rig.until(
                "the refusal",
                lambda: margin.messages.messages and "orders are open" in margin.messages.messages[0].html,
            )
            assert ticket.margin_type.text() == "Cross"
            rig.click(margin.cancel_button)
            rig.window.cancel_entries_requested.emit()
            await rig.until("no order", lambda: rig.bridge.orders.rowCount() == 0)
            rig.click(ticket.margin_type)
            margin = await rig.dialog(MarginDialog)
            rig.click(margin.position_mode.button("hedge"))
            rig.click(margin.set_mode_button)
            await rig.until("hedge mode", lambda: ticket.margin_type.text() == "Cross, hedge")

    qt_run(act(), 60)


def test_the_ticket_comes_back_as_it_was_left(qt_run: Any, tmp_path: Path) -> None:
    async def act(second: bool) -> None:
        async with open_app(tmp_path, *DEMO, "--size", "1280x720") as rig:
            await started(rig)
            ticket = rig.window.order_entry
            if second:
                assert (ticket.kind.value, ticket.size_fields.unit) == (OrderKind.STOP_LIMIT, SizeUnit.QUOTE)
                assert (ticket.size_field.text, ticket.stop.text) == ("2,500.00", "202.7")
                assert ticket.menu.ask.market is AskWhen.NEVER
                assert list(ticket.menu.presets) == ["Scalp"]
                return
            ticket.kind.entries[OrderKind.STOP_LIMIT].trigger()
            rig.click(ticket.size_fields.units.button(SizeUnit.QUOTE))
            rig.type_into(ticket.size_field.edit, "2,500")
            rig.type_into(ticket.stop.edit, "202.7")
            ticket.menu.save_preset("Scalp", ticket.preset)
            ticket.menu.set_ask(replace(ticket.menu.ask, market=AskWhen.NEVER))

    qt_run(act(False), 60)
    qt_run(act(True), 60)
    paper = load_settings(DataDirectory.open(tmp_path, "paper"))
    assert paper.trading.ask.market is AskWhen.ALWAYS


def test_two_presses_flatten_everything(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            window, bar = rig.window, rig.window.session_bar
            await send_ticket(rig, Side.BUY, "0.002", below_market(rig))
            await send_ticket(rig, Side.SELL, "0.010")
            await rig.until("the position", lambda: rig.bridge.positions.rowCount() == 1)
            rig.click(bar.flatten_button)
            commands = rig.desk._commands
            await rig.until("the plan", lambda: commands._flatten.state == "ready")
            popover = commands._flatten
            assert popover.isVisible() and window.rect().contains(popover.geometry())
            middle = bar.flatten_button.mapTo(window, bar.flatten_button.rect().center())
            second = window.childAt(middle)
            assert second is popover.confirm_button, "the second press does not lie where the first one was"
            rig.click(second)
            assert popover.state == "ready", "the tail of a double click flattened the account"
            await rig.until("the press counts", lambda: (popover.state != "ready") or _press_again(rig, second))
            await rig.until("the report", lambda: popover.state == "done")
            assert popover._title.text() == "Flat: nothing is left open"
            await rig.until("no row", lambda: not rig.bridge.positions.rowCount() + rig.bridge.orders.rowCount())
            rig.click(popover.confirm_button)
            assert not popover.isVisible()
        with rig.journal() as journal:
            belief = journal.belief()
            assert belief is not None and not belief.orders and not belief.positions
            assert list(journal.intents().values())[-1].reduce_only

    def _press_again(rig: AppRig, button: Any) -> bool:
        rig.click(button)
        return False

    qt_run(act(), 60)


def test_a_disarmed_engines_naked_position_is_protected_and_closed_by_the_banners_buttons(
    qt_run: Any, tmp_path: Path, expect_log: Any
) -> None:
    expect_log("the stop of the engine's position: naked canceled")

    def press(rig: AppRig, label: str) -> None:
        (row,) = rig.window.banners._rows.values()
        rig.click(next(b for b in row.findChildren(QPushButton) if b.text() == label))

    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            trader = rig.trader
            watchdog = trader.callback.protection
            await rig.until("fresh feeds", rig.window.session_bar.engine_button.isEnabled)
            assert await trader.arm(None) == ()
            await trader.submit(
                OrderIntent(
                    symbol=trader.symbol,
                    side=Side.BUY,
                    order_type=OrderType.MARKET,
                    purpose=Purpose.ENTRY,
                    origin=Origin.ENGINE,
                    reason="entry_long",
                    wanted_time_ms=0,
                    quantity=Decimal("0.010"),
                )
            )
            for label, after in (("Protect now", ProtectionState.PROTECTED), ("Close now", ProtectionState.NOTHING)):
                await rig.until("protected", lambda: watchdog.finding.state is ProtectionState.PROTECTED)
                await trader.disarm()
                (stop,) = [o for o in trader.callback.orders.open_orders() if o.order_type.is_conditional]
                await trader.cancel(stop)
                await rig.until("a banner", lambda: [b.key for b in rig.window.banners.banners()] == ["naked_engine"])
                press(rig, label)
                await rig.until(label, lambda after=after: watchdog.finding.state is after)
            await rig.until("no banner", lambda: not rig.window.banners.banners())
            assert trader.callback.account.position(trader.symbol) is None
        with rig.journal() as journal:
            reasons = [(i.reason, i.origin) for i in journal.intents().values()]
        assert reasons[-2:] == [("protect_now", Origin.HAND), ("close_now", Origin.HAND)]

    qt_run(act(), 60)


def _hold(rig: AppRig, sheet: ArmingSheet) -> bool:
    """Hold on; a check that fails for a moment, as a feed that is late does, ends a hold, and a person begins anew."""
    if sheet.hold_button.isEnabled() and not sheet.hold_button.is_holding:
        rig.press(sheet.hold_button)
    return False


def test_an_engine_armed_by_holding_trades_until_it_is_disarmed(qt_run: Any, tmp_path: Path) -> None:
    data = write_walk(tmp_path, seed=15)  # a market in which the strategy trades every few minutes

    async def act() -> None:
        words = ("--profile", "replay", "--data", str(data), "--symbol", "BTCUSDT", "--speed", "100")
        async with open_app(tmp_path / "data", *words, "--size", "1920x1080") as rig:
            await started(rig)
            bar = rig.window.session_bar
            await rig.until("fresh feeds", bar.engine_button.isEnabled)
            rig.click(bar.engine_button)
            sheet = await rig.dialog(ArmingSheet)
            await rig.until("the checks pass", sheet.hold_button.isEnabled)
            rig.press(sheet.hold_button)
            rig.release(sheet.hold_button)
            assert rig.trader.callback.gate.mode is EngineMode.HALTED
            await rig.until("the sheet closes", lambda: not sheet.isVisible() or _hold(rig, sheet))
            await rig.until("armed", lambda: rig.trader.callback.gate.mode is EngineMode.ACTIVE)
            await rig.until("the bar says so", lambda: said(bar.engine_cell).startswith("ARMED"))
            await rig.until("the engine trades", lambda: rig.bridge.fills.rowCount(), 60)
            rig.click(bar.engine_button)
            await rig.until("disarmed", lambda: rig.trader.callback.gate.mode is EngineMode.HALTED)
            await rig.until("the bar says so", lambda: said(bar.engine_cell).startswith("DISARMED"))
        with rig.journal() as journal:
            intents = list(journal.intents().values())
        assert all(i.origin is Origin.ENGINE for i in intents)
        assert Purpose.ENTRY in {i.purpose for i in intents}

    qt_run(act(), 100)


@pytest.mark.parametrize("where", ["slot", "task"])
def test_a_bug_halts_the_engine_and_keeps_the_window(qt_run: Any, tmp_path: Path, where: str, expect_log: Any) -> None:
    expect_log("uncaught exception" if where == "slot" else "the task buggy failed")

    def bug() -> None:
        raise ZeroDivisionError("planted")

    async def buggy() -> None:
        bug()

    async def act() -> None:
        async with open_app(tmp_path, *DEMO, "--arm") as rig:
            await started(rig)
            assert rig.trader.is_armed
            if where == "slot":
                QTimer.singleShot(0, bug)
            else:
                rig.desk._tasks.spawn(buggy(), "buggy")
            await rig.until("halted", lambda: not rig.trader.is_armed)
            assert rig.window.isVisible()
            cell = rig.window.session_bar.engine_cell
            await rig.until("the bar says so", lambda: said(cell).startswith("TRIPPED"))
            seen = rig.trader.tally.messages
            await rig.until("the session goes on", lambda: rig.trader.tally.messages > seen)

    qt_run(act(), 60)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--profile", "demo", "--symbol", "NOSUCHUSDT"), "NOSUCHUSDT"),
        (("--profile", "replay", "--data", "{broken}"), "broken.csv"),
        (("--profile", "replay", "--data", "{missing}"), "missing.csv"),
    ],
)
def test_a_session_that_cannot_start_leaves_no_window(
    qt_run: Any, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    (tmp_path / "broken.csv").write_text("open_time,open\n1,2\n", encoding="utf-8")
    files = {"broken": tmp_path / "broken.csv", "missing": tmp_path / "missing.csv"}

    async def act() -> None:
        async with open_app(tmp_path / "data", *(w.format(**files) for w in words)) as rig:
            await rig.until("the end", rig.task.done)

    with pytest.raises(UserError, match=says) as error:
        qt_run(act(), 30)
    assert "\n" not in str(error.value)
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]


@pytest.mark.parametrize("is_moved", [True, False])
def test_a_damaged_journal_is_replaced_on_the_users_word_alone(
    qt_run: Any, tmp_path: Path, is_moved: bool, expect_log: Any
) -> None:
    if is_moved:
        expect_log("damaged journal is kept as .*journal.damaged-1.sqlite")
    path = DataDirectory.open(tmp_path, "demo").journal_path
    damaged = b"no database" * 500 + b"TABCDEFG-hn-17" + b"..." * 500
    path.write_bytes(damaged)

    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            dialog = await rig.dialog(DamagedJournalDialog)
            assert any(str(path) in label.text() for label in dialog.findChildren(QLabel))
            if is_moved:
                rig.click(dialog.move_button)
                await started(rig)
            else:
                rig.click(dialog.cancel_button)
                await rig.ended()
        if is_moved:
            with rig.journal() as journal:
                assert (journal.id_prefix, journal.next_sequence()) == ("TABCDEFG", 10_000)

    qt_run(act(), 60)
    kept = path.with_name("journal.damaged-1.sqlite") if is_moved else path
    assert kept.read_bytes() == damaged


def test_a_picture_that_cannot_be_written_is_told(qt_run: Any, tmp_path: Path) -> None:
    async def act() -> None:
        target = str(tmp_path / "no such folder" / "a.png")
        async with open_app(tmp_path, *DEMO, "--screenshot", target, "--after", "0.5") as rig:
            await rig.until("the end", rig.task.done)

    with pytest.raises(UserError, match="cannot be written"):
        qt_run(act(), 30)


def test_points_are_reached_only_where_nothing_covers_them(qt_run: Any, tmp_path: Path) -> None:
    """While a dialog is open, nothing behind it can be pressed."""

    async def act() -> None:
        async with open_app(tmp_path, *DEMO) as rig:
            await started(rig)
            await rig.until("fresh feeds", rig.window.session_bar.engine_button.isEnabled)
            rig.click(rig.window.session_bar.engine_button)
            await rig.dialog(ArmingSheet)
            with pytest.raises(AssertionError, match="is in the way"):
                rig.click(rig.window.session_bar.flatten_button, QPoint(5, 5))

    qt_run(act(), 30)

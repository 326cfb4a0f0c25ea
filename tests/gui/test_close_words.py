"""Plans and reports of closing, as the popover and the toasts tell them."""

from decimal import Decimal

from msgspec.structs import replace

from tests.fakes import btcusdt_rules, order, position, snapshot, stop_loss
from trader_gui.domain.closing import ClosePlan, CloseReport, Trouble
from trader_gui.domain.order import OrderStatus, OrderType, PositionSide, Side
from trader_gui.domain.symbol import unknown_rules
from trader_gui.orders.close_plan import make_plan
from trader_gui.widgets.close_words import plan_lines, report_lines

D = Decimal
BTC = btcusdt_rules()
RULES = {"BTCUSDT": BTC, "XRPUSDT": replace(BTC, symbol="XRPUSDT", status="SETTLING")}
EXITS = {
    OrderType.STOP_MARKET: "BTCUSDT stop",
    OrderType.TAKE_PROFIT: "BTCUSDT target",
    OrderType.TAKE_PROFIT_MARKET: "BTCUSDT target",
    OrderType.TRAILING_STOP_MARKET: "BTCUSDT trailing stop",
}
ENTRY = order(3, Side.BUY, price="108000.0", quantity="0.020")


def plan_of(*positions, orders=(), own_orders=(), keep=None) -> ClosePlan:
    def rules_of(symbol):
        return RULES.get(symbol, unknown_rules(symbol))

    return make_plan(snapshot(positions, orders), rules_of, own_orders, keep)


def test_a_plan_names_every_close_every_cancel_and_what_cannot_be_closed():
    held = position("250.0005")
    halted, strange = position("-7", symbol="XRPUSDT"), position("3", symbol="NEWUSDT")
    assert plan_lines(plan_of(held, halted, strange, orders=(ENTRY, stop_loss()))) == [
        "Sell 250.000 of 250.0005 BTCUSDT at market, reduce-only, in 3 orders",
        "0.0005 of BTCUSDT long 250.0005 stays: The size is below the smallest allowed, 0.001.",
        "NEWUSDT long 3 stays: The exchange has told no trading rules of NEWUSDT; nothing can be ordered there.",
        "XRPUSDT short 7 stays: The symbol is not open for trading now (SETTLING).",
        "Cancel the BTCUSDT order to buy 0.020 at 108,000.0",
        "Cancel the BTCUSDT stop to sell the position at 108,248.4, once flat",
    ]


def test_an_exit_that_will_be_cancelled_is_called_what_it_is():
    exits = [order(n, Side.SELL, kind, trigger="109000.0", reduce_only=True) for n, kind in enumerate(EXITS, 1)]
    assert plan_lines(plan_of(position("0.010"), orders=tuple(exits)))[1:] == [
        f"Cancel the {word} to sell 0.010 at 109,000.0, once flat" for word in EXITS.values()
    ]


def test_legs_are_named_and_many_orders_are_counted():
    leg = position("-0.010", position_side=PositionSide.SHORT)
    lines = plan_lines(plan_of(leg, orders=tuple(order(n, Side.BUY, price="1") for n in range(1, 10))))
    assert lines[0] == "Buy 0.010 BTCUSDT short leg at market, reduce-only"
    assert (len(lines), lines[-1]) == (8, "Cancel 3 orders more")


def test_a_report_says_what_is_open_and_why():
    unknown = replace(ENTRY, status=OrderStatus.UNKNOWN)
    plan = replace(plan_of(position("0.004"), own_orders=(unknown,)), is_last_known=True)
    troubles = (
        Trouble("-1122", "Invalid symbol status.", "BTCUSDT"),
        Trouble("not_sent", "not sent: the exchange has banned this address until 2026-11-22 12:00:00 UTC"),
        Trouble("unknown_outcome", "T-hx-1", "BTCUSDT"),
        Trouble("flattening"),
        Trouble("time_over", "45"),
    )
    assert report_lines(CloseReport(False, plan, troubles)) == [
        "BTCUSDT long 0.004 is open",
        "The BTCUSDT order to buy 0.020 at 108,000.0 is open",
        "This is what was last known: the exchange could not be asked",
        "BTCUSDT: The symbol is not open for this now. (−1122)",
        "Not sent: the exchange has banned this address until 2026-11-22 12:00:00 UTC.",
        "BTCUSDT: What became of the order T-hx-1 is not known yet; the exchange is being asked.",
        "Everything is being closed; nothing is opened until that is over.",
        "Not done within 45 seconds.",
    ]

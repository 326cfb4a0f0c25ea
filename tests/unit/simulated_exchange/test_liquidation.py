from decimal import Decimal as D

import pytest

from trader_gui.simulated_exchange.records import MarginCallEvent, OrderEvent, VenueRefusal


def test_cross_liquidation_closes_all_and_leaves_nothing_below_zero(make_bench) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.order("BUY", "0.1")
    resting = bench.order("SELL", "0.05", "61000", reduceOnly="true")
    stop = bench.algo("SELL", "STOP_MARKET", "50000", closePosition="true")
    price = bench.core.position_risk("BTCUSDT")[0].liquidation_price
    above, below = round(price, 1) + D("0.1"), round(price, 1) - D("0.1")
    bench.tick(bid=str(above), ask=str(above + D("0.1")))
    assert bench.amount() == D("0.1")
    bench.tick(bid=str(below), ask=str(below + D("0.1")))
    assert bench.amount() == 0
    assert (resting.status, stop.algo_status) == ("EXPIRED", "EXPIRED")
    orders = [event for event in bench.events if isinstance(event, OrderEvent)]
    assert orders[0].expiry_reason == "5"
    assert orders[-1].order.client_order_id.startswith("autoclose-")
    assert orders[-1].order.status == "FILLED"
    # Maintenance margin was 22.5; the fee (1.25 % of 5628) takes all of it and no more.
    entries = bench.core.income(income_type="INSURANCE_CLEAR")
    assert len(entries) == 1 and entries[0].income < 0
    assert bench.wallet() == 0 == bench.core.account().asset.available_balance
    assert bench.kinds()[-2:] == ["INSURANCE_CLEAR", "BookChange"]


def test_a_gap_beyond_bankruptcy_is_paid_by_the_insurance_fund(make_bench) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.order("BUY", "0.1")
    bench.tick(bid="50000.0", ask="50000.1")
    entries = bench.core.income(income_type="INSURANCE_CLEAR")
    assert len(entries) == 1 and entries[0].income > 600
    assert (bench.amount(), bench.wallet()) == (0, 0)


def test_a_stop_that_fills_beyond_bankruptcy_leaves_nothing_below_zero(make_bench) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.order("BUY", "0.1")
    bench.algo("SELL", "STOP_MARKET", "58000", closePosition="true")
    bench.tick(bid="50000.0", ask="50000.1", prints=[("SELL", "50000.0", "0.01")], mark="52000")
    (entry,) = bench.core.income(income_type="INSURANCE_CLEAR")
    assert entry.income > 500
    assert (bench.amount(), bench.wallet()) == (0, 0)
    assert not [t for t in bench.core.trades("BTCUSDT") if t.client_order_id.startswith("autoclose-")]


def test_what_the_ladder_cannot_take_goes_to_the_fund_at_the_mark(make_bench) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.order("BUY", "0.1")
    bench.tick(bids=((D("56000"), D("0.04")),), ask="56000.1", mark="56100")
    trades = bench.core.trades("BTCUSDT")[-2:]
    assert [(t.price, t.qty) for t in trades] == [(56000, D("0.04")), (56100, D("0.06"))]
    assert len(bench.events[-1].prints) == 1  # the fund's part is no public trade


def test_isolated_liquidation_costs_the_isolated_wallet_and_no_more(bench) -> None:
    bench.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    bench.order("BUY", "0.1", "60000.1")
    wallet, isolated = bench.wallet(), bench.core.position_risk("BTCUSDT")[0].isolated_wallet
    other = bench.order("BUY", "0.01", "56000")
    price = bench.core.position_risk("BTCUSDT")[0].liquidation_price
    assert round(price, 2) == round(D("60000.1") * D("0.95") / D("0.996"), 2)
    bench.tick(bid="57000.0", ask="57000.1", prints=[("BUY", "57600", "1")])
    assert (bench.amount(), bench.wallet()) == (0, wallet - isolated)
    assert other.status == "EXPIRED"


def test_cross_liquidation_takes_the_other_symbols_with_it(make_bench) -> None:
    bench = make_bench(wallet_balance=D(700))
    bench.tick(bid="3000.00", ask="3000.01", symbol="ETHUSDT")
    bench.order("BUY", "0.1")
    bench.order("SELL", "1", symbol="ETHUSDT")
    assert bench.amount("ETHUSDT") == -1
    bench.tick(bid="50000.0", ask="50000.1")
    assert (bench.amount(), bench.amount("ETHUSDT"), bench.wallet()) == (0, 0, 0)


def test_one_margin_call_names_all_cross_positions(make_bench) -> None:
    bench = make_bench(wallet_balance=D(700))
    bench.tick(bid="3000.00", ask="3000.01", symbol="ETHUSDT")
    bench.order("BUY", "0.1")
    bench.order("SELL", "1", symbol="ETHUSDT")
    (call,) = [e for e in bench.tick(bid="53450.0", ask="53450.1") if isinstance(e, MarginCallEvent)]
    called = {row.position.symbol: (row.mark_price, row.maint_margin) for row in call.positions}
    assert called == {"BTCUSDT": (53450, D("21.38")), "ETHUSDT": (3000, 12)}
    assert call.cross_wallet_balance == bench.wallet()


def test_margin_call_once_until_it_recovers(make_bench) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.order("BUY", "0.1")

    def calls(price: str) -> int:
        return sum(isinstance(event, MarginCallEvent) for event in bench.tick(bid=price, ask=price + "5"))

    # Equity at p: 397 - (60000.1 - p) / 10; maintenance p / 2500: 80 % at about 56311, 100 % at about 56254.
    assert [calls(price) for price in ("56400.1", "56300.1", "56290.1", "59000.1", "56300.1")] == [0, 1, 0, 0, 1]
    bench.order("SELL", "0.1")
    assert bench.amount() == 0
    assert calls("56300.1") == 0
    bench.order("BUY", "0.005")  # a new position is warned of anew: at the price where 90 % is reached
    wallet, entry = bench.wallet(), bench.core.position_risk("BTCUSDT")[0].entry_price
    price = (entry * D("0.005") - wallet) / (D("0.005") * (1 - D("0.004") / D("0.9")))
    assert calls(str(round(price, 1))) == 1


def test_a_forced_close_is_told_as_a_calculation_and_listed(make_bench) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.order("BUY", "0.1")
    bench.tick(bid="56000.0", ask="56000.1")
    orders = [event for event in bench.events if isinstance(event, OrderEvent)]
    assert [(event.execution_type, event.order.order_type) for event in orders] == [
        ("NEW", "LIQUIDATION"),
        ("CALCULATED", "LIQUIDATION"),
    ]
    assert orders[-1].trade.realized_pnl == D("-400.01")
    (row,) = bench.core.forced_orders("BTCUSDT", close_type="LIQUIDATION")
    assert row.client_order_id == orders[-1].order.client_order_id
    assert bench.core.forced_orders(close_type="ADL") == bench.core.forced_orders("ETHUSDT") == []
    kinds = [entry.income_type for entry in bench.core.income()]
    assert kinds == ["COMMISSION", "REALIZED_PNL", "COMMISSION", "INSURANCE_CLEAR"]
    assert 400 + sum(entry.income for entry in bench.core.income()) == bench.wallet() == 0


def test_cross_liquidation_of_a_hedge_closes_both_sides(make_bench) -> None:
    bench = make_bench(wallet_balance=D(400))
    bench.core.set_position_mode(True)
    bench.order("BUY", "0.11", positionSide="LONG")
    bench.order("SELL", "0.01", positionSide="SHORT")
    price = bench.core.position_risk("BTCUSDT")[0].liquidation_price
    above, below = round(price, 1) + D("0.1"), round(price, 1) - D("0.1")
    bench.tick(bid=str(above), ask=str(above + D("0.1")))
    assert len(bench.core.position_risk("BTCUSDT")) == 2
    bench.tick(bid=str(below), ask=str(below + D("0.1")))
    assert bench.core.position_risk("BTCUSDT") == []
    closed = [(row.side, row.position_side, row.orig_qty) for row in bench.core.forced_orders()]
    assert closed == [("SELL", "LONG", D("0.11")), ("BUY", "SHORT", D("0.01"))]
    assert bench.wallet() >= 0


def test_auto_deleveraging_closes_at_the_mark_against_nobody(bench) -> None:
    bench.order("SELL", "0.3", "60000")
    stop = bench.algo("BUY", "STOP_MARKET", "65000", closePosition="true")
    bench.tick(bid="59000.0", ask="59000.1", mark="58990.5")
    book = bench.core.book("BTCUSDT", 5)
    bench.events = bench.core.auto_deleverage("BTCUSDT", "BOTH", D("0.1"), bench.now_ms)
    assert bench.kinds() == ["NEW/NEW", "ORDER", "CALCULATED/FILLED", "BookChange"]
    trade = bench.core.trades("BTCUSDT")[-1]
    assert (trade.price, trade.side, trade.qty, trade.realized_pnl) == (D("58990.5"), "BUY", D("0.1"), D("100.95"))
    assert trade.client_order_id == "adl_autoclose"
    assert (bench.core.book("BTCUSDT", 5), bench.core.last_price("BTCUSDT")) == (book, D("60000"))
    assert (bench.amount(), stop.algo_status) == (D("-0.2"), "NEW")
    bench.core.auto_deleverage("BTCUSDT", "BOTH", None, bench.now_ms)
    assert (bench.amount(), stop.algo_status) == (0, "EXPIRED")
    assert [row.orig_qty for row in bench.core.forced_orders(close_type="ADL")] == [D("0.1"), D("0.2")]
    assert bench.wallet() == 10_000 + sum(entry.income for entry in bench.core.income())


def test_refused_deleveraging_changes_nothing(bench) -> None:
    bench.order("BUY", "0.1")
    before = bench.picture()
    for symbol, side, quantity, code in (
        ("NOUSDT", "BOTH", None, -1121),
        ("BTCUSDT", "NET", None, -4060),
        ("BTCUSDT", "LONG", None, -4061),
        ("ETHUSDT", "BOTH", None, -2024),
        ("BTCUSDT", "BOTH", D("0.101"), -2024),
        ("BTCUSDT", "BOTH", D("0.0005"), -1111),
        ("BTCUSDT", "BOTH", D(0), -4003),
    ):
        with pytest.raises(VenueRefusal) as refusal:
            bench.core.auto_deleverage(symbol, side, quantity, bench.now_ms)
        assert (refusal.value.code, refusal.value.http_status) == (code, 400)
        assert bench.picture() == before

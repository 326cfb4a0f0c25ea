from decimal import Decimal as D


def test_views_of_the_worked_example(bench) -> None:
    bench.tick(bid="59999.9", ask="60000.0")
    bench.order("BUY", "0.500")
    bench.tick(bid="61000.0", ask="61000.1")
    view = bench.core.account()
    asset, position = view.asset, view.positions[0]
    assert (asset.wallet_balance, asset.unrealized_profit, asset.margin_balance) == (9985, 500, 10485)
    assert (asset.initial_margin, asset.maint_margin, asset.available_balance) == (1525, 122, 8960)
    assert round(asset.maint_margin / asset.margin_balance * 100, 4) == D("1.1636")
    assert (position.notional, position.break_even_price, position.leverage) == (30500, 60030, 20)
    assert round(position.unrealized_profit / position.initial_margin * 100, 3) == D("32.787")
    assert str(position.liquidation_price)[:9] == "40190.763"
    assert position.liquidation_price.as_tuple().exponent == -8
    assert bench.core.balances() == [asset]


def test_shorts_are_negative_and_open_orders_show_apart(bench) -> None:
    bench.order("SELL", "0.1")
    bench.order("SELL", "0.1", "61000")
    bench.order("BUY", "0.05", "59000", reduceOnly="true")
    position = bench.core.position_risk("BTCUSDT")[0]
    assert (position.position_amount, position.notional) == (D("-0.1"), -6000)
    assert (position.bid_notional, position.ask_notional) == (0, 6100)
    assert (position.position_initial_margin, position.open_order_initial_margin) == (300, 305)
    assert position.break_even_price == 60000 * (1 - D("0.0005"))
    assert position.isolated_margin == 0


def test_isolated_margin_is_wallet_and_unrealized(bench) -> None:
    bench.core.set_margin_type("BTCUSDT", "ISOLATED", 1)
    bench.tick(bid="59999.9", ask="60000.0")
    bench.order("BUY", "0.5")
    bench.tick(bid="61000.0", ask="61000.1")
    view = bench.core.account()
    position = view.positions[0]
    assert (position.isolated_wallet, position.isolated_margin, position.margin_type) == (1500, 2000, "ISOLATED")
    assert str(position.liquidation_price)[:9] == "57228.915"  # cut, not rounded: 57228.9156
    assert (view.asset.cross_wallet_balance, view.asset.available_balance) == (8485, 8485)
    assert (view.asset.cross_unrealized, view.asset.unrealized_profit) == (0, 500)


def test_only_symbols_with_a_position_or_orders_are_listed(bench) -> None:
    assert bench.core.position_risk() == [] == list(bench.core.account().positions)
    order = bench.order("BUY", "0.01", "59000")
    assert [view.symbol for view in bench.core.position_risk()] == ["BTCUSDT"]
    assert bench.core.position_risk("ETHUSDT") == []
    bench.core.cancel_order("BTCUSDT", order.order_id, None, 1)
    assert bench.core.position_risk() == []


def test_symbol_config(bench) -> None:
    config, events = bench.core.set_leverage("BTCUSDT", 50, 7)
    assert (config.leverage, config.max_notional_value, config.margin_type) == (50, 12_000_000, "CROSSED")
    assert [(event.leverage, event.time_ms) for event in events] == [(50, 7)]
    assert len(bench.core.symbol_config()) == len(bench.core.specs)
    rates = bench.core.commission_rate("BTCUSDT")
    assert (rates.maker, rates.taker) == (D("0.0002"), D("0.0005"))

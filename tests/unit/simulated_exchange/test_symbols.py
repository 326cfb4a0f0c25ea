from decimal import Decimal as D

from trader_gui.simulated_exchange.symbols import SPECS


def test_btcusdt_carries_the_published_brackets() -> None:
    rows = [(b.notional_floor, b.maint_margin_ratio, b.cum) for b in SPECS["BTCUSDT"].brackets]
    assert rows == [
        (0, D("0.004"), 0),
        (300_000, D("0.005"), 300),
        (800_000, D("0.0065"), 1_500),
        (3_000_000, D("0.01"), 12_000),
        (12_000_000, D("0.02"), 132_000),
        (70_000_000, D("0.025"), 482_000),
        (100_000_000, D("0.05"), 2_982_000),
    ]
    assert [str(b.cum) for b in SPECS["BTCUSDT"].brackets][1] == "300"  # never 3E+2 on the wire


def test_every_symbol_is_consistent() -> None:
    assert {"BTCUSDT", "ETHUSDT"} <= set(SPECS) and len(SPECS) >= 30
    for symbol, spec in SPECS.items():
        assert (spec.symbol, spec.base_asset + spec.quote_asset) == (symbol, symbol)
        assert spec.min_price % spec.tick_size == 0 == spec.max_price % spec.tick_size
        assert spec.min_qty % spec.step_size == 0 == spec.max_qty % spec.step_size
        assert spec.min_qty <= spec.market_max_qty <= spec.max_qty
        leverages = [b.initial_leverage for b in spec.brackets]
        rates = [b.maint_margin_ratio for b in spec.brackets]
        assert leverages == sorted(leverages, reverse=True) and rates == sorted(rates)
        # Initial margin at the highest leverage must cover maintenance, or a new position is liquidated at once.
        assert all(1 / D(b.initial_leverage) > b.maint_margin_ratio for b in spec.brackets)
        assert [b.bracket for b in spec.brackets] == list(range(1, len(spec.brackets) + 1))

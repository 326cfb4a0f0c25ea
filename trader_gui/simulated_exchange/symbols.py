"""The simulated exchange's own table of symbols: filters and leverage brackets.

Of the same form and order of size as the venue's. BTCUSDT carries the venue's filters of 2026-09 and its brackets of
2025-07 (the leverage column and the last cap are older); the others are invented in the same form.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from trader_gui.simulated_exchange.records import Bracket, SymbolSpec


class _Step(NamedTuple):
    """One row of a bracket table before `cum` is computed: notional floor, highest leverage, maintenance rate."""

    floor: int
    leverage: int
    rate: str


def make_brackets(steps: Sequence[tuple[int, int, str]], cap: int) -> tuple[Bracket, ...]:
    """Return brackets with `cum` by the venue's rule: floor x (rate - rate below) + cum below.

    Args:
        steps: (notional floor, highest leverage, maintenance rate as text), rising floors from 0.
        cap: Notional cap of the last bracket, quote asset.
    """
    rows = [_Step(*step) for step in steps]
    caps = [row.floor for row in rows[1:]] + [cap]
    brackets: list[Bracket] = []
    rate_below = cum = Decimal(0)
    for number, (row, row_cap) in enumerate(zip(rows, caps, strict=True), start=1):
        rate = Decimal(row.rate)
        cum += row.floor * (rate - rate_below) if brackets else Decimal(0)
        plain_cum = cum.normalize() + 0  # 300.0000 -> 300, yet not 3E+2
        brackets.append(Bracket(number, row.leverage, Decimal(row.floor), Decimal(row_cap), rate, plain_cum))
        rate_below = rate
    return tuple(brackets)


_BTC_BRACKETS = make_brackets(
    [
        (0, 125, "0.004"),
        (300_000, 100, "0.005"),
        (800_000, 75, "0.0065"),
        (3_000_000, 50, "0.01"),
        (12_000_000, 25, "0.02"),
        (70_000_000, 20, "0.025"),
        (100_000_000, 10, "0.05"),
    ],
    230_000_000,
)
_ETH_BRACKETS = make_brackets(
    [
        (0, 125, "0.004"),
        (200_000, 100, "0.005"),
        (600_000, 75, "0.0065"),
        (2_000_000, 50, "0.01"),
        (8_000_000, 25, "0.02"),
        (40_000_000, 20, "0.025"),
        (60_000_000, 10, "0.05"),
    ],
    150_000_000,
)
_LARGE_BRACKETS = make_brackets(
    [
        (0, 100, "0.005"),
        (20_000, 75, "0.0065"),
        (100_000, 50, "0.01"),
        (1_000_000, 40, "0.015"),
        (3_000_000, 25, "0.02"),
        (8_000_000, 20, "0.025"),
        (15_000_000, 10, "0.05"),
    ],
    40_000_000,
)
_MIDDLE_BRACKETS = make_brackets(
    [
        (0, 75, "0.01"),
        (10_000, 50, "0.015"),
        (60_000, 25, "0.02"),
        (300_000, 20, "0.025"),
        (900_000, 10, "0.05"),
        (3_000_000, 5, "0.1"),
    ],
    8_000_000,
)


def _spec(
    symbol: str,
    *,
    tick: str,
    prices: tuple[str, str],
    step: str,
    quantities: tuple[str, str, str],
    min_notional: str,
    brackets: tuple[Bracket, ...],
    bound: str = "0.05",
    fee: str = "0.0125",
) -> SymbolSpec:
    """Return a USDT symbol; `prices` (min, max), `quantities` (min, max, max of a MARKET order)."""
    return SymbolSpec(
        symbol=symbol,
        base_asset=symbol.removesuffix("USDT"),
        quote_asset="USDT",
        tick_size=Decimal(tick),
        min_price=Decimal(prices[0]),
        max_price=Decimal(prices[1]),
        step_size=Decimal(step),
        min_qty=Decimal(quantities[0]),
        max_qty=Decimal(quantities[1]),
        market_max_qty=Decimal(quantities[2]),
        min_notional=Decimal(min_notional),
        multiplier_up=1 + Decimal(bound),
        multiplier_down=1 - Decimal(bound),
        market_take_bound=Decimal(bound),
        trigger_protect=Decimal(bound),
        liquidation_fee=Decimal(fee),
        max_num_orders=200,
        brackets=brackets,
    )


_TABLE = (
    _spec(
        "BTCUSDT",
        tick="0.10",
        prices=("556.80", "4529764"),
        step="0.001",
        quantities=("0.001", "1000", "120"),
        min_notional="50",
        brackets=_BTC_BRACKETS,
    ),
    _spec(
        "ETHUSDT",
        tick="0.01",
        prices=("39.86", "306177"),
        step="0.001",
        quantities=("0.001", "10000", "2000"),
        min_notional="20",
        brackets=_ETH_BRACKETS,
    ),
    _spec(
        "BNBUSDT",
        tick="0.010",
        prices=("6.600", "100000"),
        step="0.01",
        quantities=("0.01", "100000", "2000"),
        min_notional="5",
        brackets=_LARGE_BRACKETS,
    ),
    _spec(
        "SOLUSDT",
        tick="0.0100",
        prices=("0.4200", "6857"),
        step="0.01",
        quantities=("0.01", "1000000", "5000"),
        min_notional="5",
        brackets=_LARGE_BRACKETS,
    ),
    _spec(
        "XRPUSDT",
        tick="0.0001",
        prices=("0.0143", "100000"),
        step="0.1",
        quantities=("0.1", "10000000", "2000000"),
        min_notional="5",
        brackets=_LARGE_BRACKETS,
    ),
    _spec(
        "DOGEUSDT",
        tick="0.000010",
        prices=("0.002440", "30"),
        step="1",
        quantities=("1", "50000000", "30000000"),
        min_notional="5",
        brackets=_LARGE_BRACKETS,
    ),
    _spec(
        "AVAXUSDT",
        tick="0.0010",
        prices=("0.1000", "10000"),
        step="1",
        quantities=("1", "250000", "50000"),
        min_notional="5",
        brackets=_MIDDLE_BRACKETS,
        fee="0.015",
    ),
    _spec(
        "LTCUSDT",
        tick="0.01",
        prices=("3.61", "100000"),
        step="0.001",
        quantities=("0.001", "10000", "5000"),
        min_notional="20",
        brackets=_MIDDLE_BRACKETS,
        fee="0.015",
    ),
    _spec(
        "LINKUSDT",
        tick="0.001",
        prices=("0.159", "100000"),
        step="0.01",
        quantities=("0.01", "100000", "30000"),
        min_notional="20",
        brackets=_MIDDLE_BRACKETS,
        fee="0.015",
    ),
    _spec(
        "NEARUSDT",
        tick="0.0010",
        prices=("0.0340", "100000"),
        step="1",
        quantities=("1", "1000000", "200000"),
        min_notional="5",
        brackets=_MIDDLE_BRACKETS,
        bound="0.10",
        fee="0.015",
    ),
)

SPECS: dict[str, SymbolSpec] = {spec.symbol: spec for spec in _TABLE}
"""Symbol -> its filters and brackets, in the order in which the exchange lists them."""

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


_SMALL_BRACKETS = make_brackets(
    [
        (0, 50, "0.015"),
        (5_000, 25, "0.02"),
        (25_000, 20, "0.025"),
        (100_000, 10, "0.05"),
        (400_000, 5, "0.1"),
    ],
    1_500_000,
)


class _Group(NamedTuple):
    """What symbols of like weight share: brackets, and the fee of a liquidation."""

    brackets: tuple[Bracket, ...]
    fee: str


_BTC, _ETH = _Group(_BTC_BRACKETS, "0.0125"), _Group(_ETH_BRACKETS, "0.0125")
_LARGE, _MIDDLE = _Group(_LARGE_BRACKETS, "0.0125"), _Group(_MIDDLE_BRACKETS, "0.015")
_SMALL = _Group(_SMALL_BRACKETS, "0.015")


class _Row(NamedTuple):
    """A symbol in short: `prices` (min, max), `quantities` (min, max, max of a MARKET order), `bound` of prices."""

    symbol: str
    tick: str
    prices: tuple[str, str]
    step: str
    quantities: tuple[str, str, str]
    min_notional: str
    group: _Group
    bound: str = "0.05"


def _spec(row: _Row) -> SymbolSpec:
    bound = Decimal(row.bound)
    return SymbolSpec(
        symbol=row.symbol,
        base_asset=row.symbol.removesuffix("USDT"),
        quote_asset="USDT",
        tick_size=Decimal(row.tick),
        min_price=Decimal(row.prices[0]),
        max_price=Decimal(row.prices[1]),
        step_size=Decimal(row.step),
        min_qty=Decimal(row.quantities[0]),
        max_qty=Decimal(row.quantities[1]),
        market_max_qty=Decimal(row.quantities[2]),
        min_notional=Decimal(row.min_notional),
        multiplier_up=1 + bound,
        multiplier_down=1 - bound,
        market_take_bound=bound,
        trigger_protect=bound,
        liquidation_fee=Decimal(row.group.fee),
        max_num_orders=200,
        brackets=row.group.brackets,
    )


# fmt: off
_TABLE = (
    _Row("BTCUSDT", "0.10", ("556.80", "4529764"), "0.001", ("0.001", "1000", "120"), "50", _BTC),
    _Row("ETHUSDT", "0.01", ("39.86", "306177"), "0.001", ("0.001", "10000", "2000"), "20", _ETH),
    _Row("BNBUSDT", "0.010", ("6.600", "100000"), "0.01", ("0.01", "100000", "2000"), "5", _LARGE),
    _Row("SOLUSDT", "0.0100", ("0.4200", "6857"), "0.01", ("0.01", "1000000", "5000"), "5", _LARGE),
    _Row("XRPUSDT", "0.0001", ("0.0143", "100000"), "0.1", ("0.1", "10000000", "2000000"), "5", _LARGE),
    _Row("DOGEUSDT", "0.000010", ("0.002440", "30"), "1", ("1", "50000000", "30000000"), "5", _LARGE),
    _Row("AVAXUSDT", "0.0010", ("0.1000", "10000"), "1", ("1", "250000", "50000"), "5", _MIDDLE),
    _Row("LTCUSDT", "0.01", ("3.61", "100000"), "0.001", ("0.001", "10000", "5000"), "20", _MIDDLE),
    _Row("LINKUSDT", "0.001", ("0.159", "100000"), "0.01", ("0.01", "100000", "30000"), "20", _MIDDLE),
    _Row("NEARUSDT", "0.0010", ("0.0340", "100000"), "1", ("1", "1000000", "200000"), "5", _MIDDLE, "0.10"),
    _Row("ADAUSDT", "0.00010", ("0.01740", "900"), "1", ("1", "2000000", "300000"), "5", _LARGE),
    _Row("TRXUSDT", "0.00001", ("0.00132", "60"), "1", ("1", "10000000", "5000000"), "5", _LARGE),
    _Row("SUIUSDT", "0.000100", ("0.002100", "100"), "0.1", ("0.1", "3000000", "300000"), "5", _LARGE),
    _Row("BCHUSDT", "0.01", ("13.93", "100000"), "0.001", ("0.001", "10000", "850"), "20", _MIDDLE),
    _Row("DOTUSDT", "0.001", ("0.264", "100000"), "0.1", ("0.1", "1000000", "50000"), "5", _MIDDLE),
    _Row("XLMUSDT", "0.00001", ("0.00648", "200"), "1", ("1", "10000000", "1000000"), "5", _MIDDLE),
    _Row("UNIUSDT", "0.0010", ("0.3700", "10000"), "1", ("1", "1000000", "40000"), "5", _MIDDLE),
    _Row("AAVEUSDT", "0.010", ("7.000", "100000"), "0.1", ("0.1", "100000", "2500"), "5", _MIDDLE),
    _Row("ETCUSDT", "0.001", ("0.430", "100000"), "0.01", ("0.01", "100000", "20000"), "20", _MIDDLE),
    _Row("ATOMUSDT", "0.001", ("0.224", "100000"), "0.01", ("0.01", "1000000", "25000"), "5", _MIDDLE),
    _Row("FILUSDT", "0.001", ("0.116", "100000"), "0.1", ("0.1", "1000000", "60000"), "5", _MIDDLE),
    _Row("APTUSDT", "0.00100", ("0.08300", "2000"), "0.1", ("0.1", "250000", "40000"), "5", _MIDDLE),
    _Row("ARBUSDT", "0.000100", ("0.007400", "2000"), "0.1", ("0.1", "5000000", "600000"), "5", _MIDDLE),
    _Row("OPUSDT", "0.0001000", ("0.0146000", "2000"), "0.1", ("0.1", "4000000", "400000"), "5", _MIDDLE, "0.10"),
    _Row("INJUSDT", "0.001000", ("0.194000", "2000"), "0.1", ("0.1", "200000", "30000"), "5", _MIDDLE, "0.10"),
    _Row("TONUSDT", "0.0001000", ("0.0435000", "2000"), "0.1", ("0.1", "1000000", "80000"), "5", _MIDDLE, "0.10"),
    _Row("ICPUSDT", "0.001", ("0.098", "10000"), "1", ("1", "1000000", "40000"), "5", _MIDDLE, "0.10"),
    _Row("LDOUSDT", "0.000100", ("0.042700", "2000"), "1", ("1", "1000000", "150000"), "5", _SMALL, "0.10"),
    _Row("ALGOUSDT", "0.0001", ("0.0062", "1000"), "0.1", ("0.1", "5000000", "500000"), "5", _SMALL, "0.10"),
    _Row("XTZUSDT", "0.001", ("0.024", "100000"), "0.1", ("0.1", "1000000", "80000"), "5", _SMALL, "0.10"),
)
# fmt: on

SPECS: dict[str, SymbolSpec] = {row.symbol: _spec(row) for row in _TABLE}
"""Symbol -> its filters and brackets, in the order in which the exchange lists them."""

"""Rows of replies against documented and recorded ones, where they are at hand."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.wire_forms import START_MS, feed, form, unordered
from trader_gui.simulated_exchange import wire, wire_market
from trader_gui.simulated_exchange.feed import FundingRow
from trader_gui.simulated_exchange.symbols import SPECS

MESSAGES = Path(__file__).parents[4] / "shared/data/messages/rest"


def replies() -> dict[str, Any]:
    public = feed()
    kline = public.klines.rows("1m", 1)[0]
    funding = FundingRow(START_MS, Decimal("0.00010000"), Decimal("100.0"))
    made = {
        "recent_trades_list": [wire_market.trade_row(public.trades[0])],
        "old_trades_lookup": [wire_market.trade_row(public.trades[0])],
        "compressed_aggregate_trades_list": [wire_market.agg_trade_row(public.agg_trades[0])],
        "mark_price": wire_market.premium_index(public, START_MS),
        "nt_http_futures_market_klines": [wire_market.kline_row(kline)],
        "nt_http_futures_market_mark_price_klines": [wire_market.kline_row(public.mark_klines.rows("1m", 1)[0])],
        "order_book": wire_market.depth_reply(public.book, 5, START_MS),
        "depth-snapshot-BTCUSDT-2023-04-04": wire_market.depth_reply(public.book, 5, START_MS),
        "get_funding_rate_history": [wire_market.funding_row("BTCUSDT", funding)],
        "ticker24hr_price_change_statistics": wire_market.day_ticker(public, START_MS),
        "symbol_price_ticker": wire_market.price_ticker(public, START_MS),
        "symbol_price_ticker_v2": wire_market.price_ticker(public, START_MS),
        "symbol_order_book_ticker": wire_market.book_ticker_row(public, START_MS),
        "open_interest": wire_market.open_interest(public, Decimal(3), START_MS),
        "taker_buy_sell_volume": [wire_market.taker_row(kline)],
        "basis": [wire_market.basis_row("BTCUSDT", Decimal("34414.10"), Decimal("34400.15945055"), START_MS)],
        "exchangeInfo-2021-07-21": wire.exchange_info([SPECS["BTCUSDT"]], START_MS),
    }
    return {name: json.loads(wire.encode(reply)) for name, reply in made.items()}


@pytest.mark.skipif(not MESSAGES.exists(), reason="the shared messages are not here")
@pytest.mark.parametrize("name", replies())
def test_replies_hold_what_documented_and_recorded_ones_hold(name: str) -> None:
    ours, theirs = replies()[name], json.loads((MESSAGES / f"{name}.json").read_text())
    if name.startswith("exchangeInfo"):
        ours, theirs = ours["symbols"][0], theirs["symbols"][0]
        theirs.pop("settlePlan")  # gone since
        ours["underlyingSubType"], ours["filters"] = theirs["underlyingSubType"], theirs["filters"]
    assert (
        unordered(theirs).items() <= unordered(ours).items() if isinstance(ours, dict) else form(theirs) == form(ours)
    )


def test_the_published_basis_comes_out() -> None:
    row = wire_market.basis_row("BTCUSDT", Decimal("34414.10"), Decimal("34400.15945055"), START_MS)
    assert (row["basis"], row["basisRate"]) == ("13.94054945", "0.0004")


def test_the_days_change() -> None:
    ticker = wire_market.day_ticker(feed(), START_MS)
    assert (ticker["priceChange"], ticker["priceChangePercent"]) == ("10.0", "10.000")
    assert Decimal(ticker["weightedAvgPrice"]) == Decimal("102.00000000")
    assert (ticker["volume"], ticker["count"], ticker["lastQty"]) == ("2.500", 4, "0.500")


def test_depth_levels_are_text_pairs() -> None:
    reply = wire_market.depth_reply(feed().book, 5, START_MS)
    assert reply["bids"] == [["99.9", "1.000"]]
    assert reply["asks"] == [["100.1", "2.000"]]
    assert reply["lastUpdateId"] == feed().book.update_id

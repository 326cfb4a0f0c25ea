"""The paper profile's exchange: simulated orders on a mirror of the real market, with the real market's filters."""

import csv
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from trader_gui.domain.market import Kline
from trader_gui.errors import UserError
from trader_gui.exchange.port import MarketReader
from trader_gui.exchange.wire.rules import symbol_entry
from trader_gui.prelim import check_listed
from trader_gui.simulated_exchange.klines_file import COLUMNS, LEAST_ROWS
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.process import ExchangeProcess, start_exchange

HISTORY_INTERVAL = "1m"
HISTORY_ROWS = 1000
MARGIN_ASSET = "USDT"
"""The one asset that the simulated exchange keeps accounts in."""


async def start_paper_exchange(stack: AsyncExitStack, reader: MarketReader, symbol: str) -> ExchangeProcess:
    """Start an exchange that waits for the mirror of `symbol`; `stack` ends it and removes its files.

    Args:
        stack: Of the session.
        reader: The real market.
        symbol: As in exchangeInfo.

    Raises:
        UserError: The symbol is unknown, halted, not margined in USDT, or too young for paper.
        VenueError: The market cannot be asked.
    """
    rules = check_listed(await reader.symbol_rules(), symbol)
    if rules.status != "TRADING":
        raise UserError(f"{symbol} is not trading now (status {rules.status}): choose another symbol")
    if rules.margin_asset != MARGIN_ASSET:
        raise UserError(
            f"{symbol} is margined in {rules.margin_asset}, paper trades {MARGIN_ASSET} only: choose another symbol"
        )
    klines = await reader.klines(symbol, HISTORY_INTERVAL, limit=HISTORY_ROWS + 1)
    history = [kline for kline in klines if kline.is_closed]
    if len(history) < LEAST_ROWS:
        raise UserError(
            f"{symbol} has {len(history)} klines of a minute, paper needs {LEAST_ROWS}: choose a symbol that has been "
            "traded for longer"
        )
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trader-gui-paper-")))
    history_path, rules_path = folder / f"{symbol}-{HISTORY_INTERVAL}.csv", folder / f"{symbol}.json"
    _write_history(history_path, history)
    rules_path.write_bytes(symbol_entry(rules))
    process = await start_exchange(ExchangeOptions(data=history_path, mirror=True, rules=rules_path, symbols=(symbol,)))
    stack.push_async_callback(process.stop)
    return process


def _write_history(path: Path, klines: list[Kline]) -> None:
    """Write klines in the format of the venue's archive."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for k in klines:
            amounts = [f"{value:f}" for value in (k.open, k.high, k.low, k.close, k.volume)]
            more = [f"{k.quote_volume:f}", k.trade_count, f"{k.taker_buy_volume:f}", "", ""]
            writer.writerow([k.open_time_ms, *amounts, k.close_time_ms, *more])

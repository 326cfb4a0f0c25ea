"""exchangeInfo to symbol rules."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from trader_gui.domain.symbol import SymbolRules
from trader_gui.exchange.wire import rules

Payload = Callable[[str, str], bytes]


def test_rules_of_a_symbol(payload: Payload):
    info = rules.exchange_info(payload("rest_answers", "exchange_info"))
    assert info.rules == {
        "BTCUSDT": SymbolRules(
            symbol="BTCUSDT",
            base_asset="BTC",
            quote_asset="USDT",
            margin_asset="USDT",
            status="TRADING",
            tick_size=Decimal("0.10"),
            min_price=Decimal("556.80"),
            max_price=Decimal(4529764),
            step_size=Decimal("0.001"),
            min_quantity=Decimal("0.001"),
            max_quantity=Decimal(1000),
            market_step_size=Decimal("0.001"),
            market_min_quantity=Decimal("0.001"),
            market_max_quantity=Decimal(120),
            min_notional=Decimal(50),
            percent_up=Decimal("1.05"),
            percent_down=Decimal("0.95"),
            max_open_orders=200,
        )
    }


def test_an_entry_is_read_as_the_rules_it_was_made_of(payload: Payload):
    told = rules.exchange_info(payload("rest_answers", "exchange_info")).rules["BTCUSDT"]
    body = b'{"symbols":[' + rules.symbol_entry(told) + b"]}"
    assert rules.exchange_info(body).rules == {"BTCUSDT": told}


def test_limits(payload: Payload):
    info = rules.exchange_info(payload("rest_answers", "exchange_info"))
    told = {(row.kind, row.interval, row.count): row.limit for row in info.rate_limits}
    assert told == {("REQUEST_WEIGHT", "MINUTE", 1): 6000, ("ORDERS", "MINUTE", 1): 1100, ("ORDERS", "SECOND", 10): 300}


def test_without_a_market_lot_the_lot_holds(payload: Payload):
    body = payload("rest_answers", "exchange_info").replace(b"MARKET_LOT_SIZE", b"OTHER_FILTER")
    assert rules.exchange_info(body).rules["BTCUSDT"].market_max_quantity == 1000


def test_recorded_answer_is_read(real_data: Path):
    body = (real_data / "messages" / "rest" / "exchangeInfo-2021-07-21.json").read_bytes()
    info = rules.exchange_info(body)
    assert len(info.rules) == 116
    bitcoin = info.rules["BTCUSDT"]
    assert (str(bitcoin.tick_size), str(bitcoin.step_size), bitcoin.min_notional) == ("0.01", "0.001", 5)

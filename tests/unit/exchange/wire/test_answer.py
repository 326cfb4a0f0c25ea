"""REST bodies to records."""

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from trader_gui.domain.account import Balance, MarginType
from trader_gui.domain.market import FundingRate
from trader_gui.domain.order import Fill, PositionSide, Side
from trader_gui.errors import ProtocolError
from trader_gui.exchange.port import CommissionRate, IncomeRow
from trader_gui.exchange.wire import answer

Payload = Callable[[str, str], bytes]


def test_the_last_kline_is_open_unless_the_end_is_past(payload: Payload):
    body = payload("rest_answers", "klines")
    assert [k.is_closed for k in answer.klines(body, "BTCUSDT", "1m", None)] == [True, True, False]
    assert [k.is_closed for k in answer.klines(body, "BTCUSDT", "1m", 1795305659998)] == [True, True, False]
    assert [k.is_closed for k in answer.klines(body, "BTCUSDT", "1m", 1795305659999)] == [True, True, True]
    assert answer.klines(b"[]", "BTCUSDT", "1m", None) == ()


def test_fundings_with_and_without_what_is_new_in_a_row():
    body = b"""[{"symbol":"BTCUSDT","fundingRate":"-0.03750000","fundingTime":1570608000000,"markPrice":"34287.5"},
        {"symbol":"BTCUSDT","fundingRate":"0.00010000","fundingTime":1570636800000,"rateType":"Special"}]"""
    assert answer.funding_rates(body) == (
        FundingRate(1570608000000, Decimal("-0.0375")),
        FundingRate(1570636800000, Decimal("0.0001")),
    )
    assert answer.funding_rates(b"[]") == ()


def test_last_prices_of_a_day():
    body = b"""[{"symbol":"ETHUSDT","priceChange":"-12.30","priceChangePercent":"-0.410","lastPrice":"2987.70",
        "openTime":1795219200000,"count":9},{"symbol":"BTCUSDT","priceChangePercent":"1.712","lastPrice":"60010.0"}]"""
    told = answer.day_tickers(body)
    assert (told["ETHUSDT"].last_price, told["ETHUSDT"].change_fraction) == (Decimal("2987.70"), Decimal("-0.00410"))
    assert told.keys() == {"ETHUSDT", "BTCUSDT"}
    with pytest.raises(ProtocolError):
        answer.day_tickers(b'[{"symbol":"ETHUSDT"}]')


def test_kline_columns(payload: Payload):
    first = answer.klines(payload("rest_answers", "klines"), "BTCUSDT", "1m", None)[0]
    assert (first.open, first.high, first.low, first.close) == tuple(
        map(Decimal, ("60001.0", "60009.9", "59990.1", "60003.2"))
    )
    assert (first.volume, first.quote_volume, first.taker_buy_volume, first.trade_count) == (
        Decimal("88.101"),
        Decimal("5286000.1"),
        Decimal("40.100"),
        1801,
    )
    assert (first.open_time_ms, first.close_time_ms, first.event_time_ms) == (
        1795305480000,
        1795305539999,
        1795305539999,
    )


def test_depth(payload: Payload):
    snapshot = answer.depth_snapshot(payload("rest_answers", "depth"), "BTCUSDT")
    assert (snapshot.symbol, snapshot.last_update_id, snapshot.asks) == (
        "BTCUSDT",
        9000155,
        ((Decimal("60000.1"), Decimal("3.000")),),
    )


def test_account_and_positions(payload: Payload):
    assert answer.balances(payload("rest_answers", "account")) == (
        Balance("USDT", Decimal(9985), Decimal(9985), Decimal(8960)),
    )
    body = payload("rest_answers", "position_risk")
    (position,) = answer.positions(body)
    assert (position.position_amount, position.isolated_wallet, position.unrealized_pnl) == (
        Decimal(-2),
        Decimal("330.5"),
        Decimal(-20),
    )
    # The venue writes 0 for "there is none", and v3 no longer tells leverage and margin type.
    assert (position.liquidation_price, position.leverage, position.margin_type) == (None, None, None)
    (leg,) = answer.positions(body.replace(b'"BOTH"', b'"SHORT"'))
    assert (position.position_side, leg.position_side) == (PositionSide.BOTH, PositionSide.SHORT)


def test_symbol_config(payload: Payload):
    config = answer.symbol_config(payload("rest_answers", "symbol_config"), "BTCUSDT")
    assert (config.leverage, config.margin_type) == (20, MarginType.CROSSED)
    with pytest.raises(ProtocolError):
        answer.symbol_config(b"[]", "BTCUSDT")


def test_fills(payload: Payload):
    assert answer.fills(payload("rest_answers", "user_trades")) == (
        Fill(
            symbol="BTCUSDT",
            trade_id=300000017,
            order_id=9007199254740993,
            client_order_id="",
            side=Side.BUY,
            price=Decimal(60000),
            quantity=Decimal("0.004"),
            commission=Decimal("0.048"),
            commission_asset="USDT",
            realized_pnl=Decimal(0),
            is_maker=True,
            trade_time_ms=1795305600018,
        ),
    )


def test_assets(payload: Payload):
    (usdt,) = answer.assets(payload("rest_answers", "account"))
    assert usdt.asset == "USDT" and usdt.update_time_ms == 1795305600019
    assert (usdt.wallet_balance, usdt.unrealized_pnl, usdt.margin_balance) == (
        Decimal(9985),
        Decimal(500),
        Decimal(10485),
    )
    assert (usdt.initial_margin, usdt.maintenance_margin) == (Decimal(1525), Decimal(122))


def test_income_and_commission(payload: Payload):
    rows = answer.income(payload("rest_answers", "income"))
    assert rows[1] == IncomeRow(
        "BTCUSDT", "COMMISSION", Decimal("-0.048"), "USDT", 1795305600018, 9689322393, 300000017
    )
    assert rows[0].trade_id is None
    assert answer.commission_rate(payload("rest_answers", "commission_rate")) == CommissionRate(
        "BTCUSDT", Decimal("0.0002"), Decimal("0.0005")
    )


def test_brackets_as_a_list_and_as_an_object(payload: Payload):
    body = payload("rest_answers", "leverage_bracket")
    brackets = answer.leverage_brackets(body, "BTCUSDT")
    assert [(b.notional_floor, b.max_leverage) for b in brackets] == [(Decimal(0), 125), (Decimal(50000), 100)]
    # Numbers of JSON become decimals by their text, never by way of a float.
    assert str(brackets[0].maintenance_margin_fraction) == "0.004"
    assert answer.leverage_brackets(body[1:-1], "BTCUSDT") == brackets
    with pytest.raises(ProtocolError):
        answer.leverage_brackets(body, "ETHUSDT")


def test_small_answers(payload: Payload):
    assert answer.server_time_ms(payload("rest_answers", "server_time")) == 1795305600000
    assert answer.is_hedge_mode(payload("rest_answers", "hedge_mode")) is True
    assert answer.listen_key(payload("rest_answers", "listen_key")) == "Lk7exampleNotReal"
    assert answer.listen_key(b"{}") == ""


@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", b'{"serverTime":"soon"}', b'{"serverTime":1.5}', b"[]", b"\xff"]
)
def test_a_body_that_cannot_be_read_is_named_but_not_shown(body: bytes):
    with pytest.raises(ProtocolError, match=r"^time: ") as raised:
        answer.server_time_ms(body)
    assert "no</html>" not in str(raised.value)


def test_a_number_that_is_none_is_refused(payload: Payload):
    with pytest.raises(ProtocolError):
        answer.balances(payload("rest_answers", "account").replace(b'"9985.00000000"', b'"NaN"'))


def test_error_bodies():
    assert answer.error(b'{"code":-1121,"msg":"Invalid symbol."}') == (-1121, "Invalid symbol.")
    assert answer.error(b'{"code":"-1021","msg":"late"}') == (-1021, "late")
    for body in (b"<html></html>", b"", b'{"msg":"no code"}', b'{"code":"odd"}'):
        assert answer.error(body) is None


def test_recorded_answers_are_read(real_data: Path):
    rest = real_data / "messages" / "rest"
    depth = answer.depth_snapshot((rest / "depth-snapshot-BTCUSDT-2023-04-04.json").read_bytes(), "BTCUSDT")
    assert (len(depth.bids), len(depth.asks)) == (1000, 1000)
    assert depth.bids[0][0] < depth.asks[0][0]
    for name in ("nt_http_futures_market_klines", "bn_ExchangeData_GetKlines"):
        assert answer.klines((rest / f"{name}.json").read_bytes(), "BTCUSDT", "1m", None)
    for name in ("account_trade_list", "nt_http_futures_account_trades", "bn_Trading_GetUserTrades"):
        assert answer.fills((rest / f"{name}.json").read_bytes())
    for name in ("position_information_v2", "nt_position_risk", "nt_http_futures_account_positions_one_way"):
        for position in answer.positions((rest / f"{name}.json").read_bytes()):
            assert position.symbol
    assert answer.commission_rate((rest / "nt_http_futures_wallet_commission_rate_btcusdt.json").read_bytes())
    assert answer.is_hedge_mode((rest / "nt_http_futures_account_position_side_dual.json").read_bytes())
    assert len(answer.balances((rest / "til_account_v2-testnet-2023-01-12.json").read_bytes())) == 9


def test_recorded_brackets_add_up(real_data: Path):
    """The maintenance amount of each bracket follows from the one below: the columns are where we think they are."""
    rows = json.loads(gzip.decompress((real_data / "brackets" / "usdm-leverage-brackets-2025-07.json.gz").read_bytes()))
    body = json.dumps(rows).encode()
    brackets = answer.leverage_brackets(body, "BTCUSDT")
    assert len(brackets) > 5
    for below, above in pairwise(brackets):
        step = above.maintenance_margin_fraction - below.maintenance_margin_fraction
        assert above.maintenance_amount == below.maintenance_amount + above.notional_floor * step

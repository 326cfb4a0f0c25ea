"""Bodies of REST answers to domain records. Every function raises `ProtocolError` on a body that it cannot read.

Source: the venue's REST pages, as of 2026-11. Amounts that the documents show as texts are read as numbers too.
"""

from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import field

from trader_gui.domain.account import Balance, MarginType, Position
from trader_gui.domain.market import DayTicker, DepthSnapshot, FundingRate, Kline, Level
from trader_gui.domain.order import Fill, PositionSide, Side
from trader_gui.errors import ProtocolError
from trader_gui.exchange.port import AssetRow, CommissionRate, IncomeRow, LeverageBracket
from trader_gui.exchange.wire import words

T = TypeVar("T")


class Body(Generic[T]):
    """Reader of one kind of body; the error names the kind and the field, never the body."""

    def __init__(self, kind: str, shape: Any) -> None:
        self._kind = kind
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)

    def read(self, body: bytes) -> T:
        """Return the typed body, or raise `ProtocolError`."""
        if b'"NaN"' in body or b'Infinity"' in body:
            raise ProtocolError(f"{self._kind}: not a finite number")
        try:
            return self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProtocolError(f"{self._kind}: {error}") from None


class _ServerTime(msgspec.Struct):
    server_time_ms: int = field(name="serverTime")


class _ListenKey(msgspec.Struct):
    listen_key: str = field(name="listenKey", default="")


class _HedgeMode(msgspec.Struct):
    is_hedge: bool = field(name="dualSidePosition")


class _Depth(msgspec.Struct):
    last_update_id: int = field(name="lastUpdateId")
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class _KlineRow(msgspec.Struct, array_like=True):
    open_time_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    close_time_ms: int
    quote_volume: Decimal
    trade_count: int
    taker_buy_volume: Decimal


class _FundingRow(msgspec.Struct):
    funding_time_ms: int = field(name="fundingTime")
    funding_rate: Decimal = field(name="fundingRate")


class _AssetRow(msgspec.Struct):
    asset: str
    wallet_balance: Decimal = field(name="walletBalance")
    cross_wallet_balance: Decimal = field(name="crossWalletBalance")
    available_balance: Decimal = field(name="availableBalance")
    unrealized_pnl: str | None = field(name="unrealizedProfit", default=None)
    margin_balance: str | None = field(name="marginBalance", default=None)
    initial_margin: str | None = field(name="initialMargin", default=None)
    maintenance_margin: str | None = field(name="maintMargin", default=None)
    update_time_ms: int = field(name="updateTime", default=0)


class _Account(msgspec.Struct):
    assets: tuple[_AssetRow, ...]


class _PositionRow(msgspec.Struct):
    symbol: str
    position_amount: Decimal = field(name="positionAmt")
    entry_price: Decimal = field(name="entryPrice")
    unrealized_pnl: Decimal = field(name="unRealizedProfit")
    break_even_price: str | None = field(name="breakEvenPrice", default=None)
    liquidation_price: str | None = field(name="liquidationPrice", default=None)
    mark_price: str | None = field(name="markPrice", default=None)
    isolated_wallet: str | None = field(name="isolatedWallet", default=None)
    leverage: str | None = None
    margin_type: str | None = field(name="marginType", default=None)
    position_side: PositionSide = field(name="positionSide", default=PositionSide.BOTH)
    update_time_ms: int = field(name="updateTime", default=0)


class _DayTicker(msgspec.Struct):
    symbol: str
    last_price: Decimal = field(name="lastPrice")
    change_percent: Decimal = field(name="priceChangePercent")


class SymbolConfig(msgspec.Struct):
    """Leverage and margin type of one symbol; v3 positions no longer tell them."""

    symbol: str
    leverage: int
    margin_word: str = field(name="marginType")

    @property
    def margin_type(self) -> MarginType | None:
        """The margin type, None when the word is not known."""
        return words.margin_type(self.margin_word)


class _TradeRow(msgspec.Struct):
    symbol: str
    side: Side
    price: Decimal
    commission: Decimal
    trade_id: int = field(name="id")
    order_id: int = field(name="orderId")
    quantity: Decimal = field(name="qty")
    commission_asset: str = field(name="commissionAsset")
    realized_pnl: Decimal = field(name="realizedPnl")
    is_maker: bool = field(name="maker")
    trade_time_ms: int = field(name="time")
    position_side: PositionSide = field(name="positionSide", default=PositionSide.BOTH)


class _IncomeRow(msgspec.Struct):
    income: Decimal
    asset: str
    time_ms: int = field(name="time")
    transaction_id: int = field(name="tranId")
    income_type: str = field(name="incomeType")
    trade_id: str | int | None = field(name="tradeId", default=None)
    symbol: str | None = None


class _Commission(msgspec.Struct):
    symbol: str
    maker: Decimal = field(name="makerCommissionRate")
    taker: Decimal = field(name="takerCommissionRate")


class _BracketRow(msgspec.Struct):
    max_leverage: Decimal = field(name="initialLeverage")
    notional_cap: Decimal = field(name="notionalCap")
    notional_floor: Decimal = field(name="notionalFloor")
    maintenance_fraction: Decimal = field(name="maintMarginRatio")
    maintenance_amount: Decimal = field(name="cum")


class _SymbolBrackets(msgspec.Struct):
    symbol: str
    brackets: tuple[_BracketRow, ...]


class _ErrorBody(msgspec.Struct):
    code: int | str
    message: str = field(name="msg", default="")


_server_time: Body[_ServerTime] = Body("time", _ServerTime)
_listen_key: Body[_ListenKey] = Body("listenKey", _ListenKey)
_hedge_mode: Body[_HedgeMode] = Body("positionSide/dual", _HedgeMode)
_depth: Body[_Depth] = Body("depth", _Depth)
_klines: Body[tuple[_KlineRow, ...]] = Body("klines", tuple[_KlineRow, ...])
_funding_rates: Body[tuple[_FundingRow, ...]] = Body("fundingRate", tuple[_FundingRow, ...])
_tickers: Body[tuple[_DayTicker, ...]] = Body("ticker/24hr", tuple[_DayTicker, ...])
_account: Body[_Account] = Body("account", _Account)
_positions: Body[tuple[_PositionRow, ...]] = Body("positionRisk", tuple[_PositionRow, ...])
_symbol_config: Body[tuple[SymbolConfig, ...]] = Body("symbolConfig", tuple[SymbolConfig, ...])
_trades: Body[tuple[_TradeRow, ...]] = Body("userTrades", tuple[_TradeRow, ...])
_income: Body[tuple[_IncomeRow, ...]] = Body("income", tuple[_IncomeRow, ...])
_commission: Body[_Commission] = Body("commissionRate", _Commission)
_brackets: Body[tuple[_SymbolBrackets, ...] | _SymbolBrackets] = Body(
    "leverageBracket", tuple[_SymbolBrackets, ...] | _SymbolBrackets
)
_error: Body[_ErrorBody] = Body("error", _ErrorBody)


def server_time_ms(body: bytes) -> int:
    """`GET /fapi/v1/time`."""
    return _server_time.read(body).server_time_ms


def listen_key(body: bytes) -> str:
    """`POST` and `PUT /fapi/v1/listenKey`; "" from venues that answer `{}` to a renewal."""
    return _listen_key.read(body).listen_key


def is_hedge_mode(body: bytes) -> bool:
    """`GET /fapi/v1/positionSide/dual`."""
    return _hedge_mode.read(body).is_hedge


def depth_snapshot(body: bytes, symbol: str) -> DepthSnapshot:
    """`GET /fapi/v1/depth`."""
    depth = _depth.read(body)
    return DepthSnapshot(symbol, depth.last_update_id, depth.bids, depth.asks)


def klines(body: bytes, symbol: str, interval: str, end_time_ms: int | None) -> tuple[Kline, ...]:
    """`GET /fapi/v1/klines`: oldest first.

    The last row is taken for still open, as the venue documents it, unless `end_time_ms` lies at or past its end: no
    clock of this machine decides it, since a simulated market has a time of its own. At worst a kline that has just
    closed comes as open, and is had closed from the stream or the next request.

    Args:
        body: The answer.
        symbol: As asked for.
        interval: As asked for.
        end_time_ms: As asked for; a time that the market has passed already.
    """
    rows = _klines.read(body)
    last = len(rows) - 1
    return tuple(
        Kline(
            symbol=symbol,
            interval=interval,
            open_time_ms=row.open_time_ms,
            close_time_ms=row.close_time_ms,
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            quote_volume=row.quote_volume,
            taker_buy_volume=row.taker_buy_volume,
            trade_count=row.trade_count,
            is_closed=i < last or (end_time_ms is not None and row.close_time_ms <= end_time_ms),
            event_time_ms=row.close_time_ms,
        )
        for i, row in enumerate(rows)
    )


def funding_rates(body: bytes) -> tuple[FundingRate, ...]:
    """`GET /fapi/v1/fundingRate`: oldest first."""
    return tuple(FundingRate(row.funding_time_ms, row.funding_rate) for row in _funding_rates.read(body))


def day_tickers(body: bytes) -> dict[str, DayTicker]:
    """`GET /fapi/v1/ticker/24hr` of all symbols; the venue tells the change in percent."""
    return {row.symbol: DayTicker(row.symbol, row.last_price, row.change_percent / 100) for row in _tickers.read(body)}


def balances(body: bytes) -> tuple[Balance, ...]:
    """`GET /fapi/v3/account`."""
    return tuple(
        Balance(a.asset, a.wallet_balance, a.cross_wallet_balance, a.available_balance)
        for a in _account.read(body).assets
    )


def assets(body: bytes) -> tuple[AssetRow, ...]:
    """`GET /fapi/v3/account`, the assets with their margins."""
    return tuple(
        AssetRow(
            asset=row.asset,
            wallet_balance=row.wallet_balance,
            cross_wallet_balance=row.cross_wallet_balance,
            available_balance=row.available_balance,
            unrealized_pnl=words.number(row.unrealized_pnl),
            margin_balance=words.number(row.margin_balance),
            initial_margin=words.number(row.initial_margin),
            maintenance_margin=words.number(row.maintenance_margin),
            update_time_ms=row.update_time_ms,
        )
        for row in _account.read(body).assets
    )


def positions(body: bytes) -> tuple[Position, ...]:
    """`GET /fapi/v3/positionRisk` (v2 rows are read too); in hedge mode one row a leg."""
    return tuple(_position(row) for row in _positions.read(body))


def _position(row: _PositionRow) -> Position:
    liquidation_price = words.number(row.liquidation_price)
    return Position(
        symbol=row.symbol,
        position_amount=row.position_amount,
        entry_price=row.entry_price,
        unrealized_pnl=row.unrealized_pnl,
        break_even_price=words.number(row.break_even_price) or None,
        liquidation_price=liquidation_price if liquidation_price > 0 else None,
        isolated_wallet=words.number(row.isolated_wallet),
        leverage=int(words.number(row.leverage)) or None,
        margin_type=words.margin_type(row.margin_type),
        update_time_ms=row.update_time_ms,
        position_side=row.position_side,
        mark_price=words.number(row.mark_price) or None,
    )


def symbol_config(body: bytes, symbol: str) -> SymbolConfig:
    """`GET /fapi/v1/symbolConfig`: the row of `symbol`."""
    for row in _symbol_config.read(body):
        if row.symbol == symbol:
            return row
    raise ProtocolError(f"symbolConfig: no row of {symbol}")


def fills(body: bytes) -> tuple[Fill, ...]:
    """`GET /fapi/v1/userTrades`; the client order id is "" there, the venue does not tell it."""
    return tuple(
        Fill(
            symbol=row.symbol,
            trade_id=row.trade_id,
            order_id=row.order_id,
            client_order_id="",
            side=row.side,
            price=row.price,
            quantity=row.quantity,
            commission=row.commission,
            commission_asset=row.commission_asset,
            realized_pnl=row.realized_pnl,
            is_maker=row.is_maker,
            trade_time_ms=row.trade_time_ms,
            position_side=row.position_side,
        )
        for row in _trades.read(body)
    )


def income(body: bytes) -> tuple[IncomeRow, ...]:
    """`GET /fapi/v1/income`."""
    return tuple(
        IncomeRow(
            symbol=row.symbol or "",
            income_type=row.income_type,
            income=row.income,
            asset=row.asset,
            time_ms=row.time_ms,
            transaction_id=row.transaction_id,
            trade_id=int(row.trade_id or 0) if str(row.trade_id or "").isdecimal() else None,
        )
        for row in _income.read(body)
    )


def commission_rate(body: bytes) -> CommissionRate:
    """`GET /fapi/v1/commissionRate`."""
    row = _commission.read(body)
    return CommissionRate(row.symbol, row.maker, row.taker)


def leverage_brackets(body: bytes, symbol: str) -> tuple[LeverageBracket, ...]:
    """`GET /fapi/v1/leverageBracket`, lowest notional first; a list and a bare object are both documented."""
    answer = _brackets.read(body)
    for of_symbol in (answer,) if isinstance(answer, _SymbolBrackets) else answer:
        if of_symbol.symbol == symbol:
            rows = sorted(of_symbol.brackets, key=lambda row: row.notional_floor)
            return tuple(
                LeverageBracket(
                    row.notional_floor,
                    row.notional_cap,
                    row.maintenance_fraction,
                    row.maintenance_amount,
                    int(row.max_leverage),
                )
                for row in rows
            )
    raise ProtocolError(f"leverageBracket: no row of {symbol}")


def error(body: bytes) -> tuple[int, str] | None:
    """Return code and text of an error body; None when it is none (HTML, say)."""
    try:
        found = _error.read(body)
        return int(found.code), found.message
    except (ProtocolError, ValueError):
        return None

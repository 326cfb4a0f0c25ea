"""PositionsModel: open positions with what protects them, who opened them and what they would bring now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QObject

from trader_gui.callback import Callback
from trader_gui.callback.quotes import mark_of
from trader_gui.decision.ownership import Opening, opening_of
from trader_gui.domain.account import MarginType, Position, PositionKey
from trader_gui.domain.order import Fill, Order, OrderType, Origin, PositionSide
from trader_gui.domain.step import Route
from trader_gui.domain.symbol import decimals_of
from trader_gui.models.position_figures import (
    MarginFigures,
    PositionResult,
    funding_since,
    margin_facts,
    margin_figures,
    position_result,
)
from trader_gui.models.session import unrealized_pnl
from trader_gui.models.table import Column, KeyedTableModel
from trader_gui.models.ticket_money import terms_of
from trader_gui.models.trader_view import StatusView
from trader_gui.orders.reconcile import position_key
from trader_gui.risk.cover import is_covered, live_stops
from trader_gui.rt_trader.provenance import Told


@dataclass(frozen=True)
class PositionRow:
    """One open position as shown. Prices in quote, `quantity` > 0 in base asset; None is unknown.

    Attributes:
        leg: BOTH in one-way mode; in hedge mode the leg, which is the side, too.
        is_long: Side.
        margin: Quote asset bound by it.
        margin_type, leverage: Of the symbol; None while not told.
        r_multiple: Result over what the nearest stop would lose from the entry.
        stop: The live stop that is met first; None when there is none.
        is_protected: The live stops close the whole position.
        result: What it has brought since it was opened.
        safety: How far it is from liquidation; its liquidation price is the row's.
        origin: Who opened it; None when its opening is older than the known fills.
        price_decimals, quantity_decimals: Of the symbol's filters.
        told: Where the size comes from, None when nothing was told.
        is_in_doubt: The stream that would tell of changes is not believed now.
    """

    symbol: str
    leg: PositionSide
    is_long: bool
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal | None
    break_even_price: Decimal | None
    liquidation_price: Decimal | None
    margin: Decimal | None
    unrealized_pnl: Decimal
    r_multiple: float | None
    stop: Order | None
    is_protected: bool
    origin: Origin | None
    price_decimals: int
    quantity_decimals: int
    margin_type: MarginType | None
    leverage: int | None
    result: PositionResult
    safety: MarginFigures
    told: Told | None = None
    is_in_doubt: bool = False

    @property
    def key(self) -> PositionKey:
        """Which position this is."""
        return self.symbol, self.leg


COLUMNS: tuple[Column[PositionRow], ...] = (
    Column("symbol", "Symbol", lambda r: r.symbol),
    Column("side", "Side", lambda r: "Long" if r.is_long else "Short"),
    Column("quantity", "Size", lambda r: r.quantity, is_number=True),
    Column("entry", "Entry", lambda r: r.entry_price, is_number=True),
    Column("mark", "Mark", lambda r: r.mark_price, is_number=True),
    Column("break_even", "Break-even", lambda r: r.break_even_price, is_number=True),
    Column("liquidation", "Liq. price", lambda r: r.liquidation_price, is_number=True),
    Column("distance", "To liq. %", lambda r: _percent(r.safety.distance_fraction), is_number=True),
    Column("ratio", "Margin ratio", lambda r: _percent(r.safety.ratio_fraction), is_number=True),
    Column("terms", "Margin type", lambda r: f"{r.margin_type or ''} {r.leverage or ''}".strip()),
    Column("margin", "Margin", lambda r: r.margin, is_number=True),
    Column("unrealized", "Unrealised", lambda r: r.unrealized_pnl, is_number=True),
    Column("roe", "ROE", lambda r: _percent(r.safety.roe_fraction), is_number=True),
    Column("net", "Net PnL", lambda r: r.result.net, is_number=True),
    Column("r", "R", lambda r: r.r_multiple, is_number=True),
    Column("protected_by", "Protected by", lambda r: r.stop.trigger_price or None if r.stop else None),
    Column("opened_by", "Opened by", lambda r: r.origin.value if r.origin else None),
    Column("close", "", lambda r: "Close"),
)


def _percent(fraction: Decimal | None) -> Decimal | None:
    """Return a fraction in percent, to two decimals, as it is sorted, copied and exported."""
    return None if fraction is None else round(fraction * 100, 2)


class PositionsModel(KeyedTableModel[PositionRow]):
    """Open positions by symbol and leg; also kept up to date while hidden, because its count stands in the tab.

    Attributes:
        now_ns: Monotonic time of the last refresh; ages are counted up to it.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.now_ns = 0
        self._known: dict[PositionKey, tuple[tuple[int, Decimal], tuple[Origin | None, Opening | None]]] = {}

    def refresh(self, callback: Callback, status: StatusView, now_ns: int) -> None:
        """Bring the rows up to date."""
        self.now_ns = now_ns
        orders = callback.orders.open_orders()
        held = [p for p in callback.account.positions.values() if p.position_amount]
        self.set_rows([(p.key, self._row(p, orders, callback, status)) for p in held])

    def _row(self, position: Position, orders: Sequence[Order], callback: Callback, status: StatusView) -> PositionRow:
        mark_price = mark_of(callback, position.symbol)
        stops = live_stops(position, orders)
        stop = _nearest(stops, position)
        pnl = unrealized_pnl(position, mark_price)
        rules = callback.symbol_rules.of(position.symbol)
        origin, opening = self._history(position, callback)
        _, brackets = terms_of(callback, status, position.symbol)
        safety = margin_figures(position, margin_facts(position, callback, mark_price, brackets))
        funding = funding_since(opening, position, callback, status.funding)
        return PositionRow(
            symbol=position.symbol,
            leg=position.position_side,
            is_long=position.position_amount > 0,
            quantity=abs(position.position_amount),
            entry_price=position.entry_price,
            mark_price=mark_price,
            break_even_price=position.break_even_price,
            liquidation_price=safety.liquidation_price,
            margin=_margin(position, mark_price),
            unrealized_pnl=pnl,
            r_multiple=_r_multiple(position, stop, pnl),
            stop=stop,
            is_protected=is_covered(position, stops),
            origin=origin,
            price_decimals=decimals_of(position.entry_price) if rules.is_unknown else rules.price_decimals,
            quantity_decimals=decimals_of(position.position_amount) if rules.is_unknown else rules.quantity_decimals,
            margin_type=position.margin_type,
            leverage=position.leverage,
            result=position_result(opening, pnl, rules.quote_asset, funding),
            safety=safety,
            told=status.reconciliation.told.get(position_key(position.symbol, position.position_side)),
            is_in_doubt=not status.routes[Route.PRIVATE].is_fresh,
        )

    def _history(self, position: Position, callback: Callback) -> tuple[Origin | None, Opening | None]:
        """Return who opened a position and how, worked out again only when orders or size changed."""
        key = (callback.orders.revision, position.position_amount)
        known = self._known.get(position.key)
        if known is None or known[0] != key:
            opening = opening_of(position.key, position.position_amount, callback.orders.fills)
            known = self._known[position.key] = (key, (opened_by(position, callback), opening))
        return known[1]


def _nearest(stops: Iterable[Order], position: Position) -> Order | None:
    """Return the stop that the price meets first: the highest under a long, the lowest over a short.

    Where a trailing stop lies the venue does not tell: it stands back behind the others.
    """
    sign = 1 if position.position_amount > 0 else -1
    return max(
        stops, key=lambda o: (o.order_type is not OrderType.TRAILING_STOP_MARKET, sign * o.trigger_price), default=None
    )


def _margin(position: Position, mark_price: Decimal | None) -> Decimal | None:
    if position.margin_type is MarginType.ISOLATED:
        return position.isolated_wallet
    if not position.leverage:
        return None
    return abs(position.position_amount) * (mark_price or position.entry_price) / position.leverage


def _r_multiple(position: Position, stop: Order | None, pnl: Decimal) -> float | None:
    if stop is None or stop.order_type is OrderType.TRAILING_STOP_MARKET:
        return None
    risk = position.position_amount * (position.entry_price - stop.trigger_price)
    return float(pnl / risk) if risk > 0 else None


def opened_by(position: Position, callback: Callback) -> Origin | None:
    """Tell whose fills made a position: the last one's that enlarged it, if the fills reach back to flat.

    Returns:
        None when the known fills do not explain the position.
    """
    remaining = position.position_amount
    opener: Fill | None = None
    for fill in reversed(callback.orders.fills):
        if (fill.symbol, fill.position_side) != position.key:
            continue
        change = fill.quantity * fill.side.sign
        if opener is None and change * position.position_amount > 0:
            opener = fill
        remaining -= change
        if remaining * position.position_amount <= 0:
            return callback.orders.origin_of(opener.client_order_id)[0] if opener else None
    return None

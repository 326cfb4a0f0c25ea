"""What a position has brought since it was opened, and how far it is from liquidation (no Qt).

Linear contracts, single-asset margin. Formulas: the venue's articles on liquidation price, margin ratio and ROE, read
2026-11-22. All is `Decimal`; prices are quote per base, money quote asset.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from trader_gui.callback import Callback
from trader_gui.decision.ownership import Opening
from trader_gui.domain.account import MarginType, Position
from trader_gui.domain.order import PositionSide
from trader_gui.exchange.port import LeverageBracket
from trader_gui.models.ticket_math import bracket_of, liquidation_price
from trader_gui.models.trader_view import FundingView

_ZERO = Decimal(0)


class PositionResult(msgspec.Struct, frozen=True):
    """What a position has brought since it was opened, quote asset; None is unknown.

    Attributes:
        gross: Realised by parts that were closed, and unrealised.
        fees: Paid, >= 0, for all executions since.
        funding: Received, negative is paid.
    """

    gross: Decimal | None = None
    fees: Decimal | None = None
    funding: Decimal | None = None

    @property
    def net(self) -> Decimal | None:
        """All three together."""
        if self.gross is None or self.fees is None or self.funding is None:
            return None
        return self.gross - self.fees + self.funding


class MarginFigures(msgspec.Struct, frozen=True):
    """How safe a position is; None is unknown.

    Attributes:
        roe_fraction: Unrealised PnL over the initial margin.
        ratio_fraction: Maintenance margin over the margin balance; at 1 it is liquidated. Of a cross position, of all
            cross positions together.
        liquidation_price: 0 when no price liquidates.
        distance_fraction: From the mark price to there.
    """

    roe_fraction: Decimal | None = None
    ratio_fraction: Decimal | None = None
    liquidation_price: Decimal | None = None
    distance_fraction: Decimal | None = None


class MarginFacts(msgspec.Struct, frozen=True):
    """What the margin of a position depends on beside itself.

    Attributes:
        mark_price: Of its symbol; None while unknown.
        brackets: Of its symbol, by rising notional; () while unknown.
        cross_wallet_balance: Margin asset; None while unknown.
        cross_legs: All cross positions of the symbol, the position itself included.
        is_alone: No cross position of another symbol shares the wallet, so that all of it can be worked out.
    """

    mark_price: Decimal | None
    brackets: Sequence[LeverageBracket]
    cross_wallet_balance: Decimal | None
    cross_legs: tuple[Position, ...]
    is_alone: bool


def margin_facts(
    position: Position, callback: Callback, mark_price: Decimal | None, brackets: Sequence[LeverageBracket]
) -> MarginFacts:
    """Return what the session knows of a position's surroundings; `mark_price` and `brackets` are of its symbol."""
    account = callback.account
    held = [p for p in account.positions.values() if p.margin_type is not MarginType.ISOLATED]
    balance = account.balances.get(callback.symbol_rules.of(position.symbol).margin_asset)
    return MarginFacts(
        mark_price=mark_price,
        brackets=brackets,
        cross_wallet_balance=balance.cross_wallet_balance if balance is not None else None,
        cross_legs=tuple(p for p in held if p.symbol == position.symbol),
        is_alone=all(p.symbol == position.symbol for p in held),
    )


# ---- result ----------------------------------------------------------------------------------------------------------


def position_result(
    opening: Opening | None, unrealized: Decimal, quote_asset: str, funding: Decimal | None
) -> PositionResult:
    """Return what a position has brought.

    Args:
        opening: How it came to be; None when that is older than what is known.
        unrealized: Of what is open, before fees.
        quote_asset: What PnL is counted in; fees in another asset cannot be added to it.
        funding: See `funding_since`.
    """
    if opening is None:
        return PositionResult()
    foreign = any(paid for asset, paid in opening.commissions.items() if asset != quote_asset)
    fees = None if foreign else sum(opening.commissions.values(), _ZERO)
    return PositionResult(opening.realized_pnl + unrealized, fees, funding)


def funding_since(
    opening: Opening | None, position: Position, callback: Callback, known: FundingView
) -> Decimal | None:
    """Return what funding has brought a position since it was opened; None while that is not known for certain.

    The venue lists funding by symbol. While the other leg of hedge mode was held as well, nobody can tell whose it was.
    """
    if opening is None or not known.is_whole or known.since_ms is None or known.since_ms > opening.since_ms:
        return None
    rows = [r for r in known.rows if r.symbol == position.symbol and r.time_ms > opening.since_ms]
    if any(row.asset != callback.symbol_rules.of(position.symbol).quote_asset for row in rows):
        return None
    if rows and position.position_side is not PositionSide.BOTH and _other_leg_was_held(opening, position, callback):
        return None
    return sum((row.income for row in rows), _ZERO)


def _other_leg_was_held(opening: Opening, position: Position, callback: Callback) -> bool:
    legs = callback.account.legs(position.symbol)
    if any(leg.position_side is not position.position_side for leg in legs):
        return True
    fills = (f for f in callback.orders.fills if f.symbol == position.symbol and f.trade_time_ms >= opening.since_ms)
    return any(fill.position_side is not position.position_side for fill in fills)


# ---- margin ----------------------------------------------------------------------------------------------------------


def margin_figures(position: Position, facts: MarginFacts) -> MarginFigures:
    """Return how safe a position is by what is known now; the venue's own liquidation price goes before ours."""
    mark = facts.mark_price
    liquidation = position.liquidation_price
    if liquidation is None:
        liquidation = _liquidation(position, facts)
    if mark is None:
        return MarginFigures(liquidation_price=liquidation)
    initial = abs(position.position_amount) * mark / position.leverage if position.leverage else None
    return MarginFigures(
        roe_fraction=_unrealized(position, mark) / initial if initial else None,
        ratio_fraction=_ratio(position, facts, mark),
        liquidation_price=liquidation,
        distance_fraction=liquidation / mark - 1 if liquidation else None,
    )


def maintenance_margin(amount: Decimal, mark_price: Decimal, brackets: Sequence[LeverageBracket]) -> Decimal:
    """Return the maintenance margin of a position: notional · rate − amount of its bracket."""
    notional = abs(amount) * mark_price
    bracket = bracket_of(notional, brackets)
    return notional * bracket.maintenance_margin_fraction - bracket.maintenance_amount


def _ratio(position: Position, facts: MarginFacts, mark: Decimal) -> Decimal | None:
    if not facts.brackets or position.margin_type is None:
        return None
    legs: tuple[Position, ...]
    if position.margin_type is MarginType.ISOLATED:
        legs, wallet = (position,), position.isolated_wallet
    elif facts.is_alone and facts.cross_wallet_balance is not None:
        legs, wallet = facts.cross_legs, facts.cross_wallet_balance
    else:
        return None
    balance = wallet + sum((_unrealized(leg, mark) for leg in legs), _ZERO)
    maintenance = sum((maintenance_margin(leg.position_amount, mark, facts.brackets) for leg in legs), _ZERO)
    return maintenance / balance if balance > 0 else None


def _liquidation(position: Position, facts: MarginFacts) -> Decimal | None:
    """Work out what an event of the stream does not tell."""
    held: tuple[Position, ...]
    if position.margin_type is MarginType.ISOLATED:
        held, wallet = (position,), position.isolated_wallet
    elif position.margin_type is MarginType.CROSSED and facts.is_alone and facts.cross_wallet_balance is not None:
        others = tuple(leg for leg in facts.cross_legs if leg.key != position.key)
        held, wallet = (position, *others), facts.cross_wallet_balance
    else:
        return None
    return liquidation_price([(leg.position_amount, leg.entry_price) for leg in held], wallet, facts.brackets)


def _unrealized(position: Position, mark_price: Decimal) -> Decimal:
    return position.position_amount * (mark_price - position.entry_price)

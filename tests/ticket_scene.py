"""What the tests of the order ticket share: a symbol's rules, facts of a calm market, a few positions."""

from decimal import Decimal
from typing import Any

from trader_gui.domain.account import MarginType, Position
from trader_gui.domain.order import PositionSide
from trader_gui.domain.symbol import SymbolRules
from trader_gui.exchange.port import LeverageBracket
from trader_gui.models.ticket_records import TicketDraft, TicketFacts

D = Decimal

RULES = SymbolRules(
    symbol="BTCUSDT", base_asset="BTC", quote_asset="USDT", margin_asset="USDT", status="TRADING",
    tick_size=D("0.10"), min_price=D("261.1"), max_price=D("809484"),
    step_size=D("0.001"), min_quantity=D("0.001"), max_quantity=D("1000"),
    market_step_size=D("0.001"), market_min_quantity=D("0.001"), market_max_quantity=D("0.8"),
    min_notional=D("50"), percent_up=D("1.05"), percent_down=D("0.95"), max_open_orders=200,
)  # fmt: skip
FACTS = TicketFacts(
    rules=RULES, best_bid=D("108451.1"), best_ask=D("108451.2"), last_price=D("108451.2"), mark_price=D("108449.8"),
    is_account_known=True, available_balance=D("9875.83"), equity=D("9985.02"), cross_wallet_balance=D("9985.02"),
    other_cross_pnl=D(0), leverage=10, margin_type=MarginType.CROSSED, maker_fraction=D("0.0002"),
    taker_fraction=D("0.0005"), feed_is_live=True, is_running=True, now_ms=1_751_831_863_000,
    brackets=(
        LeverageBracket(D(0), D(50000), D("0.004"), D(0), 125),
        LeverageBracket(D(50000), D(600000), D("0.005"), D(50), 8),
    ),
)  # fmt: skip
LIMIT = TicketDraft(price_text="108,451.1", size_text="0.020")


def held(amount: str, entry: str = "108367.6", leg: PositionSide = PositionSide.BOTH, **more: Any) -> Position:
    """Return a position of the symbol."""
    return Position("BTCUSDT", D(amount), D(entry), D(0), position_side=leg, **more)


LONG = held("0.010")

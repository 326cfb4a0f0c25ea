"""What the session bar and the status bar say: a session's state in words, icons and tones."""

from trader_gui.domain.step import EngineMode
from trader_gui.domain.symbol import SymbolRules
from trader_gui.models.protection import ProtectionKind
from trader_gui.models.session import SessionModel
from trader_gui.models.session_state import FeedKind, MoneyState, SessionState
from trader_gui.widgets import format as fmt
from trader_gui.widgets.cell_view import CellView
from trader_gui.widgets.stream_words import user_stream_trouble

LAST_MINUTE_S = 60
_HOUR_MS = 3_600_000

PROFILE_TITLES = {"demo": "DEMO", "replay": "REPLAY", "paper": "PAPER", "testnet": "TESTNET", "live": "LIVE"}
PROFILE_NOTES = {
    "demo": "generated market, simulated exchange, no money at risk",
    "replay": "recorded market, simulated exchange, no money at risk",
    "paper": "live market, simulated exchange, no money at risk",
    "testnet": "the exchange's test network, no money at risk",
    "live": "the real exchange: real money",
}
_HALT_WORDS = {
    "bug": "program error",
    "stale_feed": "feed stale",
    "queue_overflow": "too many messages",
    "woke_up": "computer slept",
    "clock_jumped": "clock was set",
    "unexplained_difference": "account differs",
    "second_program": "second program",
}
_NOT_TRIPPED = frozenset({"", "by_user", "expired", "stopping", "at_start"})


def halt_words(reason: str) -> str:
    """Return a halt reason's code in a few words."""
    return _HALT_WORDS.get(reason, reason.replace("_", " "))


def is_tripped(state: SessionState) -> bool:
    """Tell whether the engine was halted by the program itself, not by the user or the end of its time."""
    return state.mode is not EngineMode.ACTIVE and state.halt_reason not in _NOT_TRIPPED


def engine(state: SessionState, *, is_narrow: bool = False) -> CellView:
    """Return the engine cell: disarmed, armed with the time left, reducing, or tripped with the reason.

    In a narrow cell the reason stands in the label, where it is not cut off.
    """
    if is_tripped(state):
        reason = halt_words(state.halt_reason)
        text, label = ("TRIPPED", f"Engine: {reason}") if is_narrow else (f"TRIPPED: {reason}", "")
        return CellView(text, "danger", "octagon", ground="danger", label=label)
    if state.mode is EngineMode.REDUCING:
        return CellView("REDUCING", "warn", "gear", "exits only", ground="warn")
    if state.mode is EngineMode.ACTIVE:
        left = state.armed_left_s
        extra = "no end" if left is None else f"{fmt.duration(left)} left"
        is_late = left is not None and left < LAST_MINUTE_S
        return CellView("ARMED", "accent", "gear", extra, "warn" if is_late else "text1", ground="accent")
    return CellView("DISARMED", "text1", "power")


def protection(state: SessionState) -> CellView:
    """Return the protection cell."""
    p = state.protection
    count = f"{p.protected}/{p.total}"
    return {
        ProtectionKind.PROTECTED: CellView(f"Protected {count}", "ok", "shield"),
        ProtectionKind.PLACING: CellView("Stop being placed", "warn", "clock", ground="warn"),
        ProtectionKind.NAKED: CellView(f"NOT PROTECTED {count}", "danger", "octagon", ground="danger"),
        ProtectionKind.NOTHING: CellView("Nothing to protect", "text2", "dash"),
        ProtectionKind.UNKNOWN: CellView("Unknown", "warn", "triangle"),
    }[p.kind]


def feed(state: SessionState) -> CellView:
    """Return the feed cell: fresh, stale or offline, with the age of the last message."""
    if state.data_ended:
        return CellView("Data ended", "info", "clock")
    age = fmt.age(state.feed.age_s)
    return {
        FeedKind.WAITING: CellView("Connecting", "text2", "clock"),
        FeedKind.FRESH: CellView(f"Fresh {age}", "ok", "feed"),
        FeedKind.STALE: CellView(f"Stale {age}", "warn", "triangle", ground="warn"),
        FeedKind.OFFLINE: CellView(f"Offline {age}", "danger", "octagon", ground="danger"),
    }[state.feed.kind]


def last_price(model: SessionModel) -> CellView:
    """Return last price and its change; the label tells over how long."""
    price = model.state.price
    decimals = _price_decimals(model.rules)
    if price.last_price is None:
        return CellView(fmt.DASH, "text3", label=model.symbol)
    change = price.change_fraction
    tone = _direction(change)
    text = fmt.price(price.last_price, decimals)
    label = f"{model.symbol} · {span_words(price.change_span_ms)}" if price.change_span_ms else model.symbol
    return CellView(text, tone, extra=fmt.percent(change), extra_tone=tone, label=label)


def span_words(span_ms: int) -> str:
    """Return how long a change is counted over: `24 h`, `8 h`, `35 min`."""
    if span_ms >= _HOUR_MS:
        return f"{round(span_ms / _HOUR_MS)} h"
    return f"{max(1, span_ms // 60_000)} min"


def mark(model: SessionModel) -> CellView:
    """Return the mark price cell."""
    value = model.state.price.mark_price
    return CellView(fmt.price(value, _price_decimals(model.rules)), _known(value))


def funding(state: SessionState) -> CellView:
    """Return the funding rate with the time to its next payment."""
    price = state.price
    if price.funding_fraction is None:
        return CellView(fmt.DASH, "text3")
    text = fmt.percent(price.funding_fraction, 4, sign=False)
    return CellView(text, extra=fmt.duration(price.funding_in_s), extra_tone="text3")


def unrealized(money: MoneyState) -> CellView:
    """Return the result of all open positions at their mark prices."""
    return CellView(fmt.money(money.unrealized_pnl), _result(money.unrealized_pnl))


def today(money: MoneyState) -> CellView:
    """Return the change of equity since midnight UTC."""
    return CellView(fmt.money(money.today), _result(money.today))


def equity(model: SessionModel) -> CellView:
    """Return wallet balance and unrealised result together, in the margin asset."""
    value = model.state.money.equity
    label = f"Equity ({model.rules.margin_asset})" if model.rules is not None else ""
    return CellView(fmt.money(value, sign=False), _known(value), label=label)


def why_not_armable(state: SessionState) -> str:
    """Return why the engine cannot be armed now, "" when it can."""
    if state.phase != "running":
        return "The session is not running yet." if state.phase == "starting" else "The session is over."
    if state.is_hedge:
        return "The account is in hedge mode; the engine trades in one-way mode only."
    if state.protection.kind is ProtectionKind.NAKED:
        return "A position has no stop at the exchange."
    if state.protection.kind is ProtectionKind.UNKNOWN:
        return "The account has not been read, or is in doubt."
    if state.feed.kind is not FeedKind.FRESH:
        return "The price feed is not fresh."
    if state.user_stream.kind is not FeedKind.FRESH:
        return user_stream_trouble(state.user_stream) or "The stream of your account is not there yet."
    return "The journal cannot be written." if not state.service.journal_ok else ""


def _price_decimals(rules: SymbolRules | None) -> int:
    return rules.price_decimals if rules is not None else 2


def _direction(value: float | None) -> str:
    if not value:
        return "text1"
    return "up" if value > 0 else "down"


def _result(value: object) -> str:
    if value is None:
        return "text3"
    rounded = round(float(str(value)), 2)
    return _direction(rounded)


def _known(value: object) -> str:
    return "text3" if value is None else "text1"

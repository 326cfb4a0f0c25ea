"""What the arming sheet shows: the engine's contract, and what was checked before."""

from decimal import Decimal
from typing import Any

from trader_gui.decision.registry import STRATEGIES
from trader_gui.domain.step import Route
from trader_gui.models.trader_view import StatusView
from trader_gui.rt_trader import RtTrader
from trader_gui.widgets.dialogs import ArmingContract, Check
from trader_gui.widgets.format import age

_ROUTE_NAMES = {Route.MARKET: "Prices", Route.PUBLIC: "Order book", Route.PRIVATE: "Account events"}


def make_contract(trader: RtTrader) -> ArmingContract:
    """Return what the engine may do in this session, limits and sizes as they stand now."""
    callback, rules, limits = trader.callback, trader.rules, trader.callback.gate.limits
    spec = STRATEGIES[trader.options.strategy]
    parameters: dict[str, Any] = spec.values({})
    position = callback.account.position(trader.symbol)
    commission = trader.status.commission
    return ArmingContract(
        strategy=spec.title,
        symbol=trader.symbol,
        base_asset=rules.base_asset,
        quote_asset=rules.quote_asset,
        entry_quantity=Decimal(parameters["quantity"]),
        quantity_decimals=rules.quantity_decimals,
        entry_price=callback.last_price,
        largest_position=limits.max_position_notional,
        largest_loss=limits.max_daily_loss,
        result_today=callback.result_today,
        entries_per_hour=limits.max_entries_per_hour,
        leverage=position.leverage if position is not None else None,
        stop_fraction=parameters["stop_fraction"],
        protective_stop_fraction=parameters["protective_stop_fraction"],
        taker_fraction=commission.taker_fraction if commission is not None else None,
        now_ms=callback.now_ms,
        closes_unprotected=trader.options.protection_action == "close",
        has_dead_man=trader.status.dead_man.mode != "off",
    )


def make_checks(trader: RtTrader, now_ns: int) -> tuple[Check, ...]:
    """Return what was looked at; one in danger bars arming."""
    status = trader.status
    return (
        *_feed_checks(status, now_ns),
        _mode_check(status),
        _position_check(trader),
        _journal_check(status),
        _differences_check(status),
    )


def _feed_checks(status: StatusView, now_ns: int) -> list[Check]:
    checks = []
    for route, name in _ROUTE_NAMES.items():
        state = status.routes[route]
        heard = f" {age((now_ns - state.last_received_ns) / 1e9)}" if state.last_received_ns else ""
        if state.is_fresh:
            checks.append(Check(name, f"fresh{heard}"))
        else:
            checks.append(Check(name, f"stale{heard}", "danger", f"{name} are not fresh: wait until the feed is back."))
    return checks


def _mode_check(status: StatusView) -> Check:
    if not status.is_hedge:
        return Check("Position mode", "one-way")
    return Check(
        "Position mode", "hedge", "danger", "The engine trades in one-way mode only: change it at the exchange."
    )


def _position_check(trader: RtTrader) -> Check:
    position = trader.callback.account.position(trader.symbol)
    if position is None or not position.position_amount:
        return Check("Position", "flat")
    if trader.callback.engine_holds_position:
        return Check("Position", f"{position.position_amount:+f}, the engine's own: it goes on with it")
    return Check("Position", f"{position.position_amount:+f}, not the engine's: no entry before it is closed", "warn")


def _journal_check(status: StatusView) -> Check:
    if status.journal_ok:
        return Check("Journal", "writing")
    return Check("Journal", "failed", "danger", "The journal cannot be written: nothing may be sent without it.")


def _differences_check(status: StatusView) -> Check:
    count = len(status.differences)
    if not count:
        return Check("Journal and exchange", "agree")
    return Check("Journal and exchange", f"{count} differences at start", "warn")

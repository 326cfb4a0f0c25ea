"""A trading session without a window: venue, streams, callback, orders and journal under one TaskGroup.

In: profile, settings, keys. Out: `Step`s to observers, `SessionStatus` in place, a `Summary` at the end. A window, the
command line and tests all drive the same `RtTrader`; a session runs with PySide6 absent.
"""

from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.road import Answer
from trader_gui.rt_trader.status import RouteStatus, SessionStatus
from trader_gui.rt_trader.summary import Summary
from trader_gui.rt_trader.trader import RtTrader

__all__ = ["Answer", "RouteStatus", "RtTrader", "SessionOptions", "SessionStatus", "Summary"]

"""Callback: the dispatcher of the pure core, and the sole caller of collectors, conditionals, decision and gate.

In: messages (`Callback.step`) and wishes by hand (`Callback.request`). Out: one `Step` for each. The same messages give
the same steps; no clock is read, time comes with the messages.
"""

from trader_gui.callback.dispatcher import Answer, Callback

__all__ = ["Answer", "Callback"]

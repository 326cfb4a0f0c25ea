"""Composition root of the window: QApplication, the loop, session, models, window, orderly exit.

`window` starts and ends everything; `commands` carries the user's wishes from the window's signals to the session and
the answers back. Nothing else connects the two.
"""

from trader_gui.app.window import run_window, show_failure

__all__ = ["run_window", "show_failure"]

"""Dialogs: every one names its profile, opens without blocking (`open()`, never `exec()`), and answers by signals.

Cancel always has the focus. What sends an order, arms the engine or flattens needs a second, deliberate act, and takes
none in its first 300 ms on the screen. A dialog changes nothing by itself: the signals say what the user wants.
"""

from trader_gui.widgets.dialogs.arming import ArmingContract, ArmingSheet, Check
from trader_gui.widgets.dialogs.close import CloseDialog
from trader_gui.widgets.dialogs.confirm import ConfirmDialog
from trader_gui.widgets.dialogs.flatten import FlattenPopover
from trader_gui.widgets.dialogs.frame import ProfileDialog
from trader_gui.widgets.dialogs.journal import DamagedJournalDialog
from trader_gui.widgets.dialogs.keys import KeysDialog

__all__ = [
    "ArmingContract",
    "ArmingSheet",
    "Check",
    "CloseDialog",
    "ConfirmDialog",
    "DamagedJournalDialog",
    "FlattenPopover",
    "KeysDialog",
    "ProfileDialog",
]

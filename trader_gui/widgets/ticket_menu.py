"""TicketMenu: presets and confirmations of the order ticket, and the dialogs behind them."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from trader_gui.domain.ticket import AskRules, TicketPreset
from trader_gui.widgets.dialogs.asking import AskingDialog
from trader_gui.widgets.dialogs.preset import PresetDialog


class TicketMenu(QMenu):
    """Presets by name, saving the ticket as one, deleting one; and when orders are asked about.

    Attributes:
        presets: By name, in the order in which they were made.
        ask: When an order is asked about.

    Signals:
        preset_chosen: (TicketPreset) to put into the ticket.
        presets_changed: (dict of name -> TicketPreset) to be kept.
        ask_changed: (AskRules) to be kept.
    """

    preset_chosen = Signal(object)
    presets_changed = Signal(object)
    ask_changed = Signal(object)

    def __init__(self, current: Callable[[], tuple[TicketPreset, str]], profile_name: str, ticket: QWidget) -> None:
        """Make the menu; `current` tells the ticket as it stands, and in words."""
        super().__init__(ticket)
        self._ticket = ticket
        self.presets: dict[str, TicketPreset] = {}
        self.ask = AskRules()
        self._current = current
        self._profile_name = profile_name
        self.aboutToShow.connect(self._fill)
        self._fill()

    def load(self, presets: Mapping[str, TicketPreset], ask: AskRules) -> None:
        """Take what was kept."""
        self.presets, self.ask = dict(presets), ask

    def set_ask(self, ask: AskRules) -> None:
        """Change the rules of asking, and have them kept."""
        self.ask = ask
        self.ask_changed.emit(ask)

    def save_preset(self, name: str, preset: TicketPreset) -> None:
        """Keep a preset; one of the same name is replaced."""
        self.presets[name] = preset
        self.presets_changed.emit(dict(self.presets))

    def _fill(self) -> None:
        self.clear()
        for name, preset in self.presets.items():
            self.addAction(name, partial(self.preset_chosen.emit, preset))
        if self.presets:
            self.addSeparator()
        self.addAction("Save as preset…", self._open_preset)
        if self.presets:
            delete = self.addMenu("Delete preset")
            for name in self.presets:
                delete.addAction(name, partial(self._delete, name))
        self.addSeparator()
        self.addAction("Confirmations…", self._open_asking)

    def _delete(self, name: str) -> None:
        self.presets.pop(name, None)
        self.presets_changed.emit(dict(self.presets))

    def _open_preset(self) -> None:
        preset, summary = self._current()
        dialog = PresetDialog(summary, self.presets, self._profile_name, self._ticket.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.named.connect(lambda name: self.save_preset(name, preset))
        dialog.open()

    def _open_asking(self) -> None:
        dialog = AskingDialog(self.ask, self._profile_name, self._ticket.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.saved.connect(self.set_ask)
        dialog.open()

"""The menus: every entry does something now; what needs the session is asked for by the window's signals."""

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from trader_gui.widgets.dock import Dock
from trader_gui.widgets.theme import theme

PALETTES = {
    "global": "Global: green up, red down",
    "east_asian": "East Asian: red up, green down",
    "korean": "Korean: red up, blue down",
    "colour_blind": "Colour-blind: blue up, orange down",
    "mono": "Mono: shapes only",
}
THEMES = {"dark": "Dark", "light": "Light"}

SHORTCUTS = (
    ("Ctrl+K, Ctrl+L", "Go to another symbol: chart, order book and ticket follow"),
    ("Ctrl+Shift+D", "Disarm the engine"),
    ("Ctrl+Backspace", "Cancel entries"),
    ("Ctrl+Shift+Backspace", "Flatten: the first press shows the plan, the second does it"),
    ("B, S", "On the chart: stage a buy, a sell at the pointer; a click puts it down, its Send button sends it"),
    ("Up, Down, Esc", "On the chart: move the staged order by a tick (Shift: ten), drop it or put a dragged line back"),
    ("Tab, Shift+Tab", "Go through all controls"),
    ("Enter, Space", "Press; on a table's row, its button"),
    ("Up, Down", "Move in tables and in the order book; one tick or step in the ticket's fields"),
    ("Ctrl+C, Ctrl+Shift+C", "Copy the chosen cells, or their whole rows, numbers plain"),
    ("Ctrl+F, Esc", "Find in the table that is seen; show all its rows again"),
    ("Alt+Up, Alt+Down", "Sort by the column of the chosen cell"),
    ("Alt+Left, Alt+Right", "Move that column; with Shift, make it narrower or wider"),
    ("Menu, Shift+F10", "What can be done with a row: copy, export, the order's life, columns"),
    ("F1", "This list"),
    ("F11", "Full screen"),
    ("Ctrl+Q", "Quit"),
)
"""Keys and what they do, for the menu and its help."""


class WorkspaceMenus:
    """Builds the menu bar.

    Args:
        bar: Empty menu bar.
        commands: What an entry calls, by its name.
        docks: For the Window menu.

    Attributes:
        actions: Every action by name, so that the window can disable one.
    """

    def __init__(self, bar: QMenuBar, commands: Mapping[str, Callable[[], None]], docks: Mapping[str, Dock]) -> None:
        self._bar = bar
        self._commands = commands
        self.actions: dict[str, QAction] = {}
        self._menu(
            "&File",
            ("keys", "API keys…", None),
            ("screenshot", "Save a screenshot…", None),
            None,
            ("quit", "Quit", QKeySequence("Ctrl+Q")),
        )
        self._add_view_menu()
        self._menu(
            "&Trade",
            ("symbol", "Symbol…", QKeySequence("Ctrl+K")),
            None,
            ("close_position", "Close position…", None),
            ("cancel_entries", "Cancel entries", QKeySequence("Ctrl+Backspace")),
            None,
            ("reconciliation", "Reconciliation", None),
            ("check_account", "Check the account now", None),
            None,
            ("flatten", "Flatten…", QKeySequence("Ctrl+Shift+Backspace")),
        )
        self.actions["symbol"].setShortcuts([QKeySequence("Ctrl+K"), QKeySequence("Ctrl+L")])
        self._menu("&Engine", ("arm", "Arm…", None), ("disarm", "Disarm", QKeySequence("Ctrl+Shift+D")))
        self._menu("&Layout", ("reset_layout", "Reset to the default", None))
        window = self._menu("&Window")
        for dock in docks.values():
            action = dock.toggleViewAction()
            action.setText(dock.title)
            dock.windowTitleChanged.connect(lambda _, a=action, d=dock: a.setText(d.title))
            window.addAction(action)
        self._menu("&Help", ("shortcuts", "Keyboard…", QKeySequence("F1")), None, ("about", "About Trader GUI…", None))

    def _menu(self, title: str, *entries: tuple[str, str, QKeySequence | None] | None) -> QMenu:
        menu = self._bar.addMenu(title)
        for entry in entries:
            if entry is None:
                menu.addSeparator()
                continue
            name, text, keys = entry
            action = self.actions[name] = QAction(text, self._bar)
            if keys is not None:
                action.setShortcut(keys)
                action.setAutoRepeat(False)
            action.triggered.connect(lambda _=False, n=name: self._commands[n]())
            menu.addAction(action)
        return menu

    def _add_view_menu(self) -> None:
        menu = self._menu("&View")
        self._choices(menu, THEMES, theme().name, lambda name: theme().set(name, theme().palette_name))
        palettes = menu.addMenu("Colours of up and down")
        self._choices(palettes, PALETTES, theme().palette_name, lambda name: theme().set(theme().name, name))
        menu.addSeparator()
        action = self.actions["full_screen"] = QAction("Full screen", self._bar)
        action.setShortcut(QKeySequence("F11"))
        action.triggered.connect(lambda: self._commands["full_screen"]())
        menu.addAction(action)

    def _choices(self, menu: QMenu, names: Mapping[str, str], now: str, choose: Callable[[str], None]) -> None:
        group = QActionGroup(menu)
        for name, text in names.items():
            action = self.actions[f"look_{name}"] = QAction(text, group)
            action.setCheckable(True)
            action.setChecked(name == now)
            action.triggered.connect(lambda _=False, n=name: choose(n))
            menu.addAction(action)


def shortcut_words() -> str:
    """Return the keys as a table in rich text."""
    rows = "".join(f"<tr><td><b>{keys}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for keys, what in SHORTCUTS)
    return f"<table cellpadding=3>{rows}</table>"

"""The theme in force: colours, fonts, icons and the style sheet, for widgets, delegates and plots alike."""

import re
from functools import lru_cache

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QStyleFactory, QWidget

from trader_gui.resources import read_text
from trader_gui.widgets.theme.fonts import make_font, points
from trader_gui.widgets.theme.icons import TintedFiles, render
from trader_gui.widgets.theme.tokens import PALETTE_NAMES, load_tokens

_PALETTE_ROLES = {
    QPalette.ColorRole.Window: "bg1",
    QPalette.ColorRole.WindowText: "text1",
    QPalette.ColorRole.Base: "bg0",
    QPalette.ColorRole.AlternateBase: "bg1",
    QPalette.ColorRole.Text: "text1",
    QPalette.ColorRole.PlaceholderText: "text3",
    QPalette.ColorRole.Button: "bg2",
    QPalette.ColorRole.ButtonText: "text1",
    QPalette.ColorRole.ToolTipBase: "bg2",
    QPalette.ColorRole.ToolTipText: "text1",
    QPalette.ColorRole.Highlight: "bg3",
    QPalette.ColorRole.HighlightedText: "text1",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.LinkVisited: "accent",
    QPalette.ColorRole.Light: "border_strong",
    QPalette.ColorRole.Mid: "border",
    QPalette.ColorRole.Dark: "border",
}
_DIM_ROLES = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)
_PLACEHOLDER = re.compile(r"@(?:(?P<kind>px|icon|dir)\((?P<arguments>[^)]*)\)|(?P<token>[a-z_0-9]+))")


class Theme(QObject):
    """The current theme and direction palette.

    Attributes:
        name: `dark` or `light`.
        palette_name: Direction palette: `global`, `east_asian`, `korean`, `colour_blind` or `mono`.
    Signals:
        changed: Colours are others now; whoever draws with pens and brushes of its own must take them anew.
    Owner: the process; made by the first call of `theme()`.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._tokens = load_tokens("dark")
        self.palette_name = "global"
        self._files = TintedFiles()
        self._colors: dict[str, QColor] = {}
        self._pixmaps: dict[tuple[str, int, int, float], QPixmap] = {}
        self._app: QApplication | None = None

    @property
    def name(self) -> str:
        """Name of the theme in force."""
        return self._tokens.name

    def set(self, name: str, palette: str = "global") -> None:
        """Switch to a theme and a direction palette; nothing happens when both stand already.

        Raises:
            ValueError: No such theme or palette.
        """
        if palette not in PALETTE_NAMES:
            raise ValueError(f"no palette {palette!r}: one of {', '.join(PALETTE_NAMES)}")
        if (name, palette) == (self.name, self.palette_name):
            return
        self._tokens = load_tokens(name)
        self.palette_name = palette
        self._colors.clear()
        self._pixmaps.clear()
        self._apply()
        self.changed.emit()

    def install(self, app: QApplication) -> None:
        """Give the application style, palette, font and style sheet, now and at each change."""
        self._app = app
        app.setStyle(QStyleFactory.create("Fusion"))
        app.setFont(self.font("body"))
        self._apply()

    def color(self, token: str) -> QColor:
        """Return the colour of a token (a copy; callers may change it).

        Raises:
            KeyError: No such token.
        """
        if token not in self._colors:
            self._colors[token] = QColor(self._tokens.colors[token])
        return QColor(self._colors[token])

    def blend(self, top: QColor, fraction: float, over: str = "bg0") -> QColor:
        """Return `top` at `fraction` (0..1) opacity over a background token, as an opaque colour.

        Opaque fills draw many times faster than translucent ones, and look the same on a plain ground.
        """
        base = self.color(over)
        parts = [
            round(a * fraction + b * (1.0 - fraction))
            for a, b in zip((top.red(), top.green(), top.blue()), (base.red(), base.green(), base.blue()), strict=True)
        ]
        return QColor(*parts)

    def direction(self, is_up: bool, role: str = "text") -> QColor:
        """Return the colour of up or down (gain or loss); `role` is `line`, `text` or `button`.

        Raises:
            KeyError: No such role.
        """
        return QColor(self._tokens.directions[self.palette_name][is_up, role])

    def profile(self, profile_name: str) -> tuple[QColor, QColor]:
        """Return (fill, text) of a profile's badge; capitals do not matter.

        Raises:
            KeyError: No such profile.
        """
        fill, text = self._tokens.profiles[profile_name.upper()]
        return QColor(fill), QColor(text)

    def pixmap(self, name: str, token: str | QColor = "text1", size: int = 16, ratio: float | None = None) -> QPixmap:
        """Return an icon in a colour (a token, or a colour itself).

        Args:
            name: File name in `resources/icons/` without its ending.
            token: Token, or a colour (direction and profile colours are no tokens).
            size: Logical pixels: 12, 14, 16, 18 or 20.
            ratio: Device pixel ratio; that of the sharpest screen when left out.

        Raises:
            FileNotFoundError: No such icon.
            KeyError: No such token.
        """
        color = self.color(token) if isinstance(token, str) else token
        if ratio is None:
            app = QApplication.instance()
            ratio = app.devicePixelRatio() if isinstance(app, QApplication) else 1.0
        key = (name, color.rgba(), size, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = render(name, color, size, ratio)
        return self._pixmaps[key]

    def icon(self, name: str, token: str | QColor = "text1", size: int = 16) -> QIcon:
        """Return an icon for buttons and menus; disabled it is drawn in `text3`. Arguments as for `pixmap`."""
        icon = QIcon()
        for ratio in (1.0, 2.0):
            icon.addPixmap(self.pixmap(name, token, size, ratio))
            icon.addPixmap(self.pixmap(name, "text3", size, ratio), QIcon.Mode.Disabled)
        return icon

    def font(self, role: str) -> QFont:
        """Return the font of a role: `price_large value input body figure small head mini mono`.

        Raises:
            KeyError: No such role.
        """
        return make_font(role)

    def style_sheet(self) -> str:
        """Return the style sheet of the whole application in this theme's colours."""
        return _PLACEHOLDER.sub(self._placeholder, read_text("themes", "workspace.qss"))

    def qt_palette(self) -> QPalette:
        """Return the Qt palette that stands behind the style sheet."""
        palette = QPalette()
        for role, token in _PALETTE_ROLES.items():
            palette.setColor(role, self.color(token))
        for role in _DIM_ROLES:
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("text3"))
        return palette

    def _placeholder(self, match: re.Match[str]) -> str:
        """Answer one of `@token`, `@px(11)`, `@icon(name,token)`, `@dir(up,button)`."""
        if match["token"]:
            return self.color(match["token"]).name()
        first, _, second = match["arguments"].partition(",")
        if match["kind"] == "px":
            return f"{points(float(first)):.2f}pt"
        if match["kind"] == "icon":
            return f'url("{self._files.url(first, self.color(second))}")'
        return self.direction(first == "up", second).name()

    def _apply(self) -> None:
        if self._app is not None:
            self._app.setPalette(self.qt_palette())
            self._app.setStyleSheet(self.style_sheet())


@lru_cache(maxsize=1)
def theme() -> Theme:
    """Return the process-wide theme, made when first asked for."""
    return Theme()


def set_style_property(widget: QWidget, name: str, value: object) -> None:
    """Set a dynamic property that the style sheet looks at, and have the widget styled anew if it changed."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()

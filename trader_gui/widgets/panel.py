"""What a dock holds: its widget, and a strip that says when the panel itself has failed."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from trader_gui.models.frame import FrameModel
from trader_gui.widgets.theme import theme


class Panel(QFrame):
    """Frame round a dock's widget. While it is not seen, its model is not refreshed, and it takes no keys.

    Qt does not hide what lies behind another tab, it only moves it away: the Tab key would go there, and Delete would
    cancel an order that nobody sees. So the widget is hidden here; its room is kept.

    Args:
        content: The widget.
        model: Its model when it belongs to this panel alone; None when others need it too.
        is_framed: False when the widget draws a frame itself.
    """

    def __init__(self, content: QWidget, model: FrameModel | None = None, *, is_framed: bool = True) -> None:
        super().__init__()
        self.content = content
        self._model = model
        self.setProperty("kind", "panel" if is_framed else "")
        self._strip = QFrame()
        self._strip.setProperty("kind", "banner")
        self._strip.setProperty("tone", "danger")
        self._icon = QLabel()
        self._words = QLabel()
        self._words.setWordWrap(True)
        row = QHBoxLayout(self._strip)
        row.setContentsMargins(10, 4, 10, 4)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        column = QVBoxLayout(self)
        border = 1 if is_framed else 0
        column.setContentsMargins(border, 0, border, border)
        column.setSpacing(0)
        column.addWidget(self._strip)
        column.addWidget(content, 1)
        self._strip.hide()
        theme().changed.connect(self._show_icon)
        policy = content.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        content.setSizePolicy(policy)
        self.set_seen(False)

    def set_failure(self, text: str) -> None:
        """Say that this panel cannot be brought up to date, and why; "" when it works again."""
        self._words.setText(f"This panel has failed; the others go on. {text}")
        self._strip.setAccessibleName(self._words.text() if text else "")
        self._show_icon()
        self._strip.setVisible(bool(text))

    @property
    def failure(self) -> str:
        """What the strip says, "" while the panel works."""
        return "" if self._strip.isHidden() else self._words.text()

    def _show_icon(self) -> None:
        self._icon.setPixmap(theme().pixmap("octagon", "danger", 16))

    def set_seen(self, is_seen: bool) -> None:
        """Show the content and have its model refreshed, or not, as the dock comes to the front or goes behind."""
        self.content.setVisible(is_seen)
        if self._model is not None:
            self._model.is_watched = is_seen

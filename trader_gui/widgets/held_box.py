"""HeldBox: why nothing can be sent now, and what still can be done."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from trader_gui.widgets.fields import label
from trader_gui.widgets.theme import theme


class HeldBox(QFrame):
    """A warning of two sentences; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "banner")
        self.setProperty("tone", "warn")
        self._icon = label("", "small")
        self._title = label("", "head", "warn")
        self._more = label("", "small", "warn")
        for part in (self._title, self._more):
            part.setWordWrap(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 6, 8, 6)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._icon, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._title, 0, 1)
        grid.addWidget(self._more, 1, 1)
        theme().changed.connect(self._paint_icon)
        self._paint_icon()
        self.hide()

    @property
    def text(self) -> str:
        """What is said, "" while hidden."""
        return f"{self._title.text()} {self._more.text()}".strip()

    def show_words(self, title: str, more: str) -> None:
        """Say something; an empty title hides the box."""
        self._title.setText(title)
        self._more.setText(more)
        self.setAccessibleName(self.text)
        self.setVisible(bool(title))

    def _paint_icon(self) -> None:
        self._icon.setPixmap(theme().pixmap("triangle", "warn", 14))

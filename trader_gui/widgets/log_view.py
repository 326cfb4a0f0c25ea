"""The log: newest lines at the bottom, filtered by level and words."""

import html

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from trader_gui.log import LogLine
from trader_gui.models.log import LEVELS, LogModel
from trader_gui.widgets import format as fmt
from trader_gui.widgets.theme import theme

MAX_LINES = 2000
_ERROR, _WARNING = LEVELS["Errors"], LEVELS["Warnings"]


class LogView(QWidget):
    """Tail of the log; secrets are already out of it."""

    def __init__(self, model: LogModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.level = QComboBox()
        self.level.addItems(list(LEVELS))
        self.level.setAccessibleName("Least level")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find in the log: symbol, order id, words")
        self.search.setAccessibleName("Find in the log")
        self.search.setClearButtonEnabled(True)
        self.copy = QPushButton("Copy shown")
        self.copy.setAccessibleName("Copy the shown lines")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(MAX_LINES)
        self.text.setUndoRedoEnabled(False)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.text.setPlaceholderText("Nothing logged yet")
        self.text.setAccessibleName("Log")
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(24)
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.level)
        row.addWidget(self.search, 1)
        row.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.text, 1)
        self.level.currentTextChanged.connect(self._reload)
        self.search.textChanged.connect(self._reload)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        model.lines_added.connect(self._append)
        theme().changed.connect(self._reload)
        self._reload()

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 60)

    def _reload(self) -> None:
        self.text.setFont(theme().font("mono"))
        self.text.clear()
        self._append(self._model.lines())

    def _append(self, lines: tuple[LogLine, ...]) -> None:
        """Add the lines that pass the filter; the view stays where the user scrolled to."""
        shown = [line for line in lines[-MAX_LINES:] if self._passes(line)]
        if not shown:
            return
        bar = self.text.verticalScrollBar()
        was_at_end = bar.value() == bar.maximum()
        for line in shown:
            self.text.appendHtml(_as_html(line))
        if was_at_end:
            bar.setValue(bar.maximum())
            self.text.horizontalScrollBar().setValue(0)

    def _passes(self, line: LogLine) -> bool:
        words = self.search.text().casefold()
        return line.level >= LEVELS[self.level.currentText()] and words in f"{line.logger} {line.text}".casefold()


def _as_html(line: LogLine) -> str:
    tone = "danger" if line.level >= _ERROR else "warn" if line.level >= _WARNING else "text2"
    text = f"{fmt.clock(line.time_ms)}.{line.time_ms % 1000:03d} {line.logger.removeprefix('trader_gui.')}: {line.text}"
    color = theme().color(tone).name()
    return f'<span style="color:{color}; white-space:pre">{html.escape(text)}</span>'

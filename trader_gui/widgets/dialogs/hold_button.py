"""HoldButton: does what it says only after it was held for its whole time, by mouse or by Space."""

from PySide6.QtCore import QElapsedTimer, QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from trader_gui.widgets.theme import theme

HOLD_MS = 2000
_TICK_MS = 30
_LONGEST_TICK_MS = 100
"""A program that stood still for longer may not have heard yet that the button was let go: that time does not count."""


class HoldButton(QAbstractButton):
    """Fills while it is held; let go early, and nothing happens. A key that repeats is one hold.

    Signals:
        held: It was held for two seconds.
    """

    held = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(f"{text}: hold for two seconds")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(44)
        self._clock = QElapsedTimer()
        self._held_ms = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        theme().changed.connect(self.update)

    @property
    def is_holding(self) -> bool:
        """True while it is being held."""
        return self._timer.isActive()

    def sizeHint(self) -> QSize:
        return QSize(300, 44)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._begin()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._let_go()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.rect().contains(event.position().toPoint()):
            self._let_go()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._begin()
            return
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._let_go()
            return
        event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._let_go()
        super().focusOutEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.EnabledChange and not self.isEnabled():
            self._let_go()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        enabled = self.isEnabled()
        width = 2.0 if self.hasFocus() else 1.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("accent_bg" if enabled else "bg2"))
        painter.drawRoundedRect(box, 3, 3)
        filled = QRectF(box.left(), box.top(), box.width() * self._fraction(), box.height())
        painter.fillRect(filled, look.color("accent_fill"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(look.color("accent" if enabled else "border"), width))
        painter.drawRoundedRect(box, 3, 3)
        painter.setFont(look.font("value"))
        painter.setPen(look.color("text1" if enabled else "text3"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words())
        painter.setClipRect(filled)
        painter.setPen(look.color("on_fill"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words())

    def _begin(self) -> None:
        self._held_ms = 0
        self._clock.start()
        self._timer.start()
        self.setDown(True)

    def _let_go(self) -> None:
        self._timer.stop()
        self.setDown(False)
        self.update()

    def _tick(self) -> None:
        self.update()
        self._held_ms += min(self._clock.restart(), _LONGEST_TICK_MS)
        if self._held_ms >= HOLD_MS:
            self._let_go()
            self.held.emit()

    def _fraction(self) -> float:
        return min(1.0, self._held_ms / HOLD_MS) if self.is_holding else 0.0

    def _words(self) -> str:
        if not self.is_holding:
            return self.text()
        return f"{self.text()} · {min(self._held_ms, HOLD_MS) / 1000:.1f} of {HOLD_MS / 1000:.1f} s"

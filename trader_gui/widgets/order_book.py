"""The order book: fixed rows, best at the middle, depth bars, own orders marked; clicking a row picks its price."""

from decimal import Decimal

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from trader_gui.models.order_book import GROUPS, BookRow, BookState, OrderBookModel
from trader_gui.widgets import format as fmt
from trader_gui.widgets.theme import theme

ROW_HEIGHT = 24
HEADER_HEIGHT = 24
MIDDLE_HEIGHT = 34
STRIP_HEIGHT = 24
BAR_FRACTION = 0.14
_PAD = 10
_MARK = 5
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class BookView(QWidget):
    """Both sides of the book, drawn by hand: asks above, best at the middle, bids below.

    Mouse or arrow keys choose a row; a click, Enter or Space picks its price.

    Signals:
        price_picked: (Decimal) the price of a row.
    """

    price_picked = Signal(object)

    def __init__(self, model: OrderBookModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._chosen: int | None = None
        self.setAccessibleName("Order book")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        model.changed.connect(self._on_changed)
        theme().changed.connect(self.update)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 200)

    @property
    def state(self) -> BookState:
        """What is drawn."""
        return self._model.state

    # ---- geometry ----------------------------------------------------------------------------------------------------

    @property
    def _rows(self) -> int:
        room = self.height() - HEADER_HEIGHT - MIDDLE_HEIGHT - (STRIP_HEIGHT if self._strip() else 0)
        return max(1, room // (2 * ROW_HEIGHT))

    def _middle_top(self) -> int:
        return HEADER_HEIGHT + (STRIP_HEIGHT if self._strip() else 0) + self._rows * ROW_HEIGHT

    def row_rect(self, line: int) -> QRect:
        """Return where a line stands: -1, -2, ... are asks from the best up, 0, 1, ... bids from the best down."""
        top = self._middle_top()
        top += line * ROW_HEIGHT if line < 0 else MIDDLE_HEIGHT + line * ROW_HEIGHT
        return QRect(0, top, self.width(), ROW_HEIGHT)

    def row_at(self, line: int) -> BookRow | None:
        """Return what stands in a line, None for an empty one."""
        side, position = (self.state.asks, -line - 1) if line < 0 else (self.state.bids, line)
        return side[position] if position < min(len(side), self._rows) else None

    def _line_at(self, point: QPoint) -> int | None:
        top = self._middle_top()
        y = point.y()
        if top - self._rows * ROW_HEIGHT <= y < top:
            return -((top - 1 - y) // ROW_HEIGHT) - 1
        if y >= top + MIDDLE_HEIGHT:
            line = (y - top - MIDDLE_HEIGHT) // ROW_HEIGHT
            return line if line < self._rows else None
        return None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._model.set_rows(self._rows)

    # ---- picking -----------------------------------------------------------------------------------------------------

    def _choose(self, line: int | None) -> None:
        if line is not None and self.row_at(line) is None:
            line = None
        if line != self._chosen:
            self._chosen = line
            self.setCursor(Qt.CursorShape.ArrowCursor if line is None else Qt.CursorShape.PointingHandCursor)
            self.update()

    def _pick(self) -> None:
        row = None if self._chosen is None else self.row_at(self._chosen)
        if row is not None:
            self.price_picked.emit(row.price)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._choose(self._line_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._choose(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._choose(None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(self._line_at(event.position().toPoint()))
            self._pick()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step = -1 if key == Qt.Key.Key_Up else 1
            self._choose((-1 if step < 0 else 0) if self._chosen is None else self._chosen + step)
            row = None if self._chosen is None else self.row_at(self._chosen)
            self.setAccessibleDescription("" if row is None else f"{self._price(row.price)}, size {row.quantity:f}")
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if not event.isAutoRepeat():
                self._pick()
        else:
            super().keyPressEvent(event)

    # ---- drawing -----------------------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        if self.isVisible():
            self.update()

    def _strip(self) -> str:
        """Return what the strip above the rows says, "" when all is well."""
        if self._model.rules is None:
            return ""
        if not self.state.is_fresh and self.state.age_s is not None:
            return f"Stale {fmt.age(self.state.age_s)}"
        return "" if self.state.is_synced else "Reading the order book"

    def _price(self, price: Decimal) -> str:
        rules = self._model.rules
        return fmt.price(price, rules.price_decimals if rules else 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_header(painter)
        strip = self._strip()
        if strip:
            self._paint_strip(painter, strip)
        rows = self._rows
        shown = [*self.state.asks[:rows], *self.state.bids[:rows]]
        largest = max((row.total for row in shown), default=Decimal(0))
        painter.setFont(theme().font("figure"))
        for line in range(-rows, rows):
            row = self.row_at(line)
            if row is not None:
                self._paint_row(painter, line, row, float(row.total / largest) if largest else 0.0)
        self._paint_middle(painter)
        if not shown:
            painter.setPen(theme().color("text3"))
            painter.setFont(theme().font("small"))
            where = self.rect().adjusted(0, HEADER_HEIGHT, 0, -self.height() // 2)
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, "Levels appear here")

    def _columns(self) -> tuple[int, int]:
        """Return the right edges of size and total."""
        return int(self.width() * 0.66), self.width() - _PAD

    def _paint_header(self, painter: QPainter) -> None:
        rules = self._model.rules
        quote, base = (rules.quote_asset, rules.base_asset) if rules else ("", "")
        size_right, total_right = self._columns()
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text3"))
        line = QRect(0, 0, self.width(), HEADER_HEIGHT)
        painter.drawText(line.adjusted(_PAD, 0, 0, 0), _LEFT, f"Price ({quote})")
        painter.drawText(QRect(0, 0, size_right, HEADER_HEIGHT), _RIGHT, f"Size ({base})")
        painter.drawText(QRect(0, 0, total_right, HEADER_HEIGHT), _RIGHT, f"Total ({base})")

    def _paint_strip(self, painter: QPainter, text: str) -> None:
        strip = QRect(0, HEADER_HEIGHT, self.width(), STRIP_HEIGHT)
        painter.fillRect(strip, theme().color("warn_bg"))
        painter.drawPixmap(_PAD, strip.top() + 5, theme().pixmap("triangle", "warn", 14))
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("warn"))
        painter.drawText(strip.adjusted(_PAD + 20, 0, 0, 0), _LEFT, text)

    def _paint_row(self, painter: QPainter, line: int, row: BookRow, depth: float) -> None:
        rect = self.row_rect(line)
        is_ask = line < 0
        width = round(depth * rect.width())
        bar = QRect(rect.right() + 1 - width, rect.top(), width, rect.height() - 1)
        painter.fillRect(bar, theme().blend(theme().direction(not is_ask, "line"), BAR_FRACTION, "bg1"))
        if line == self._chosen:
            painter.setPen(theme().color("accent" if self.hasFocus() else "border_strong"))
            painter.drawRect(rect.adjusted(0, 0, -1, -2))
        if row.has_own:
            mark = QRect(2, rect.center().y() - _MARK // 2, _MARK, _MARK)
            painter.fillRect(mark, theme().color("text1"))
        is_live = self.state.is_fresh and self.state.is_synced
        size_right, total_right = self._columns()
        text = theme().color("text1" if is_live else "text3")
        painter.setPen(theme().direction(not is_ask) if is_live else text)
        painter.drawText(rect.adjusted(_PAD, 0, 0, -1), _LEFT, self._price(row.price))
        decimals = self._model.rules.quantity_decimals if self._model.rules else 3
        painter.setPen(text)
        cell = QRect(0, rect.top(), size_right, rect.height() - 1)
        painter.drawText(cell, _RIGHT, fmt.quantity(row.quantity, decimals))
        painter.setPen(theme().color("text2" if is_live else "text3"))
        cell.setWidth(total_right)
        painter.drawText(cell, _RIGHT, fmt.quantity(row.total, decimals))

    def _paint_middle(self, painter: QPainter) -> None:
        state = self.state
        top = self._middle_top()
        rect = QRect(0, top, self.width(), MIDDLE_HEIGHT)
        painter.fillRect(rect, theme().color("bg2"))
        painter.setPen(theme().color("border"))
        painter.drawLine(rect.topLeft(), rect.topRight())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if state.last_price is None:
            return
        is_live = state.is_fresh
        font = theme().font("price_large")
        painter.setFont(font)
        arrow = {True: f" {fmt.ARROW_UP}", False: f" {fmt.ARROW_DOWN}", None: ""}[state.is_rising]
        if not is_live:
            painter.setPen(theme().color("text3"))
        else:
            painter.setPen(theme().color("text1") if state.is_rising is None else theme().direction(state.is_rising))
        inner = rect.adjusted(_PAD, 0, -_PAD, 0)
        text = self._price(state.last_price) + arrow
        painter.drawText(inner, _LEFT, text)
        taken = painter.fontMetrics().horizontalAdvance(text) + 10
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text2" if is_live else "text3"))
        notes = []
        if state.mark_price is not None:
            notes.append(f"Mark {self._price(state.mark_price)}")
        if state.spread is not None:
            notes.append(f"Spread {self._price(state.spread)}")
        metrics, room = painter.fontMetrics(), inner.width() - taken
        is_one_line = metrics.horizontalAdvance("  ".join(notes)) <= room
        while notes and not is_one_line and max(metrics.horizontalAdvance(note) for note in notes) > room:
            notes.pop(0)
        painter.drawText(inner, _RIGHT, ("  " if is_one_line else "\n").join(notes))


class OrderBook(QWidget):
    """The book with the choice of how many ticks are joined into one row.

    Signals:
        price_picked: (Decimal) as `BookView`.
    """

    price_picked = Signal(object)

    def __init__(self, model: OrderBookModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.view = BookView(model)
        self.view.price_picked.connect(self.price_picked)
        self.group = QComboBox()
        self.group.setProperty("kind", "bare")
        self.group.setAccessibleName("Join levels by")
        self.group.setToolTip("Join levels by")
        self.group.activated.connect(self._on_group)
        model.rules_changed.connect(self.fill_groups)
        self._label = QLabel("Join by")
        self._label.setProperty("role", "label")
        row = QHBoxLayout()
        row.setContentsMargins(_PAD, 1, 2, 0)
        row.addWidget(self._label)
        row.addStretch(1)
        row.addWidget(self.group)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.view, 1)

    def fill_groups(self) -> None:
        """List the choices once the tick is known, and anew when it is another one; what is chosen stays chosen."""
        rules = self._model.rules
        if rules is None:
            return
        chosen = max(self.group.currentIndex(), 0)
        self.group.clear()
        for group in GROUPS:
            self.group.addItem(f"{(rules.tick_size * group).normalize():f}", group)
        self.group.setCurrentIndex(chosen)

    def _on_group(self, index: int) -> None:
        self._model.set_group(int(self.group.itemData(index)))

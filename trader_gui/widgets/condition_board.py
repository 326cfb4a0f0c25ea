"""The condition board: what the engine does now, what held and what did not, and the last decisions."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from trader_gui.models.conditions import NEWEST_DECISIONS, ConditionsModel
from trader_gui.widgets import condition_words as words
from trader_gui.widgets import format as fmt
from trader_gui.widgets.theme import theme

ROW_HEIGHT = 22
HEAD_HEIGHT = 24
_BOX = 20
_BOX_STEP = 26
_PAD = 10
_STATES = {
    "true": ("check", "ok", "true"),
    "false": ("dash", "text2", "false"),
    "first": ("triangle", "warn", "false"),
    "waiting": ("dash", "text3", fmt.DASH),
}
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def paint_head(painter: QPainter, rect: QRect, title: str, note: str = "") -> None:
    """Draw the head of a group: title left, state right."""
    painter.fillRect(rect, theme().color("bg2"))
    painter.setPen(theme().color("border"))
    painter.drawLine(rect.bottomLeft(), rect.bottomRight())
    painter.setFont(theme().font("head"))
    painter.setPen(theme().color("text2"))
    painter.drawText(rect.adjusted(_PAD, 0, -_PAD, 0), _LEFT, title)
    painter.setFont(theme().font("small"))
    painter.drawText(rect.adjusted(_PAD, 0, -_PAD, 0), _RIGHT, note)


class HeadlineView(QFrame):
    """What the engine does now, in words; below it the first failing gate.

    Signals:
        resized: Its words take another height, or it has another width.
    """

    resized = Signal()

    def __init__(self, model: ConditionsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._shown: words.Headline | None = None
        self._icon = QLabel()
        self._icon.setFixedSize(18, 18)
        self._text = QLabel()
        self._text.setProperty("role", "value")
        self._text.setWordWrap(True)  # a long sentence must not widen the dock
        self._below = QLabel()
        self._below.setProperty("role", "small")
        self._below.setWordWrap(True)
        self._below.setTextFormat(Qt.TextFormat.RichText)
        self.setProperty("kind", "bar")
        lines = QVBoxLayout()
        lines.setSpacing(1)
        lines.addWidget(self._text)
        lines.addWidget(self._below)
        row = QHBoxLayout(self)
        row.setContentsMargins(_PAD + 2, 7, _PAD + 2, 7)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addLayout(lines, 1)
        self.setAccessibleName("What the engine does now")
        model.changed.connect(self._on_changed)
        theme().changed.connect(self._on_theme)
        self._on_changed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def _on_theme(self) -> None:
        self._shown = None
        self._on_changed()

    def _on_changed(self) -> None:
        headline = words.headline(self._model.state)
        if headline == self._shown:
            return
        self._shown = headline
        self._icon.setPixmap(theme().pixmap(headline.icon, headline.tone, 18))
        self._text.setText(headline.text)
        self._below.setText("".join(_colored(text, tone) for text, tone in headline.below))
        self._below.setVisible(bool(headline.below))
        self.setAccessibleDescription(" ".join([headline.text, *(text for text, _ in headline.below)]))


def _colored(text: str, tone: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<span style="color:{theme().color(tone).name()}">{plain}</span>'


class GroupsView(QWidget):
    """Groups of conditions, one row each: icon, name, reading, the word true or false."""

    def __init__(self, model: ConditionsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._groups: tuple[words.GroupView, ...] = ()
        self.setAccessibleName("Conditions")
        model.changed.connect(self._on_changed)
        theme().changed.connect(self.update)
        self._on_changed()

    def sizeHint(self) -> QSize:
        rows = sum(len(g.rows) for g in self._groups)
        return QSize(330, len(self._groups) * (HEAD_HEIGHT + 2) + rows * ROW_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def _on_changed(self) -> None:
        groups = words.group_views(self._model.state)
        if groups == self._groups:
            return
        is_other_shape = [len(g.rows) for g in groups] != [len(g.rows) for g in self._groups]
        self._groups = groups
        if is_other_shape:
            self.updateGeometry()
        self.setAccessibleDescription(
            ". ".join(f"{g.title}: " + ", ".join(f"{r.name} {_STATES[r.state][2]}" for r in g.rows) for g in groups)
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        top = 0
        for group in self._groups:
            paint_head(painter, QRect(0, top, self.width(), HEAD_HEIGHT), group.title, group.state)
            top += HEAD_HEIGHT + 1
            for row in group.rows:
                self._paint_row(painter, QRect(0, top, self.width(), ROW_HEIGHT), row)
                top += ROW_HEIGHT
            top += 1

    def _paint_row(self, painter: QPainter, rect: QRect, row: words.RowView) -> None:
        icon, tone, word = _STATES[row.state]
        if row.state == "first":
            painter.fillRect(rect, theme().color("warn_bg"))
        painter.drawPixmap(rect.left() + _PAD, rect.top() + 4, theme().pixmap(icon, tone, 14))
        painter.setFont(theme().font("body"))
        word_width = painter.fontMetrics().horizontalAdvance("false")
        right = rect.right() - _PAD
        painter.setPen(theme().color(tone))
        painter.setFont(theme().font("small"))
        painter.drawText(QRect(right - word_width, rect.top(), word_width, ROW_HEIGHT), _RIGHT, word)
        reading = QRect(rect.left(), rect.top(), right - word_width - 8 - rect.left(), ROW_HEIGHT)
        body = QFontMetrics(theme().font("body"))
        is_tight = body.horizontalAdvance(row.name + row.reading) + _PAD + 30 > reading.width()
        painter.setFont(theme().font("small" if is_tight else "body"))
        painter.setPen(theme().color("text2"))
        painter.drawText(reading, _RIGHT, row.reading)
        name = reading.adjusted(_PAD + 22, 0, -painter.fontMetrics().horizontalAdvance(row.reading) - 8, 0)
        painter.setPen(theme().color("text1" if row.state in ("true", "first") else "text2"))
        text = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideMiddle, name.width())
        painter.drawText(name, _LEFT, text)


class MatrixView(QWidget):
    """The last five closes and the price against four bands: a check is true, an empty box false."""

    def __init__(self, model: ConditionsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._matrix: tuple[tuple[bool | None, ...], ...] = ()
        self.setAccessibleName("Closes against their bands")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEAD_HEIGHT + 2 + 24 + len(words.MATRIX_ROWS) * 23 + 4)
        model.changed.connect(self._on_changed)
        theme().changed.connect(self.update)
        self._on_changed()

    def _on_changed(self) -> None:
        matrix = words.matrix(self._model.state)
        if matrix != self._matrix:
            self._matrix = matrix
            self.setAccessibleDescription(
                "; ".join(
                    f"{relation} {band}: " + " ".join("—" if v is None else "true" if v else "false" for v in row)
                    for (band, relation), row in zip(words.MATRIX_ROWS, matrix, strict=True)
                )
            )
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_head(painter, QRect(0, 0, self.width(), HEAD_HEIGHT), "Closes against their bands")
        left = self.width() - _PAD - len(words.MATRIX_COLUMNS) * _BOX_STEP + (_BOX_STEP - _BOX)
        top = HEAD_HEIGHT + 2
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text3"))
        for column, subject in enumerate(words.MATRIX_COLUMNS):
            text = subject.removeprefix("close")
            center = QRect(left + column * _BOX_STEP - 8, top, _BOX + 16, 24)
            painter.drawText(center, Qt.AlignmentFlag.AlignCenter, text)
        top += 24
        for (band, relation), row in zip(words.MATRIX_ROWS, self._matrix, strict=True):
            painter.setPen(theme().color("text2"))
            painter.drawText(QRect(_PAD, top, left - _PAD, _BOX), _LEFT, f"{relation} {band}")
            for column, value in enumerate(row):
                self._paint_box(painter, QPoint(left + column * _BOX_STEP, top), value)
            top += 23

    def _paint_box(self, painter: QPainter, at: QPoint, value: bool | None) -> None:
        box = QRect(at, QSize(_BOX - 1, _BOX - 1))
        painter.setPen(theme().color("ok" if value else "border"))
        painter.setBrush(theme().color("ok_bg" if value else "bg1"))
        painter.drawRoundedRect(box, 2, 2)
        if value:
            painter.drawPixmap(at + QPoint(4, 4), theme().pixmap("check", "ok", 12))
        elif value is None:
            painter.setPen(theme().color("text3"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, fmt.DASH)


class DecisionsView(QWidget):
    """The newest decisions: time, verdict, reason."""

    def __init__(self, model: ConditionsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setAccessibleName("Last decisions")
        self.setMinimumHeight(HEAD_HEIGHT + 2 + NEWEST_DECISIONS * ROW_HEIGHT)
        model.changed.connect(self._on_changed)
        theme().changed.connect(self.update)

    def _on_changed(self) -> None:
        lines = [words.decision_line(row) for row in self._model.state.decisions]
        self.setAccessibleDescription("; ".join(" ".join(line[:3]) for line in lines))
        self.setToolTip("\n".join(" ".join(line[:3]) for line in lines))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_head(painter, QRect(0, 0, self.width(), HEAD_HEIGHT), "Last decisions")
        top = HEAD_HEIGHT + 2
        decisions = self._model.state.decisions
        painter.setFont(theme().font("body"))
        if not decisions:
            painter.setPen(theme().color("text3"))
            painter.drawText(QRect(_PAD, top, self.width() - _PAD, ROW_HEIGHT), _LEFT, "None yet in this session")
        clock_width = painter.fontMetrics().horizontalAdvance("88:88:88") + 8
        for row in decisions:
            time, verdict, text, tone = words.decision_line(row)
            rect = QRect(_PAD, top, self.width() - 2 * _PAD, ROW_HEIGHT)
            painter.setPen(theme().color("text2"))
            painter.drawText(rect, _LEFT, time)
            painter.setPen(theme().color(tone))
            verdict_rect = rect.adjusted(clock_width, 0, 0, 0)
            painter.drawText(verdict_rect, _LEFT, verdict)
            verdict_width = max(60, QFontMetrics(painter.font()).horizontalAdvance(verdict) + 10)
            text_rect = verdict_rect.adjusted(verdict_width, 0, 0, 0)
            painter.setPen(theme().color("text2"))
            elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, text_rect.width())
            painter.drawText(text_rect, _LEFT, elided)
            top += ROW_HEIGHT


class ConditionBoard(QWidget):
    """Headline above; groups left; matrix and last decisions right, where there is room for them."""

    WIDE = 560
    """Narrower than this the right half goes; it stands in the same dock again as soon as the dock is wide."""

    def __init__(self, model: ConditionsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.headline = HeadlineView(model)
        self.groups = GroupsView(model)
        self.matrix = MatrixView(model)
        self.decisions = DecisionsView(model)
        self.time = QLabel()
        self.time.setProperty("role", "label")
        scroll = QScrollArea()
        scroll.setWidget(self.groups)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        scroll.setAccessibleName("Conditions, scrolling")
        self._right = QWidget()
        right = QVBoxLayout(self._right)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.matrix)
        right.addWidget(self.decisions, 1)
        right.addStretch(0)
        rule = QFrame()
        rule.setProperty("kind", "rule")
        rule.setFixedWidth(1)
        self._rule = rule
        halves = QHBoxLayout()
        halves.setSpacing(0)
        halves.addWidget(scroll, 58)
        halves.addWidget(rule)
        halves.addWidget(self._right, 42)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)  # `minimumSizeHint` tells it
        column.addWidget(self.headline)
        column.addLayout(halves, 1)
        self.headline.resized.connect(self._fit_decisions)
        model.changed.connect(self._on_changed)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 200)

    def sizeHint(self) -> QSize:
        return QSize(640, 384)

    def _on_changed(self) -> None:
        self.time.setText(f"message {fmt.clock(self._model.state.event_time_ms or None)}")

    def resizeEvent(self, event: object) -> None:
        is_wide = self.width() >= self.WIDE
        self._right.setVisible(is_wide)
        self._rule.setVisible(is_wide)
        self._fit_decisions()

    def _fit_decisions(self) -> None:
        """Leave the last decisions out where they have no room; a size hint knows nothing of the width of words."""
        room = self.height() - self.headline.heightForWidth(self.width())
        self.decisions.setVisible(room >= self.matrix.height() + self.decisions.minimumHeight())

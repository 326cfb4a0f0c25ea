"""GoodTillDialog: the end of a GTD order, in UTC, more than ten minutes away and on a whole second."""

from PySide6.QtCore import QDateTime, Qt, QTimeZone, Signal
from PySide6.QtWidgets import QDateTimeEdit, QHBoxLayout, QPushButton, QWidget

from trader_gui.risk.order_kinds import GOOD_TILL_LEAD_MS
from trader_gui.widgets.dialogs.frame import ProfileDialog, main_button
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.format import duration

_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000
_SPANS = (("15 min", 15 * _MINUTE_MS), ("1 h", _HOUR_MS), ("4 h", 4 * _HOUR_MS), ("24 h", _DAY_MS))
_SPARE_MS = 30_000
"""An end that is offered is still far enough away after this much thinking."""


class GoodTillDialog(ProfileDialog):
    """A few usual spans, midnight, and any date and time.

    Signals:
        chosen: The end, milliseconds UTC.
    """

    chosen = Signal(object)

    def __init__(self, now_ms: int, profile_name: str, parent: QWidget | None = None) -> None:
        """Make the dialog; `now_ms` is the venue's time."""
        super().__init__(profile_name, "Good till", parent, side_note="UTC")
        self.setMinimumWidth(346)
        self._now_ms = now_ms
        self.edit = QDateTimeEdit()
        self.edit.setTimeZone(QTimeZone(QTimeZone.Initialization.UTC))
        self.edit.setDisplayFormat("yyyy-MM-dd HH:mm:ss")
        self.edit.setAccessibleName("End of the order, UTC")
        self.edit.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.spans: dict[str, QPushButton] = {}
        self.take_button = main_button("Take this end", "primary")
        self._build_body()
        self.edit.dateTimeChanged.connect(self._show)
        self._put(now_ms + _HOUR_MS)

    @property
    def end_ms(self) -> int:
        """The end as it stands."""
        return self.edit.dateTime().toMSecsSinceEpoch() // 1000 * 1000

    def _build_body(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        ends = {text: self._now_ms + span for text, span in _SPANS}
        ends["00:00"] = self._now_ms - self._now_ms % _DAY_MS + _DAY_MS
        for text, end_ms in ends.items():
            button = self.spans[text] = QPushButton(text)
            button.setAutoDefault(False)
            button.setAccessibleName(f"Until {text}" if ":" in text else f"For {text}")
            button.clicked.connect(lambda _checked=False, e=end_ms: self._put(e))
            row.addWidget(button, 1)
        self.body.addWidget(label("The exchange cancels what is left of the order then.", "small"))
        self.body.addLayout(row)
        self.body.addWidget(self.edit)
        self.body.addStretch(1)
        self.take_button.clicked.connect(self._take)
        self.buttons.addWidget(self.take_button, 1)

    def _put(self, end_ms: int) -> None:
        """Put a time in, rounded up to the minute."""
        whole_ms = -(-end_ms // _MINUTE_MS) * _MINUTE_MS
        self.edit.setDateTime(QDateTime.fromMSecsSinceEpoch(whole_ms, QTimeZone(QTimeZone.Initialization.UTC)))
        self._show()

    def _show(self) -> None:
        left_ms = self.end_ms - self._now_ms
        is_right = left_ms > GOOD_TILL_LEAD_MS + _SPARE_MS
        self.say([] if is_right else [Message("The end must be more than ten minutes away.", "danger")])
        self.take_button.setEnabled(is_right)
        self.take_button.setText(f"In {duration(left_ms / 1000)}" if is_right else "Take this end")

    def _take(self) -> None:
        self.accept()
        self.chosen.emit(self.end_ms)


def open_good_till(now_ms: int, profile_name: str, parent: QWidget) -> GoodTillDialog:
    """Open the dialog; it deletes itself when it is closed."""
    dialog = GoodTillDialog(now_ms, profile_name, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog

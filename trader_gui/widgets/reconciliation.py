"""The reconciliation panel: how the account stands to the exchange, a button to look now, and the table."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from trader_gui.models.reconciliation import ReconciliationModel
from trader_gui.models.session import SessionModel
from trader_gui.widgets.provenance_words import account, account_words
from trader_gui.widgets.reconciliation_columns import RECONCILIATION, reconciliation_tip
from trader_gui.widgets.tables import TableView
from trader_gui.widgets.theme import set_style_property, theme

HEAD_HEIGHT = 32
_ICON_PX = 14


class ReconciliationPanel(QWidget):
    """A line of words over the table.

    Signals:
        check_requested: The user wants the account to be held against the exchange now.
    """

    check_requested = Signal()

    def __init__(self, model: ReconciliationModel, session: SessionModel) -> None:
        super().__init__()
        self._session = session
        self.table = TableView(
            model,
            RECONCILIATION,
            "Reconciliation",
            "What exchange, journal and this program say of the account appears here after the first look",
            tip=lambda row, key: reconciliation_tip(row),
        )
        self._icon = QLabel()
        self._words = QLabel()
        self._words.setProperty("role", "body")
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QPushButton("Check now")
        self.button.setToolTip("Ask the exchange for everything now; differences that you have seen go from the table")
        self.button.clicked.connect(self.check_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_head())
        column.addWidget(self.table, 1)
        session.changed.connect(self._on_changed)
        theme().changed.connect(self._on_changed)
        self._on_changed()

    def _make_head(self) -> QFrame:
        head = QFrame()
        head.setFixedHeight(HEAD_HEIGHT)
        row = QHBoxLayout(head)
        row.setContentsMargins(10, 2, 4, 2)
        row.setSpacing(6)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self.button)
        return head

    def _on_changed(self) -> None:
        state = self._session.state.account
        view, text = account(state), account_words(state)
        self._icon.setVisible(bool(view.icon))
        if view.icon:
            tone = "ok" if view.icon == "check" else view.tone
            self._icon.setPixmap(theme().pixmap(view.icon, tone, _ICON_PX))
        if self._words.text() != text:
            self._words.setText(text)
            self._words.setToolTip(text)
        set_style_property(self._words, "tone", "text2" if view.tone == "text1" else view.tone)

"""LineAsking: a line moved on the chart goes by the ticket's rules of asking, and by its dialog."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt

from trader_gui.domain.symbol import SymbolRules
from trader_gui.domain.ticket import AskWhen
from trader_gui.models.series_lines import OrderLine
from trader_gui.models.ticket import TicketModel
from trader_gui.models.ticket_asking import AskReason, reasons_to_ask_of_move
from trader_gui.widgets.chart.chart_view import ChartView
from trader_gui.widgets.dialogs.move import MoveDialog
from trader_gui.widgets.order_entry import OrderEntry


class LineAsking(QObject):
    """Between a chart's lines and the user's rules.

    Args:
        view: Of the chart.
        model: Has the figures of the symbol that is traded.
        ticket: Keeps the rules.

    Attributes:
        dialog: The one that is open, None mostly.
    """

    def __init__(self, view: ChartView, model: TicketModel, ticket: OrderEntry) -> None:
        super().__init__(ticket)
        self._view, self._model, self._ticket = view, model, ticket
        self.dialog: MoveDialog | None = None
        view.drag.reasons = self._reasons
        view.drag.question_raised.connect(self._on_question)

    def _reasons(
        self, before: OrderLine, after: OrderLine, symbol: SymbolRules, mark: Decimal | None
    ) -> Sequence[AskReason]:
        return reasons_to_ask_of_move(self._ticket.menu.ask, before, after, symbol, mark)

    def _on_question(self, before: OrderLine, after: OrderLine, reasons: Sequence[AskReason]) -> None:
        dialog = MoveDialog(
            self._model,
            before,
            after,
            lambda: self._view.drag.refusal(before, after.price),
            self._ticket.profile_name,
            self._view.window(),
            reasons=reasons,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog = dialog
        self._view.series.changed.connect(dialog.look)  # an order may be over without any figure being another
        dialog.agreed.connect(self._on_agreed)
        dialog.rejected.connect(self._on_rejected)
        dialog.open()

    def _on_agreed(self, ask_no_more: bool) -> None:
        self.dialog = None
        if ask_no_more:
            menu = self._ticket.menu
            menu.set_ask(replace(menu.ask, drag=AskWhen.ABOVE_LIMITS))
        self._view.drag.answer(is_agreed=True)

    def _on_rejected(self) -> None:
        self.dialog = None
        self._view.drag.answer(is_agreed=False)

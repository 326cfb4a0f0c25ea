"""TicketStage: the order staged on the chart stands in the ticket, and goes through its checks and questions."""

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QObject

from trader_gui.domain.ticket import OrderKind, SizeUnit, TicketPreset
from trader_gui.widgets.chart.staging import Staged, Staging
from trader_gui.widgets.order_entry import OrderEntry


class TicketStage(QObject):
    """Between a chart's staging and the ticket.

    An entry takes its size from the ticket; an exit is for the whole position, and leaves the ticket as it was.

    Args:
        staging: Of the chart.
        ticket: It is filled in, and sends.
        show_ticket: Brings the ticket to the front.
    """

    def __init__(self, staging: Staging, ticket: OrderEntry, show_ticket: Callable[[], None]) -> None:
        super().__init__(ticket)
        self._staging = staging
        self._ticket = ticket
        self._show_ticket = show_ticket
        self._kept: TicketPreset | None = None
        self._is_filling = False
        staging.changed.connect(self._on_staged)
        staging.send_requested.connect(self._on_send)
        ticket.symbol_leaving.connect(staging.drop)
        ticket.judged.connect(self._on_judged)
        ticket.order_requested.connect(self._on_sent)
        ticket.bracket_requested.connect(self._on_sent)

    def _on_staged(self) -> None:
        staged = self._staging.staged
        if staged is None:
            self._put_back()
            return
        is_first = self._kept is None
        if is_first:
            self._kept = self._ticket.preset
            self._show_ticket()
        self._is_filling = True
        self._fill(staged, is_first=is_first)
        self._is_filling = False
        self._ticket.judge_soon()

    def _fill(self, staged: Staged, *, is_first: bool) -> None:
        ticket = self._ticket
        ticket.kind.set_value(staged.kind)
        if is_first:
            ticket.reduce_only.setChecked(staged.reduces)
            if staged.reduces:
                ticket.put(replace(ticket.preset, kind=staged.kind, size_unit=SizeUnit.PERCENT, size_text="100"))
        ticket.side.set_value(staged.side)
        if staged.kind is OrderKind.LIMIT:
            ticket.prices.set_choices(ticket.prices.working_type, None)
        ticket.show_kind()
        field = ticket.limit_price if staged.kind is OrderKind.LIMIT else ticket.trigger_price
        if field.value != staged.price:
            field.set_value(staged.price)

    def _on_judged(self) -> None:
        """Show the ticket's word at the line; what is typed into the ticket moves the line."""
        staged, ticket = self._staging.staged, self._ticket
        if staged is None or self._is_filling:
            return
        typed = ticket.kind.value, ticket.reduce_only.isChecked()
        if typed != (staged.kind, staged.reduces):
            self._kept = None  # it has been made another order in the ticket, and stays one there
            self._staging.drop()
            return
        judged = ticket.assessment(staged.side)
        if judged is None or judged.price is None or judged.price == staged.price:
            self._staging.show(judged)
        elif not self._staging.is_held:
            self._staging.move_to(judged.price)

    def _on_send(self) -> None:
        staged = self._staging.staged
        if staged is not None:
            self._ticket.press(staged.side)

    def _on_sent(self) -> None:
        """It is on its way: the line is the exchange's affair now."""
        if self._staging.staged is not None and not self._staging.staged.reduces:
            self._kept = None
        self._staging.drop()

    def _put_back(self) -> None:
        """Let the ticket be what it was, but for the price."""
        kept, self._kept = self._kept, None
        if kept is not None:
            self._ticket.put(kept)
            self._ticket.judge_soon()

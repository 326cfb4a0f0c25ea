"""OrderLifeDialog: every message of one order: intent, answers, events, fills, with their times."""

from typing import Any

from PySide6.QtWidgets import QWidget

from trader_gui.domain.order import AmendIntent, CancelIntent, OrderIntent, OrderOutcome, OrderUpdate, OutcomeKind, Side
from trader_gui.i18n import outcome_words, readable, reason_words
from trader_gui.models.order_life import LifeRow, OrderLifeModel
from trader_gui.widgets import format as fmt
from trader_gui.widgets.dialogs.frame import ProfileDialog
from trader_gui.widgets.fields import label
from trader_gui.widgets.history_columns import is_money, status_words
from trader_gui.widgets.table_columns import STATES, TYPES, ColumnLook, figures, side_words, terms_words
from trader_gui.widgets.tables import TableView

_ANSWERS = {
    OutcomeKind.ACCEPTED: ("accepted", "text1"),
    OutcomeKind.REFUSED: ("refused", "danger"),
    OutcomeKind.UNKNOWN: ("no clear answer", "warn"),
}


def what_words(row: LifeRow) -> tuple[str, str]:
    """Return (what a message is, its tone)."""
    what = row.what
    if isinstance(what, OrderIntent):
        return "Wanted and written down", "text1"
    if isinstance(what, OrderOutcome):
        words, tone = _ANSWERS[what.kind]
        asked = "Cancel" if what.is_cancel else "Change" if what.is_amend else "Order"
        return f"{asked} {words}", tone
    if isinstance(what, CancelIntent | AmendIntent):
        return "Cancel asked for" if isinstance(what, CancelIntent) else "Change asked for", "text1"
    if what.fill is not None:
        return "Filled", "ok"
    status = what.order.status
    return STATES.get(status) or status_words(status.value), "text1"


def detail_words(row: LifeRow) -> str:
    """Return what a message says beyond that."""
    what = row.what
    if isinstance(what, OrderIntent):
        side = side_words(what.side is Side.BUY, "Buy", "Sell")
        return f"{side} {TYPES[what.order_type].lower()} {figures(what)}. {reason_words(what.reason)}"
    if isinstance(what, OrderOutcome):
        return outcome_words(what) if what.kind is not OutcomeKind.ACCEPTED else ""
    if isinstance(what, CancelIntent | AmendIntent):
        terms = f"To {terms_words(what)}. " if isinstance(what, AmendIntent) else ""
        return f"{terms}{reason_words(what.reason)}"
    return _event_words(what)


def _event_words(update: OrderUpdate) -> str:
    order, fill = update.order, update.fill
    service = "conditional order" if order.order_type.is_conditional else "order"
    number = f"{service} {order.order_id}" if order.order_id is not None else service
    if fill is None:
        reason = f", reason {update.expiry_reason}" if update.expiry_reason else ""
        return f"{readable(update.execution_type.lower())}, {number}{reason}"
    fee = f"{fmt.number(-fill.commission, 4 if is_money(fill.commission_asset) else 8, sign=True)}"
    liquidity = "maker" if fill.is_maker else "taker"
    done = f"{order.executed_quantity:,f} of {order.quantity:,f}"
    return (
        f"{fill.quantity:,f} @ {fill.price:,f} as {liquidity}, fee {fee} {fill.commission_asset}, "
        f"result {fmt.money(fill.realized_pnl)}; {done} done"
    )


def _time(row: LifeRow) -> str:
    return f"{fmt.date_time(row.time_ms)}.{row.time_ms % 1000:03}"


LOOKS = (
    ColumnLook("time", 190, _time, lambda r: "text2"),
    ColumnLook("after", 90, lambda r: fmt.DASH if r.after_ms is None else fmt.number(r.after_ms, 0), lambda r: "text2"),
    ColumnLook("what", 200, lambda r: what_words(r)[0], lambda r: what_words(r)[1], is_strong=True),
    ColumnLook("detail", 420, detail_words, lambda r: "text2", stretch=True),
)


class OrderLifeDialog(ProfileDialog):
    """The life of one order.

    Args:
        row: The table's row that was asked about: of an open order, an order that is over, or a fill.
        model: Its messages.
    """

    def __init__(self, profile_name: str, row: Any, model: OrderLifeModel, parent: QWidget | None = None) -> None:
        super().__init__(profile_name, "An order's life", parent, side_note=row.client_order_id)
        model.setParent(self)
        self.cancel_button.setText("Close")
        self.setMinimumSize(1040, 380)
        self.table = TableView(
            model,
            LOOKS,
            "Messages of the order",
            "The journal has no message of this order: it was placed elsewhere, or before this journal began.",
        )
        note = "Times are the exchange's where it told one; an answer is dated by the market's last message before it."
        self.body.addWidget(self.table, 1)
        self.body.addWidget(label(note, "small"))

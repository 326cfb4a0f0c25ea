"""The figures that an order would lead to, as label and value; used by the ticket and by the dialogs."""

from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from trader_gui.domain.symbol import SymbolRules
from trader_gui.models.ticket_records import Preview
from trader_gui.widgets.fields import label
from trader_gui.widgets.format import DASH, money, percent, price, quantity
from trader_gui.widgets.theme import set_style_property

LABELS = {
    "notional": "Notional",
    "cost": "Cost (margin)",
    "fee_maker": "Fee, maker",
    "fee_taker": "Fee, taker",
    "position_after": "Position after",
    "break_even": "Break-even",
    "liquidation_price": "Liquidation price",
    "loss_at_stop": "Loss at stop",
    "closing_pnl": "Result of closing",
}


class PreviewPanel(QWidget):
    """Rows of label and value; unknown is an em dash.

    Attributes:
        values: The value labels by row.
    """

    def __init__(self, rows: Sequence[str] = tuple(LABELS), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, QLabel] = {}
        self._labels: dict[str, QLabel] = {}
        self._hidden: set[str] = set()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for index, row in enumerate(rows):
            name, value = label(LABELS[row], "body"), label(DASH, "figure")
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(name, index, 0)
            grid.addWidget(value, index, 1)
            self._labels[row], self.values[row] = name, value

    def set_row_hidden(self, row: str, hidden: bool) -> None:
        """Leave a row out for want of room, or show it again."""
        (self._hidden.add if hidden else self._hidden.discard)(row)
        self._labels[row].setHidden(hidden)
        self.values[row].setHidden(hidden)

    def show_preview(self, preview: Preview | None, rules: SymbolRules | None, *, dimmed: bool = False) -> None:
        """Show a preview, or dashes.

        Args:
            preview: None shows dashes.
            rules: Decimals and asset names; None shows dashes.
            dimmed: The figures are of old prices.
        """
        told: dict[str, tuple[str, str]] = {}
        if preview is not None and rules is not None:
            told = preview_words(preview, rules)
        for row, value in self.values.items():
            text, tone = told.get(row, (DASH, ""))
            if value.text() != text:
                value.setText(text)
                value.setAccessibleName(f"{LABELS[row]}: {text}")
            set_style_property(value, "tone", "text3" if dimmed else tone)
        closes = preview is not None and preview.closing_pnl is not None
        if "closing_pnl" in self.values and "closing_pnl" not in self._hidden:
            self._labels["closing_pnl"].setVisible(closes)
            self.values["closing_pnl"].setVisible(closes)


def preview_words(preview: Preview, rules: SymbolRules) -> dict[str, tuple[str, str]]:
    """Return (text, tone) by row."""
    quote, decimals = rules.quote_asset, rules.price_decimals

    def amount(value: Decimal | None) -> str:
        return DASH if value is None else f"{money(value, sign=False)} {quote}"

    liquidation = "none" if preview.liquidation_price == 0 else price(preview.liquidation_price, decimals)
    return {
        "notional": (amount(preview.notional), ""),
        "cost": (amount(preview.cost), ""),
        "fee_maker": (amount(preview.fee_maker), ""),
        "fee_taker": (amount(preview.fee_taker), ""),
        "position_after": (position_words(preview.position_after, preview.entry_after, rules), ""),
        "break_even": (price(preview.break_even, decimals), ""),
        "liquidation_price": (liquidation, ""),
        "loss_at_stop": _stop_words(preview, quote),
        "closing_pnl": _result_words(preview.closing_pnl, quote),
    }


def position_words(amount: Decimal, entry_price: Decimal | None, rules: SymbolRules) -> str:
    """Return a position in words: `Long 0.030 @ 108,423.3`, `Flat`."""
    if not amount:
        return "Flat"
    side = "Long" if amount > 0 else "Short"
    size = quantity(abs(amount), rules.quantity_decimals)
    return f"{side} {size}" if entry_price is None else f"{side} {size} @ {price(entry_price, rules.price_decimals)}"


def _stop_words(preview: Preview, quote: str) -> tuple[str, str]:
    if not preview.position_after:
        return DASH, ""
    if preview.stop_price is None:
        return "no stop", "text2"
    if preview.loss_at_stop is None:
        return DASH, ""
    text, tone = _result_words(preview.loss_at_stop, quote)
    if preview.loss_fraction is not None:
        text += f" ({percent(abs(preview.loss_fraction), sign=False)})"
    return text, tone


def _result_words(value: Decimal | None, quote: str) -> tuple[str, str]:
    if value is None:
        return DASH, ""
    tone = "up" if value > 0 else "down" if value < 0 else ""
    return f"{money(value)} {quote}", tone

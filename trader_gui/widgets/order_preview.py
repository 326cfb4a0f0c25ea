"""The figures that an order would lead to, as label and value; used by the ticket and by the dialogs."""

from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from trader_gui.domain.symbol import SymbolRules
from trader_gui.models.ticket_records import Preview
from trader_gui.widgets.fields import label
from trader_gui.widgets.format import DASH, money, percent, price, quantity, r_multiple
from trader_gui.widgets.theme import set_style_property

LABELS = {
    "notional": "Notional",
    "cost": "Cost (margin)",
    "fees": "Fee, maker / taker",
    "fee_maker": "Fee, maker",
    "fee_taker": "Fee, taker",
    "position_after": "Position after",
    "break_even": "Break-even",
    "liquidation_price": "Liquidation price",
    "loss_at_stop": "Loss at stop",
    "gain_at_target": "Gain at target",
    "closing_pnl": "Result of closing",
}


class PreviewPanel(QWidget):
    """Rows of label and value; unknown is an em dash. There are always as many rows for one kind of order.

    Attributes:
        values: The value labels by row.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, QLabel] = {}
        self._labels: dict[str, QLabel] = {}
        self._joins_fees = False
        self._fees = (True, True)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        for index, (row, text) in enumerate(LABELS.items()):
            name, value = label(text, "body"), label(DASH, "figure")
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(name, index, 0)
            self._grid.addWidget(value, index, 1)
            self._labels[row], self.values[row] = name, value
        self.set_density(4, joins_fees=False)
        self._show_row("closing_pnl", False)

    def set_density(self, spacing: int, *, joins_fees: bool) -> None:
        """Set the pixels between two rows, and whether both fees share one."""
        self._joins_fees = joins_fees
        self._grid.setVerticalSpacing(spacing)
        self._show_fees()

    def set_fees(self, *, makes: bool, takes: bool) -> None:
        """Say which fees the order may have to pay; a row that cannot be has none."""
        self._fees = (makes, takes)
        self._show_fees()

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
        if preview is not None:
            closes = preview.closing_pnl is not None
            self._show_row("closing_pnl", closes)
            self._show_row("gain_at_target", not closes)

    def _show_fees(self) -> None:
        makes, takes = self._fees
        is_joint = self._joins_fees and makes and takes
        self._show_row("fees", is_joint)
        self._show_row("fee_maker", makes and not is_joint)
        self._show_row("fee_taker", takes and not is_joint)

    def _show_row(self, row: str, is_shown: bool) -> None:
        self._labels[row].setHidden(not is_shown)
        self.values[row].setHidden(not is_shown)


def preview_words(preview: Preview, rules: SymbolRules) -> dict[str, tuple[str, str]]:
    """Return (text, tone) by row."""
    quote, decimals = rules.quote_asset, rules.price_decimals

    def amount(value: Decimal | None) -> str:
        return DASH if value is None else f"{money(value, sign=False)} {quote}"

    fees = f"{money(preview.fee_maker, sign=False)} / {amount(preview.fee_taker)}"

    liquidation = "none" if preview.liquidation_price == 0 else price(preview.liquidation_price, decimals)
    return {
        "notional": (amount(preview.notional), ""),
        "cost": (amount(preview.cost), ""),
        "fees": (fees, ""),
        "fee_maker": (amount(preview.fee_maker), ""),
        "fee_taker": (amount(preview.fee_taker), ""),
        "position_after": (position_words(preview.position_after, preview.entry_after, rules), ""),
        "break_even": (price(preview.break_even, decimals), ""),
        "liquidation_price": (liquidation, ""),
        "loss_at_stop": _stop_words(preview, quote),
        "gain_at_target": _target_words(preview, quote),
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


def _target_words(preview: Preview, quote: str) -> tuple[str, str]:
    if preview.gain_at_target is None:
        return (DASH, "") if not preview.position_after else ("no target", "text2")
    text, tone = _result_words(preview.gain_at_target, quote)
    return f"{text} ({r_multiple(preview.gain_in_r)})" if preview.gain_in_r is not None else text, tone


def _result_words(value: Decimal | None, quote: str) -> tuple[str, str]:
    if value is None:
        return DASH, ""
    tone = "up" if value > 0 else "down" if value < 0 else ""
    return f"{money(value)} {quote}", tone

"""ArmingSheet: what the engine may do and for how long, what was checked, and a button that must be held."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from trader_gui.domain.step import Refusal
from trader_gui.i18n import refusal_words
from trader_gui.widgets.dialogs.frame import ProfileDialog, rule
from trader_gui.widgets.dialogs.hold_button import HoldButton
from trader_gui.widgets.fields import Message, label
from trader_gui.widgets.format import clock, money, quantity
from trader_gui.widgets.number_field import NumberField
from trader_gui.widgets.theme import set_style_property, theme

DEFAULT_MINUTES = 60
MOST_MINUTES = 24 * 60
_MINUTE_MS = 60_000
_ICONS = {"ok": "check", "warn": "triangle", "danger": "octagon"}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at before arming.

    Attributes:
        name, value: As shown, `Price feed`, `fresh 0.2 s`.
        level: `ok`, `warn` (said, bars nothing) or `danger` (bars arming).
        reason: With danger: one sentence why arming is not possible.
    """

    name: str
    value: str
    level: str = "ok"
    reason: str = ""


@dataclass(frozen=True)
class ArmingContract:
    """What the engine may do; None is "no limit" for limits, and unknown for the rest.

    Attributes:
        strategy, symbol: As shown.
        entry_quantity: Size of one entry, base asset.
        entry_price: Price that sizes are told in money at.
        largest_position, largest_loss: The gate's limits, quote asset.
        result_today: Result so far today, quote asset, negative is a loss.
        entries_per_hour: The gate's limit.
        leverage: As set at the exchange.
        stop_fraction: Distance of the strategy's own stop from the entry.
        protective_stop_fraction: Distance of the stop that rests at the exchange.
        taker_fraction: Commission.
        now_ms: Venue time, for the time of day at which arming ends.
        closes_unprotected: A position whose stop cannot be confirmed is closed at market; otherwise an alarm is raised.
        has_dead_man: The exchange cancels entries when this program is no longer heard of.
    """

    strategy: str
    symbol: str
    base_asset: str
    quote_asset: str
    entry_quantity: Decimal
    quantity_decimals: int
    entry_price: Decimal | None = None
    largest_position: Decimal | None = None
    largest_loss: Decimal | None = None
    result_today: Decimal | None = None
    entries_per_hour: int | None = None
    leverage: int | None = None
    stop_fraction: Decimal | None = None
    protective_stop_fraction: Decimal | None = None
    taker_fraction: Decimal | None = None
    now_ms: int = 0
    closes_unprotected: bool = True
    has_dead_man: bool = True

    @property
    def loss_left(self) -> Decimal | None:
        """What may still be lost today, quote asset; None without a limit."""
        if self.largest_loss is None:
            return None
        return max(Decimal(0), self.largest_loss + min(self.result_today or Decimal(0), Decimal(0)))

    @property
    def loss_of_one_trade(self) -> Decimal | None:
        """Loss of one stopped trade with both fees, quote asset; None while price, stop or fee is unknown."""
        if self.entry_price is None or self.stop_fraction is None or self.taker_fraction is None:
            return None
        return self.entry_quantity * self.entry_price * (self.stop_fraction + 2 * self.taker_fraction)


class ArmingSheet(ProfileDialog):
    """The contract at the left, the checks at the right, both in one sentence below.

    Signals:
        arm_requested: Seconds (float) for which the engine is to be armed; answer with `accept` or `show_refusals`.
    """

    arm_requested = Signal(float)

    def __init__(
        self, contract: ArmingContract, profile_name: str, parent: QWidget | None = None, *, account_note: str = ""
    ) -> None:
        """Make the sheet.

        Args:
            contract: Shown as it stands.
            profile_name: As of the session.
            parent: The window that it is modal to.
            account_note: What is at stake, `Real money · key ending 7F2C`.
        """
        super().__init__(profile_name, "Arm the engine", parent, side_note=account_note)
        self.contract = contract
        self._checks: tuple[Check, ...] = ()
        self.minutes = NumberField("Expires after")
        self.hold_button = HoldButton("Hold to arm")
        self._expiry = label("", "small")
        self._sentence = label("", "body", "text1")
        self._check_grid = QGridLayout()
        self._check_rows: list[tuple[QLabel, QLabel, QLabel]] = []
        self.setMinimumWidth(920)
        self._build_body()
        self.minutes.set_value(Decimal(DEFAULT_MINUTES))
        self._judge()

    @property
    def duration_s(self) -> float | None:
        """How long the engine is to be armed; None while the minutes are no whole number from 1 to a day."""
        value = self.minutes.value
        if value is None or value != value.to_integral_value() or not 1 <= value <= MOST_MINUTES:
            return None
        return float(value) * 60

    def set_checks(self, checks: Sequence[Check]) -> None:
        """Show what was checked; may be called again while the sheet is open. One in danger bars arming."""
        self._checks = tuple(checks)
        while len(self._check_rows) < len(checks):
            self._add_check_row()
        for index, (icon, name, value) in enumerate(self._check_rows):
            shown = index < len(checks)
            for part in (icon, name, value):
                part.setVisible(shown)
            if shown:
                check = checks[index]
                icon.setPixmap(theme().pixmap(_ICONS[check.level], check.level, 14))
                name.setText(check.name)
                value.setText(check.value)
                set_style_property(value, "tone", "" if check.level == "ok" else check.level)
        self._judge()

    def show_refusals(self, refusals: Sequence[Refusal]) -> None:
        """Say why the engine was not armed, and let the user try again."""
        self._judge()
        self.say([Message(html.escape(refusal_words(r)), "danger") for r in refusals])

    def _build_body(self) -> None:
        sides = QHBoxLayout()
        sides.setSpacing(24)
        sides.addLayout(self._build_contract(), 3)
        divider = rule()
        divider.setFixedSize(1, 1)
        divider.setMaximumHeight(10_000)
        sides.addWidget(divider)
        sides.addLayout(self._build_checks(), 2)
        self.body.addLayout(sides)
        frame = QFrame()
        frame.setProperty("kind", "popover")
        box = QVBoxLayout(frame)
        box.setContentsMargins(14, 10, 14, 10)
        self._sentence.setWordWrap(True)
        self._sentence.setTextFormat(Qt.TextFormat.RichText)
        box.addWidget(self._sentence)
        self.body.addWidget(frame)
        self.buttons.addWidget(label("Let go early and nothing happens.\nBy keyboard: hold Space.", "small"), 1)
        self.buttons.addWidget(self.hold_button, 2)
        self.hold_button.held.connect(self._arm)
        self.minutes.edited.connect(self._judge)

    def _build_contract(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(label("The engine may do this, and nothing more", "head"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(2, 1)
        for index, (name, value, note) in enumerate(_contract_rows(self.contract)):
            grid.addWidget(label(name, "body"), index, 0)
            grid.addWidget(label(value, "value"), index, 1)
            words = label(note, "small")
            words.setWordWrap(True)
            grid.addWidget(words, index, 2)
        column.addLayout(grid)
        self.minutes.set_increment(Decimal(1), 0)
        self.minutes.set_unit("min")
        self.minutes.setMaximumWidth(200)
        row = QHBoxLayout()
        row.addWidget(self.minutes, 1)
        row.addWidget(self._expiry, 1, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        column.addStretch(1)
        return column

    def _build_checks(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(label("Checked just now", "head"))
        self._check_grid.setHorizontalSpacing(8)
        self._check_grid.setVerticalSpacing(8)
        self._check_grid.setColumnStretch(2, 1)
        column.addLayout(self._check_grid)
        column.addWidget(rule())
        column.addWidget(label("When it expires, trips or is disarmed", "head"))
        after = label("No new entries. A stop at the exchange stays there. Orders by hand are not touched.", "body")
        after.setWordWrap(True)
        column.addWidget(after)
        column.addStretch(1)
        return column

    def _add_check_row(self) -> None:
        index = len(self._check_rows)
        row = (label("", "body"), label("", "body", "text1"), label("", "small"))
        row[2].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row[2].setWordWrap(True)  # a long reason must not take the room of the contract's notes
        for column, part in enumerate(row):
            self._check_grid.addWidget(part, index, column)
        self._check_rows.append(row)

    def _judge(self) -> None:
        """Say what the choice means, and whether arming is possible."""
        duration_s = self.duration_s
        barring = [c for c in self._checks if c.level == "danger"]
        self.minutes.set_messages(
            [] if duration_s else [Message(f"Whole minutes, 1 to {MOST_MINUTES:,} (one day).", "danger")]
        )
        self.say([Message(html.escape(c.reason or f"{c.name}: {c.value}"), "danger") for c in barring])
        end_ms = self.contract.now_ms + int((duration_s or 0) * 1000)
        has_end = duration_s is not None and self.contract.now_ms > 0
        self._expiry.setText(f"At {clock(end_ms)} UTC, {clock(end_ms, 'KST')} KST" if has_end else "")
        self._sentence.setText(_contract_sentence(self.contract, duration_s) if duration_s else "")
        self.hold_button.setEnabled(duration_s is not None and not barring)

    def _arm(self) -> None:
        """Ask for it; the button waits until the answer is there."""
        duration_s = self.duration_s
        if duration_s is not None and self.is_settled():
            self.hold_button.setEnabled(False)
            self.say([Message("Arming…", "info")])
            self.arm_requested.emit(duration_s)


def _contract_rows(contract: ArmingContract) -> list[tuple[str, str, str]]:
    """Return (name, value, note) of the contract's lines."""
    quote = contract.quote_asset
    size = f"{quantity(contract.entry_quantity, contract.quantity_decimals)} {contract.base_asset}"
    worth = ""
    if contract.entry_price is not None:
        worth = f"{money(contract.entry_quantity * contract.entry_price, sign=False)} {quote} at the last price"
    per_hour = "no limit" if contract.entries_per_hour is None else str(contract.entries_per_hour)
    return [
        ("Strategy", contract.strategy, ""),
        ("Symbol", contract.symbol, "One-way" if contract.leverage is None else f"One-way, {contract.leverage}×"),
        ("Size of one entry", size, worth),
        ("Largest position", _limit_words(contract.largest_position, quote), "Counts what you open by hand too"),
        ("Largest loss today", _limit_words(contract.largest_loss, quote), _loss_note(contract)),
        ("Entries an hour", per_hour, "Exits are never barred"),
        ("Stop", _fraction_words(contract.stop_fraction), _stop_note(contract)),
        ("Without a stop", *_unprotected_words(contract)),
        ("If this program dies", *_dead_man_words(contract)),
    ]


def _limit_words(limit: Decimal | None, asset: str) -> str:
    return "no limit" if limit is None else f"{money(limit, sign=False)} {asset}"


def _fraction_words(fraction: Decimal | None) -> str:
    return "none" if fraction is None else f"{fraction * 100:.2f} %"


def _stop_note(contract: ArmingContract) -> str:
    if contract.protective_stop_fraction is None:
        return "From entry, by the strategy; none at the exchange"
    return f"From entry, by the strategy; {_fraction_words(contract.protective_stop_fraction)} at the exchange"


def _unprotected_words(contract: ArmingContract) -> tuple[str, str]:
    when = "When the exchange has not confirmed one within 2 s"
    return ("closed at market" if contract.closes_unprotected else "alarm only"), when


def _dead_man_words(contract: ArmingContract) -> tuple[str, str]:
    if not contract.has_dead_man:
        return "entries stay", "The dead man's switch is off"
    return "entries go in 2 min", f"With every other limit order of {contract.symbol}, yours too; stops stay"


def _loss_note(contract: ArmingContract) -> str:
    if contract.loss_left is None:
        return "Nothing stops it at a loss of the day"
    lost = max(Decimal(0), -(contract.result_today or Decimal(0)))
    return f"{money(lost, sign=False)} already lost, {money(contract.loss_left, sign=False)} left; then no entries"


def _contract_sentence(contract: ArmingContract, duration_s: float) -> str:
    """Return the whole contract in one sentence, as HTML."""
    quote, loss_tone = contract.quote_asset, theme().direction(False, "text").name()

    def bold(text: str) -> str:
        return f"<b>{html.escape(text)}</b>"

    minutes = int(duration_s // 60)
    size = f"{quantity(contract.entry_quantity, contract.quantity_decimals)} {contract.base_asset}"
    parts = [
        f"For the next {bold(f'{minutes} minute' if minutes == 1 else f'{minutes} minutes')} the engine may trade "
        f"{bold(contract.symbol)} by {bold(contract.strategy)} with entries of {bold(size)}"
    ]
    if contract.largest_position is not None:
        parts.append(f"hold at most {bold(_limit_words(contract.largest_position, quote))}")
    if contract.entries_per_hour is not None:
        parts.append(f"send at most {bold(f'{contract.entries_per_hour} entries an hour')}")
    if contract.loss_left is None:
        parts.append(f"and lose {bold('without a limit of the day')}")
    else:
        left = html.escape(f"{money(contract.loss_left, sign=False)} {quote}")
        parts.append(f'and lose about <b style="color: {loss_tone}">{left}</b> more today')
    sentence = ", ".join(parts) + "."
    if contract.loss_of_one_trade is not None:
        loss = html.escape(f"{money(contract.loss_of_one_trade, sign=False)} {quote}")
        sentence += f' Loss of one stopped trade: about <b style="color: {loss_tone}">{loss}</b> with both fees.'
    return sentence

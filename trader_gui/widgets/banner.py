"""Banners under the session bar: one line each, worst first, at most two; the same cause never stacks."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from trader_gui.domain.account import Position, PositionKey
from trader_gui.domain.protection import ProtectionState
from trader_gui.i18n import number_words, stream_words
from trader_gui.models.protection import ProtectionKind
from trader_gui.models.session import SessionModel
from trader_gui.models.session_state import AccountKind, FeedKind, RouteState, SessionState
from trader_gui.widgets import format as fmt
from trader_gui.widgets import session_words as words
from trader_gui.widgets.protection_words import watch_did, watch_what
from trader_gui.widgets.reconciliation_columns import reconciliation_tip
from trader_gui.widgets.stream_words import feed_trouble, user_stream_trouble, why_down
from trader_gui.widgets.theme import set_style_property, theme

HEIGHT = 36
SHOWN = 2
_ICONS = {"danger": "octagon", "warn": "triangle", "info": "info"}
_RANK = {"danger": 0, "warn": 1, "info": 2}


@dataclass(frozen=True)
class Banner:
    """One line of trouble or notice.

    Attributes:
        key: Of the cause; one banner per cause.
        tone: `danger`, `warn` or `info`.
        what, did: The bold cause, and what the program did about it.
        actions: (id, label) of its buttons; `dismiss` hides it until the cause has gone and come again.
        position: Whose closing `close` asks for; None where there is no such button.
    """

    key: str
    tone: str
    what: str
    did: str = ""
    actions: tuple[tuple[str, str], ...] = ()
    position: PositionKey | None = None


_DISMISS = (("dismiss", "Dismiss"),)
_CLOSE = (("close", "Close position…"),)
_PROTECT = (("protect", "Protect now"), ("close_now", "Close now"))


def session_banners(model: SessionModel) -> list[Banner]:
    """Return what a session's state calls for, worst first."""
    state = model.state
    banners = [*_phase_banners(state), *_danger_banners(model), *_feed_banners(state), *_notices(state)]
    return sorted(banners, key=lambda b: _RANK[b.tone])


def _phase_banners(state: SessionState) -> list[Banner]:
    if state.phase == "failed":
        return [Banner("failed", "danger", "The session has failed.", state.failure)]
    if state.phase == "ended":
        return [Banner("ended", "info", "The session has ended.", "Stops stay at the exchange.")]
    return []


def _danger_banners(model: SessionModel) -> list[Banner]:
    state, banners = model.state, _naked_banners(model)
    if words.is_tripped(state):
        did = "It does nothing until you arm it again. Orders at the exchange stay there."
        worst = state.account.worst
        if worst is not None:
            did = f"{reconciliation_tip(worst)} {did}"
        what = f"Engine halted: {words.halt_words(state.halt_reason)}."
        actions = _DISMISS if worst is None else (("account", "Show"), *_DISMISS)
        banners.append(Banner("tripped", "danger", what, did, actions))
    banned_until_ms = state.service.banned_until_ms
    if banned_until_ms is not None:
        what = f"The exchange has banned this address until {fmt.date_time(banned_until_ms)} UTC."
        banners.append(Banner("banned", "danger", what, "Nothing is sent before. Orders at the exchange stay there."))
    if not state.service.journal_ok:
        banners.append(_journal_banner(state))
    return banners


def _naked_banners(model: SessionModel) -> list[Banner]:
    """Return what is said of positions without a stop: the engine's, of which its policy takes care, and others."""
    state, banners = model.state, []
    what, watched = watch_what(state), state.watch.position
    if what:
        did = f"{_position_words(model, watched)} {watch_did(state)}".strip()
        is_naked, is_bracket = state.watch.state is ProtectionState.NAKED, state.watch.is_bracket
        actions = (_CLOSE if is_bracket else _PROTECT) if is_naked and watched is not None else ()
        key = "naked_bracket" if is_bracket else "naked_engine"
        banners.append(Banner(key, "danger", what, did, actions, watched.key if watched is not None else None))
    others = [p for p in state.protection.naked if watched is None or p.key != watched.key]
    if state.protection.kind is ProtectionKind.NAKED and others:
        what = "A position has no stop at the exchange."
        if len(others) > 1:
            what = f"{len(others)} positions have no stop at the exchange."
        did = " ".join(_position_words(model, p) for p in others)
        banners.append(Banner("naked", "danger", what, did, _CLOSE, others[0].key))
    return banners


def _journal_banner(state: SessionState) -> Banner:
    since_ms = state.service.journal_failed_since_ms
    since = f" since {fmt.date_time(since_ms)} UTC" if since_ms is not None else ""
    did = f"No order is sent. {state.service.journal_failure}".strip()
    return Banner("journal", "danger", f"The journal cannot be written{since}.", did)


def _position_words(model: SessionModel, position: Position | None) -> str:
    if position is None:
        return ""
    rules, size = model.rules_of(position.symbol), abs(position.position_amount)
    side = "Long" if position.position_amount > 0 else "Short"
    if rules.is_unknown:
        return f"{side} {number_words(size)} {position.symbol} from {number_words(position.entry_price)}."
    entry = fmt.price(position.entry_price, rules.price_decimals)
    return f"{side} {fmt.quantity(size, rules.quantity_decimals)} {position.symbol} from {entry}."


def _feed_banners(state: SessionState) -> list[Banner]:
    if state.phase != "running" or state.data_ended:
        return []
    banners = []
    feed, user_stream = state.feed, state.user_stream
    age_s = state.account.age_s
    unconfirmed = "" if age_s is None else f"The account was last confirmed {fmt.age(age_s)} ago. "
    trouble = feed_trouble(feed)
    if trouble:
        tone = "danger" if feed.kind is FeedKind.OFFLINE else "warn"
        banners.append(Banner("feed", tone, trouble, _held(feed)))
    trouble = user_stream_trouble(user_stream)
    if trouble:
        banners.append(Banner("user_stream", "warn", trouble, unconfirmed + _held(user_stream)))
    return banners


def _held(route: RouteState) -> str:
    """Return what follows from a stream's trouble."""
    if route.kind is FeedKind.FRESH:
        return "It is fresh at the moment. Stops stay at the exchange."
    held = "Entries are held. Reconnecting. Stops stay at the exchange."
    return f"{why_down(route)} {held}".lstrip()


def _notices(state: SessionState) -> list[Banner]:
    banners = []
    if state.disturbance:
        did = "All connections are made anew, and the account is read. An engine that was armed is disarmed."
        banners.append(Banner("disturbance", "warn", stream_words(state.disturbance), did, _DISMISS))
    if state.differences:
        count = len(state.differences)
        what = "The exchange differs from the last session." if count == 1 else f"{count} differences at start."
        actions = (("account", "Show"), *_DISMISS)
        banners.append(Banner("differences", "warn", what, " · ".join(state.differences), actions))
    if state.account.problem and state.account.kind is AccountKind.OLD:
        what = f"The account has not been confirmed for {fmt.age(state.account.age_s)}."
        banners.append(Banner("account", "warn", what, f"{state.account.problem}.", (("account", "Show"),)))
    if state.data_ended and state.phase == "running":
        banners.append(
            Banner("data_ended", "info", "The recorded data has ended.", "Nothing more will come.", _DISMISS)
        )
    return banners


class BannerRow(QFrame):
    """One banner; its texts change in place, so that a ticking age moves no button.

    Signals:
        action_requested: (banner key, action id).
    """

    action_requested = Signal(str, str)

    def __init__(self, banner: Banner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.banner = banner
        self.setProperty("kind", "banner")
        self.setProperty("tone", banner.tone)
        self.setFixedHeight(HEIGHT)
        self._icon = QLabel()
        self._what = QLabel()
        self._what.setProperty("role", "value")
        self._did = QLabel()
        self._did.setProperty("role", "body")
        self._did.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 12, 3)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self._what)
        row.addWidget(self._did, 1)
        for action, label in banner.actions:
            button = QPushButton(label)
            button.setAccessibleName(f"{label}: {banner.what}")
            button.clicked.connect(lambda _=False, a=action: self.action_requested.emit(self.banner.key, a))
            row.addWidget(button)
        theme().changed.connect(self._show_icon)
        self.show_banner(banner)
        self._show_icon()

    def show_banner(self, banner: Banner) -> None:
        """Show a banner with the same key and actions."""
        self.banner = banner
        self._what.setText(banner.what)
        self._did.setText(banner.did)
        self._did.setToolTip(banner.did)
        self.setAccessibleName(f"{banner.what} {banner.did}")
        set_style_property(self, "tone", banner.tone)

    def _show_icon(self) -> None:
        self._icon.setPixmap(theme().pixmap(_ICONS[self.banner.tone], self.banner.tone, 16))


class BannerStack(QWidget):
    """The banners of a session and those that the app adds.

    Signals:
        action_requested: (banner key, action id); `dismiss` is done here and not passed on, `close` told by its own.
        close_requested: (key of a position) of the one that the banner names.
    """

    action_requested = Signal(str, str)
    close_requested = Signal(object)

    def __init__(self, model: SessionModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._added: dict[str, Banner] = {}
        self._dismissed: set[str] = set()
        self._rows: dict[str, BannerRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(4, 4, 4, 0)
        self._column.setSpacing(4)
        self.setAccessibleName("Notices")
        model.changed.connect(self._on_changed)
        self._on_changed()

    def add(self, banner: Banner) -> None:
        """Show a banner until `remove`, or until the user dismisses it."""
        self._added[banner.key] = banner
        self._dismissed.discard(banner.key)
        self._on_changed()

    def remove(self, key: str) -> None:
        """Take an added banner away."""
        if self._added.pop(key, None) is not None:
            self._on_changed()

    def banners(self) -> list[Banner]:
        """Return what is shown, top first."""
        return [row.banner for row in self._rows.values()]

    def _on_changed(self) -> None:
        wanted = [*self._added.values(), *session_banners(self._model)]
        self._dismissed &= {b.key for b in wanted}
        wanted = sorted((b for b in wanted if b.key not in self._dismissed), key=lambda b: _RANK[b.tone])
        self._show(wanted[:SHOWN])

    def _show(self, banners: Sequence[Banner]) -> None:
        if [b.key for b in banners] != list(self._rows) or any(
            self._rows[b.key].banner.actions != b.actions for b in banners
        ):
            self._rebuild(banners)
        for banner in banners:
            if self._rows[banner.key].banner != banner:
                self._rows[banner.key].show_banner(banner)
        self.setVisible(bool(banners))

    def _rebuild(self, banners: Sequence[Banner]) -> None:
        for row in self._rows.values():
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = {}
        for banner in banners:
            row = self._rows[banner.key] = BannerRow(banner, self)
            row.action_requested.connect(self._on_action)
            self._column.addWidget(row)

    def _on_action(self, key: str, action: str) -> None:
        if action == "dismiss":
            self._dismissed.add(key)
            self._added.pop(key, None)
            self._on_changed()
        elif action == "close":
            self.close_requested.emit(self._rows[key].banner.position)
        else:
            self.action_requested.emit(key, action)

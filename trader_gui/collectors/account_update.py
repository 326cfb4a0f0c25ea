"""Balances and positions, from the venue's account messages alone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from trader_gui.collectors.collector import Collector
from trader_gui.domain.account import AccountSnapshot, AccountUpdate, Balance, LeverageUpdate, MarginType, Position
from trader_gui.domain.step import Message

if TYPE_CHECKING:
    import pandas as pd


class AccountUpdateCollector(Collector):
    """The account as the venue tells it; what a delta does not name stays as it was.

    A streamed row that is older than the row at hand (by the matching engine's time) is passed over, and a snapshot
    does not undo a row that was streamed after it was asked for: the two may come in any order. A snapshot's time is
    the market's, as that of the stream is.

    Attributes:
        is_known: A snapshot was applied; before it, nothing is known and nothing may be assumed.
        balances: By asset.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_known = False
        self.balances: dict[str, Balance] = {}
        self._balance_times_ms: dict[str, int] = {}
        self._positions: dict[str, Position] = {}

    @property
    def positions(self) -> dict[str, Position]:
        """Positions that are not flat, by symbol."""
        return {symbol: p for symbol, p in self._positions.items() if p.position_amount}

    def position(self, symbol: str) -> Position | None:
        """Return the position, None when flat (or when `is_known` is False)."""
        position = self._positions.get(symbol)
        return position if position is not None and position.position_amount else None

    def leverage(self, symbol: str) -> int | None:
        """Return the leverage set for the symbol; None while not told."""
        position = self._positions.get(symbol)
        return position.leverage if position is not None else None

    def margin_type(self, symbol: str) -> MarginType | None:
        """Return the margin type set for the symbol; None while not told."""
        position = self._positions.get(symbol)
        return position.margin_type if position is not None else None

    def apply(self, message: Message) -> bool:
        if isinstance(message, AccountUpdate):
            changed = [self._merge_balance(b, message.transaction_time_ms) for b in message.balances]
            changed += [self._merge_position(p, message.transaction_time_ms) for p in message.positions]
            return self._count(any(changed))
        if isinstance(message, AccountSnapshot):
            self._replace(message)
            return self._count(True)
        if isinstance(message, LeverageUpdate):
            known = self._positions.get(message.symbol) or _flat(message.symbol)
            self._positions[message.symbol] = replace(known, leverage=message.leverage)
            return self._count(True)
        return False

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(
            [msgspec.structs.asdict(p) for p in self.positions.values()], columns=Position.__struct_fields__
        )

    def balance_frame(self) -> pd.DataFrame:
        """Return the balances as a frame, one row for each asset."""
        import pandas as pd

        return pd.DataFrame(
            [msgspec.structs.asdict(b) for b in self.balances.values()], columns=Balance.__struct_fields__
        )

    def _count(self, changed: bool) -> bool:
        self.revision += changed
        return changed

    def _merge_balance(self, told: Balance, time_ms: int) -> bool:
        if time_ms < self._balance_times_ms.get(told.asset, 0):
            return False
        known = self.balances.get(told.asset)
        self._balance_times_ms[told.asset] = time_ms
        if told.available_balance is None and known is not None:
            told = replace(told, available_balance=known.available_balance)
        self.balances[told.asset] = told
        return told != known

    def _merge_position(self, told: Position, time_ms: int) -> bool:
        known = self._positions.get(told.symbol) or _flat(told.symbol)
        if time_ms < known.update_time_ms:
            return False
        self._positions[told.symbol] = replace(
            told,
            update_time_ms=time_ms,
            leverage=told.leverage if told.leverage is not None else known.leverage,
            margin_type=told.margin_type if told.margin_type is not None else known.margin_type,
        )
        return True

    def _replace(self, snapshot: AccountSnapshot) -> None:
        asked_ms = snapshot.taken_time_ms
        newer = {a: b for a, b in self.balances.items() if self._balance_times_ms.get(a, 0) > asked_ms}
        self.balances = {b.asset: b for b in snapshot.balances} | newer
        self._balance_times_ms |= dict.fromkeys(self.balances.keys() - newer.keys(), asked_ms)
        before = self._positions
        self._positions = {
            symbol: known
            if known.update_time_ms > asked_ms
            else replace(_flat(symbol), leverage=known.leverage, margin_type=known.margin_type)
            for symbol, known in before.items()
        }
        for told in snapshot.positions:
            if not self._merge_position(told, told.update_time_ms):
                self._take_settings(told)
        self.is_known = True

    def _take_settings(self, told: Position) -> None:
        """Take from a row that is otherwise out of date what only a request tells."""
        known = self._positions[told.symbol]
        self._positions[told.symbol] = replace(
            known, leverage=told.leverage or known.leverage, margin_type=told.margin_type or known.margin_type
        )


def _flat(symbol: str) -> Position:
    zero = Decimal(0)
    return Position(symbol=symbol, position_amount=zero, entry_price=zero, unrealized_pnl=zero)

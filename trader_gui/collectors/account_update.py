"""Balances and positions, from the venue's account messages alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from trader_gui.collectors.collector import Collector
from trader_gui.domain.account import (
    AccountSnapshot,
    AccountUpdate,
    Balance,
    LeverageUpdate,
    MarginType,
    Position,
    PositionKey,
    PositionMode,
    SymbolConfig,
)
from trader_gui.domain.order import PositionSide
from trader_gui.domain.step import Message

if TYPE_CHECKING:
    import pandas as pd


class AccountUpdateCollector(Collector):
    """The account as the venue tells it; what a delta does not name stays as it was.

    A streamed row that is older than the row at hand (by the matching engine's time) is passed over, and a snapshot
    does not undo a row that was streamed after it was asked for: the two may come in any order. Nor does a snapshot
    that was asked for before the newest one at hand: it is passed over. A snapshot's time is the market's, as that of
    the stream is.

    Attributes:
        is_known: A snapshot was applied; before it, nothing is known and nothing may be assumed.
        is_hedge: The account is in hedge mode: a symbol's position has two legs.
        balances: By asset.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_known = False
        self.is_hedge = False
        self._taken_time_ms = 0
        self.balances: dict[str, Balance] = {}
        self._balance_times_ms: dict[str, int] = {}
        self._snapshot_time_ms = 0
        self._positions: dict[PositionKey, Position] = {}
        self._leverages: dict[str, int] = {}
        self._leverage_times_ms: dict[str, int] = {}
        self._margin_types: dict[str, MarginType] = {}

    @property
    def positions(self) -> dict[PositionKey, Position]:
        """Positions that are not flat; in hedge mode a symbol may have two, one for each leg."""
        return {key: p for key, p in self._positions.items() if p.position_amount}

    def position(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> Position | None:
        """Return the position, None when flat (or when `is_known` is False)."""
        position = self._positions.get((symbol, side))
        return position if position is not None and position.position_amount else None

    def legs(self, symbol: str) -> tuple[Position, ...]:
        """Return the symbol's positions that are not flat: at most one in one-way mode, two in hedge mode."""
        return tuple(p for p in self._positions.values() if p.symbol == symbol and p.position_amount)

    def leverage(self, symbol: str) -> int | None:
        """Return the leverage set for the symbol; None while not told."""
        return self._leverages.get(symbol)

    def margin_type(self, symbol: str) -> MarginType | None:
        """Return the margin type set for the symbol; None while not told."""
        return self._margin_types.get(symbol)

    def position_time_ms(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> int:
        """Return the time, by the market's clock, since which the position is as it is told now."""
        position = self._positions.get((symbol, side))
        return position.update_time_ms if position is not None else self._snapshot_time_ms

    def changed_time_ms(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> int:
        """Return when the position changed last, as the venue named it; 0 where only a list says that it is flat."""
        position = self._positions.get((symbol, side))
        return position.update_time_ms if position is not None else 0

    @property
    def listed_time_ms(self) -> int:
        """Return when the newest list of all positions was asked for; it may be older than it says."""
        return self._snapshot_time_ms

    def balance_time_ms(self, asset: str) -> int:
        """Return the time since which a balance is as it is told now."""
        return self._balance_times_ms.get(asset, self._snapshot_time_ms)

    def apply(self, message: Message) -> bool:
        if isinstance(message, AccountUpdate):
            changed = [self._merge_balance(b, message.transaction_time_ms) for b in message.balances]
            changed += [self._merge_position(p, message.transaction_time_ms) for p in message.positions]
            return self._count(any(changed))
        if isinstance(message, AccountSnapshot):
            return self._count(self._replace(message))
        if isinstance(message, LeverageUpdate):
            return self._count(self._take_leverage(message))
        if isinstance(message, SymbolConfig):
            return self._count(self._take_config(message))
        if isinstance(message, PositionMode):
            was_hedge, self.is_hedge = self.is_hedge, message.is_hedge
            return self._count(was_hedge is not message.is_hedge)
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
        key = told.key
        known = self._positions.get(key)
        if known is not None and time_ms < known.update_time_ms:
            return False
        self._positions[key] = replace(told, update_time_ms=time_ms)
        self._take_settings(told.symbol, told.leverage, told.margin_type)
        return True

    def _replace(self, snapshot: AccountSnapshot) -> bool:
        asked_ms = snapshot.taken_time_ms
        if asked_ms < self._taken_time_ms:
            return False
        self._taken_time_ms = asked_ms
        newer = {a: b for a, b in self.balances.items() if self._balance_times_ms.get(a, 0) > asked_ms}
        self.balances = {b.asset: b for b in snapshot.balances} | newer
        self._balance_times_ms |= dict.fromkeys(self.balances.keys() - newer.keys(), asked_ms)
        self._positions = {key: p for key, p in self._positions.items() if p.update_time_ms > asked_ms}
        for told in snapshot.positions:
            if not self._merge_position(told, told.update_time_ms):
                self._take_settings(told.symbol, told.leverage, told.margin_type)
        self._snapshot_time_ms = asked_ms
        self.is_known = True
        return True

    def _take_leverage(self, told: LeverageUpdate) -> bool:
        if told.event_time_ms < self._leverage_times_ms.get(told.symbol, 0):
            return False
        self._leverage_times_ms[told.symbol] = told.event_time_ms
        self._take_settings(told.symbol, told.leverage, None)
        return True

    def _take_config(self, told: SymbolConfig) -> bool:
        """Take what was read; a leverage that an event has told since it was asked for stays."""
        is_older = told.event_time_ms < self._leverage_times_ms.get(told.symbol, 0)
        leverage = None if is_older else told.leverage
        before = (self.leverage(told.symbol), self.margin_type(told.symbol))
        self._take_settings(told.symbol, leverage, told.margin_type)
        return before != (self.leverage(told.symbol), self.margin_type(told.symbol))

    def _take_settings(self, symbol: str, leverage: int | None, margin_type: MarginType | None) -> None:
        """Take what is set for a symbol; None leaves it as it was, since only some messages tell it."""
        if leverage:
            self._leverages[symbol] = leverage
        if margin_type is not None:
            self._margin_types[symbol] = margin_type
        for key, position in self._positions.items():
            if position.symbol == symbol:
                self._positions[key] = replace(
                    position, leverage=self.leverage(symbol), margin_type=self.margin_type(symbol)
                )

"""Changes what the venue keeps for the account: leverage, margin type, position mode, and margin of a position."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from trader_gui.domain.account import MarginType, PositionKey
from trader_gui.errors import OutcomeUnknownError, ProtocolError, UserError, VenueError
from trader_gui.exchange.port import OrderPort
from trader_gui.rt_trader.repair import Repair
from trader_gui.rt_trader.symbol_terms import SymbolTerms


class VenueSettings:
    """One change at a time; what came of it is read from the venue, never assumed.

    Args:
        port: The account.
        repair: Reads the account anew.
        terms: Reads leverage and margin type anew.
        take_mode: Told the position mode once the venue has taken it; no event of the venue tells it.
    """

    def __init__(self, port: OrderPort, repair: Repair, terms: SymbolTerms, take_mode: Callable[[bool], None]) -> None:
        self._port = port
        self._repair = repair
        self._terms = terms
        self._take_mode = take_mode

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set a symbol's leverage.

        Raises:
            VenueError: The venue refuses, and nothing has changed; or its answer never came.
        """
        await self._change(self._port.set_leverage(symbol, leverage), symbol)

    async def set_margin_type(self, symbol: str, margin_type: MarginType) -> None:
        """Set a symbol's margin type.

        Raises:
            VenueError: As for the leverage.
        """
        await self._change(self._port.set_margin_type(symbol, margin_type), symbol)

    async def set_position_mode(self, *, is_hedge: bool, is_armed: bool) -> None:
        """Set the account's position mode, for all its symbols.

        Raises:
            UserError: The engine is armed, which trades in one-way mode only.
            VenueError: As for the leverage.
        """
        if is_armed:
            raise UserError("Disarm the engine first: it must not meet another position mode while it trades.")
        try:
            await self._change(self._port.set_position_mode(is_hedge=is_hedge))
        except OutcomeUnknownError:
            self._take_mode(await self._port.is_hedge_mode())
            raise
        self._take_mode(is_hedge)

    async def move_margin(self, key: PositionKey, amount: Decimal, *, adds: bool) -> None:
        """Add margin to an isolated position, or take some away.

        Raises:
            VenueError: As for the leverage. Of an answer that never came the margin then read tells what was done.
        """
        await self._change(self._port.move_margin(key, amount, adds=adds))

    async def _change(self, work: Awaitable[None], symbol: str = "") -> None:
        """Make a change and read the account; where the reading fails, or the outcome is open, read until it is."""
        try:
            await work
        except OutcomeUnknownError:
            self._read_until_known(symbol)
            raise
        try:
            await self._repair.read_account()
            if symbol:
                await self._terms.read_config(symbol)
        except (VenueError, ProtocolError):
            self._read_until_known(symbol)

    def _read_until_known(self, symbol: str) -> None:
        self._repair.account()
        if symbol:
            self._terms.want_config(symbol)

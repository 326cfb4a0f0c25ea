"""What the account trades other symbols by: commission, leverage brackets, and the leverage and margin type set."""

from msgspec.structs import replace

from trader_gui.exchange.port import OrderPort
from trader_gui.rt_trader.errands import Errands
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import ShownStatus, TradingTerms


class SymbolTerms:
    """Reads the terms of symbols that are shown or held; commission and brackets of each once in a session.

    Args:
        port: The account.
        road: Leverage and margin type go to the core by it.
        status: Commission and brackets are put there.
        errands: Runs the readings.
    """

    def __init__(self, port: OrderPort, road: Road, status: ShownStatus, errands: Errands) -> None:
        self._port = port
        self._road = road
        self._status = status
        self._errands = errands

    def want(self, symbol: str) -> None:
        """Have the terms of a symbol read, unless the account's host does not trade it."""
        if not self._road.callback.symbol_rules.of(symbol).is_unknown:
            self._errands.run(f"the terms of {symbol}", lambda: self._read(symbol))

    def want_config(self, symbol: str) -> None:
        """Have leverage and margin type of a symbol read in the background."""
        self._errands.run(f"the settings of {symbol}", lambda: self.read_config(symbol))

    async def read_config(self, symbol: str) -> None:
        """Read leverage and margin type, and give them to the core.

        Raises:
            VenueError: They cannot be read.
        """
        asked_ms = self._road.callback.now_ms
        config = await self._port.symbol_config(symbol)
        self._road.step(replace(config, event_time_ms=asked_ms))

    async def _read(self, symbol: str) -> None:
        await self.read_config(symbol)
        if symbol not in self._status.terms:
            commission = await self._port.commission_rate(symbol)
            brackets = await self._port.leverage_brackets(symbol)
            self._status.terms[symbol] = TradingTerms(commission, brackets)

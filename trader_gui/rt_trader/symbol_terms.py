"""What the account trades another symbol by: commission, leverage brackets, and the leverage and margin type set."""

from msgspec.structs import replace

from trader_gui.callback import Callback
from trader_gui.exchange.port import CommissionRate, LeverageBracket, OrderPort
from trader_gui.rt_trader.errands import Errands
from trader_gui.rt_trader.road import Road
from trader_gui.rt_trader.status import ShownStatus


class SymbolTerms:
    """Reads the terms of the symbol that is shown; commission and brackets once in a session, settings each time.

    Args:
        port: The account.
        road: Leverage and margin type go to the core by it.
        status: Of the shown symbol; commission and brackets are put there.
        errands: Runs the readings.
    """

    def __init__(self, port: OrderPort, road: Road, status: ShownStatus, errands: Errands) -> None:
        self._port = port
        self._road = road
        self._status = status
        self._errands = errands
        self._known: dict[str, tuple[CommissionRate, tuple[LeverageBracket, ...]]] = {}

    @property
    def _callback(self) -> Callback:
        return self._road.callback

    def want(self, symbol: str) -> None:
        """Have the terms of a symbol read; what is known of before is there at once."""
        self._show(symbol)
        self._errands.run(f"the terms of {symbol}", lambda: self._read(symbol))

    def want_config(self, symbol: str) -> None:
        """Have leverage and margin type of a symbol read in the background."""
        self._errands.run(f"the settings of {symbol}", lambda: self.read_config(symbol))

    async def read_config(self, symbol: str) -> None:
        """Read leverage and margin type, and give them to the core.

        Raises:
            VenueError: They cannot be read.
        """
        asked_ms = self._callback.now_ms
        config = await self._port.symbol_config(symbol)
        self._road.step(replace(config, event_time_ms=asked_ms))

    async def _read(self, symbol: str) -> None:
        await self.read_config(symbol)
        if symbol not in self._known:
            commission = await self._port.commission_rate(symbol)
            self._known[symbol] = commission, await self._port.leverage_brackets(symbol)
        self._show(symbol)

    def _show(self, symbol: str) -> None:
        if symbol == self._status.symbol:
            self._status.commission, self._status.brackets = self._known.get(symbol, (None, ()))

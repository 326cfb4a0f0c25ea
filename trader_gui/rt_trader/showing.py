"""What of a session serves the window beside the engine: the symbol it shows, and its settings at the venue."""

from trader_gui.domain.account import MarginType
from trader_gui.exchange.port import Deliver
from trader_gui.rt_trader.shown_market import ChartFeed, ShownMarket
from trader_gui.rt_trader.venue_settings import VenueSettings


class Showing:
    """Part of `RtTrader`, which sets what is declared here."""

    _shown: ShownMarket
    _venue_settings: VenueSettings

    @property
    def is_armed(self) -> bool:
        """True while the engine may trade, exits included."""
        raise NotImplementedError

    def show(self, symbol: str, interval: str) -> None:
        """Watch the market of a symbol, so that it can be traded by hand; the engine goes on with its own."""
        self._shown.show(symbol, interval)

    def chart_feed(self, symbol: str, interval: str, deliver: Deliver) -> ChartFeed:
        """Return the klines and mark prices of what is shown, for a chart; not yet running."""
        return self._shown.feed(symbol, interval, deliver)

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Change a symbol's leverage at the venue; the account is read anew."""
        await self._venue_settings.set_leverage(symbol, leverage)

    async def set_margin_type(self, symbol: str, margin_type: MarginType) -> None:
        """Change a symbol's margin type at the venue; the account is read anew."""
        await self._venue_settings.set_margin_type(symbol, margin_type)

    async def set_position_mode(self, *, is_hedge: bool) -> None:
        """Change the account's position mode at the venue; not while the engine is armed."""
        await self._venue_settings.set_position_mode(is_hedge=is_hedge, is_armed=self.is_armed)

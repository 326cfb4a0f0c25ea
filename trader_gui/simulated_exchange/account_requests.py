"""The writing half of the account: settings as the account endpoints change them."""

from decimal import Decimal

from trader_gui.simulated_exchange import settings
from trader_gui.simulated_exchange.account import ASSET
from trader_gui.simulated_exchange.account_queries import AccountQueries
from trader_gui.simulated_exchange.margin import cut
from trader_gui.simulated_exchange.position import BOTH, POSITION_SIDES, Position
from trader_gui.simulated_exchange.records import AssetModeEvent, LeverageEvent, VenueEvent, VenueRefusal
from trader_gui.simulated_exchange.views import SymbolConfigView, asset_view


class AccountRequests(AccountQueries):
    """What a request can change of the account. A refused one has changed nothing."""

    def set_leverage(self, symbol: str, leverage: int, now_ms: int) -> tuple[SymbolConfigView, list[VenueEvent]]:
        """Change a symbol's leverage. Raises -1121, -2027, -2028, -4028, -4161."""
        self._book(symbol)
        settings.set_leverage(self._account, symbol, leverage)
        return self.symbol_config(symbol)[0], [LeverageEvent(symbol, leverage, now_ms)]

    def set_margin_type(self, symbol: str, margin_type: str, now_ms: int) -> list[VenueEvent]:
        """Change a flat symbol's margin type. Raises -1102, -1121, -4046 .. -4048, -4168."""
        self._book(symbol)
        settings.set_margin_type(self._account, symbol, margin_type, has_orders=self._has_orders(symbol))
        positions = self._account.used_positions(symbol)
        return [self._account.event("MARGIN_TYPE_CHANGE", now_ms, positions=positions)]

    def set_position_mode(self, is_hedge: bool) -> None:
        """Change between one-way and hedge mode; nothing is pushed. Raises -4059, -4067, -4068."""
        settings.set_position_mode(self._account, is_hedge, has_orders=self._has_orders(None))

    def set_multi_assets_mode(self, is_multi_assets: bool, now_ms: int) -> list[VenueEvent]:
        """Change between single-asset and multi-assets mode. Raises -4167, -4169 .. -4172."""
        settings.set_multi_assets_mode(self._account, is_multi_assets, has_orders=self._has_orders(None))
        return [AssetModeEvent(is_multi_assets, now_ms)]

    def set_fee_burn(self, is_on: bool) -> None:
        """Choose whether fees are to be paid in BNB."""
        self._account.is_fee_burn_on = is_on

    def move_position_margin(
        self, symbol: str, position_side: str, amount: Decimal, *, adds: bool, now_ms: int
    ) -> list[VenueEvent]:
        """Add margin to an isolated position or take some away; `amount` > 0.

        Raises -1111, -1121, -4049 .. -4051, -4054, -4055, -4060, -4061.
        """
        position = self._position(symbol, position_side)
        settings.move_position_margin(self._account, position, amount, adds=adds, time_ms=now_ms)
        return [self._account.event("MARGIN_TRANSFER", now_ms, positions=(position,))]

    def transfer(self, asset: str, amount: Decimal, now_ms: int) -> list[VenueEvent]:
        """Bring money to the wallet (`amount` > 0) or take it away (< 0), as between the venue's accounts.

        Raises -1126 another asset than USDT, -1111 more than 8 decimals, -4055 nothing to move, -2018 more than may be
        withdrawn.
        """
        if asset != ASSET:
            raise VenueRefusal(-1126, "This asset is not supported.")
        if amount != cut(amount):
            raise VenueRefusal(-1111, "Precision is over the maximum defined for this asset.")
        if not amount:
            raise VenueRefusal(-4055, "Amount must be positive.")
        if -amount > asset_view(self._account).max_withdraw_amount:
            raise VenueRefusal(-2018, "Balance is insufficient.")
        self._account.book_income("", "TRANSFER", amount, now_ms, info="TRANSFER")
        return [self._account.event("DEPOSIT" if amount > 0 else "WITHDRAW", now_ms, change=amount)]

    def _position(self, symbol: str, position_side: str) -> Position:
        """Return the position that a request names; refuse one that the position mode does not use."""
        self._book(symbol)
        if position_side not in POSITION_SIDES:
            raise VenueRefusal(-4060, "Invalid position side.")
        if (position_side != BOTH) is not self.is_hedge:
            raise VenueRefusal(-4061, "Order's position side does not match user's setting.")
        return self._account.position(symbol, position_side)

    def _has_orders(self, symbol: str | None) -> bool:
        """Whether a normal or an untriggered conditional order is open."""
        return bool(self._desk.open_orders(symbol)) or bool(self._algos.open_orders(symbol))

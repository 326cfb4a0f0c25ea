"""The reading half of the account: balances, positions, settings and income, as the account endpoints answer them."""

from trader_gui.simulated_exchange.paging import between, cut
from trader_gui.simulated_exchange.position import Holding, Position
from trader_gui.simulated_exchange.queries import VenueQueries
from trader_gui.simulated_exchange.records import Bracket, IncomeEntry, MarginChange, OrderRow
from trader_gui.simulated_exchange.views import (
    AccountView,
    AssetView,
    CommissionView,
    ModesView,
    PositionView,
    SymbolConfigView,
    asset_view,
    config_view,
    modes_view,
    position_view,
)


class AccountQueries(VenueQueries):
    """What can be asked about the account; in hedge mode positions are LONG and SHORT, else BOTH."""

    @property
    def is_hedge(self) -> bool:
        """Whether the account is in hedge mode."""
        return self._account.is_hedge

    def income(
        self,
        symbol: str | None = None,
        *,
        income_type: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        kept_from_ms: int = 0,
        limit: int = 100,
    ) -> list[IncomeEntry]:
        """Return changes of the wallet, oldest first; none from before `kept_from_ms`."""
        rows = (
            row
            for row in between(reversed(self._account.incomes), max(start_ms or 0, kept_from_ms), end_ms)
            if symbol in (None, row.symbol) and income_type in (None, row.income_type)
        )
        return cut(rows, from_start=start_ms is not None, limit=limit)

    def margin_changes(
        self,
        symbol: str,
        *,
        change_type: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        kept_from_ms: int = 0,
        limit: int = 500,
    ) -> list[MarginChange]:
        """Return changes of a symbol's isolated margins, oldest first; `change_type` 1 added, 2 taken away."""
        self._book(symbol)
        rows = (
            row
            for row in between(reversed(self._account.margin_changes), max(start_ms or 0, kept_from_ms), end_ms)
            if row.symbol == symbol and change_type in (None, row.change_type)
        )
        return cut(rows, from_start=start_ms is not None, limit=limit)

    def forced_orders(
        self,
        symbol: str | None = None,
        *,
        close_type: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> list[OrderRow]:
        """Return the orders that closed positions by force; `close_type` LIQUIDATION or ADL."""
        if symbol is not None:
            self._book(symbol)
        forced = reversed(self._liquidator.forced)
        orders = (row.order for row in forced if close_type in (None, row.close_type))
        rows = (order for order in between(orders, start_ms, end_ms) if symbol in (None, order.symbol))
        return cut(rows, from_start=start_ms is not None, limit=limit)

    def account(self, *, lists_all: bool = False) -> AccountView:
        """Return account v3; with `lists_all` account v2, which lists flat positions, too."""
        positions = tuple(self.position_risk(lists_all=lists_all))
        return AccountView(asset_view(self._account), positions, modes_view(self._account))

    def modes(self) -> ModesView:
        """Return fee tier and modes."""
        return modes_view(self._account)

    def balances(self) -> list[AssetView]:
        """Return balance v2 and v3: USDT alone."""
        return [asset_view(self._account)]

    def position_risk(self, symbol: str | None = None, *, lists_all: bool = False) -> list[PositionView]:
        """Return positionRisk v3: positions that are open or have open orders; with `lists_all` v2, flat ones, too."""
        return [
            position_view(self._account, self.specs[leg.symbol], leg)
            for leg in self._legs(symbol)
            if lists_all or self._is_active(leg)
        ]

    def symbol_config(self, symbol: str | None = None) -> list[SymbolConfigView]:
        """Return leverage and margin type of one or all symbols."""
        return [config_view(self.specs[holding.symbol], holding) for holding in self._chosen(symbol)]

    def leverage_brackets(self, symbol: str | None = None) -> dict[str, tuple[Bracket, ...]]:
        """Return the brackets of one or all symbols."""
        return {holding.symbol: self.specs[holding.symbol].brackets for holding in self._chosen(symbol)}

    def commission_rate(self, symbol: str) -> CommissionView:
        """Return the fee rates of a symbol."""
        self._book(symbol)
        return CommissionView(symbol, self._account.maker, self._account.taker)

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _chosen(self, symbol: str | None) -> list[Holding]:
        """Return what is held of the named symbol, or of all."""
        if symbol is None:
            return list(self._account.holdings.values())
        self._book(symbol)
        return [self._account.holdings[symbol]]

    def _legs(self, symbol: str | None) -> list[Position]:
        return [leg for holding in self._chosen(symbol) for leg in self._account.used_positions(holding.symbol)]

    def _is_active(self, position: Position) -> bool:
        book = self._books[position.symbol]
        return bool(position.amount) or (book.has_own and book.has_own_for(position.side))

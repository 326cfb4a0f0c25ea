"""The books of a campaign's session: what the exchange itself holds, compared with the client's picture and journal."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from trader_gui.callback import Callback
from trader_gui.domain.client_order_id import parse_client_order_id
from trader_gui.domain.order import Fill, Order, OrderFamily, OrderStatus, Origin
from trader_gui.journal.reader import JournalReader
from trader_gui.simulated_exchange.core import VenueCore
from trader_gui.simulated_exchange.records import AlgoRow, OrderRow, TradeRow

ALL = 1_000_000
OPEN_ALGO = frozenset({"NEW", "TRIGGERING", "TRIGGERED"})
_ZERO = Decimal(0)


class Ledger:
    """What one exchange holds for its account.

    Args:
        prefix: Of the client's order ids.
    """

    def __init__(self, core: VenueCore, symbol: str, prefix: str) -> None:
        self._core = core
        self._symbol = symbol
        self.prefix = prefix

    def is_ours(self, client_order_id: str) -> bool:
        return parse_client_order_id(self.prefix, client_order_id)[0] is not Origin.OTHER

    def is_engines(self, client_order_id: str) -> bool:
        return parse_client_order_id(self.prefix, client_order_id)[0] is Origin.ENGINE

    @property
    def position(self) -> tuple[Decimal, Decimal]:
        """Amount and entry price."""
        for row in self._core.position_risk(self._symbol):
            if row.position_amount:
                return row.position_amount, row.entry_price
        return _ZERO, _ZERO

    @property
    def wallet_balance(self) -> Decimal:
        return self._core.balances()[0].wallet_balance

    @property
    def leverage(self) -> int:
        return self._core.symbol_config(self._symbol)[0].leverage

    def orders(self) -> list[OrderRow]:
        return self._core.all_orders(self._symbol, limit=ALL)

    def algos(self) -> list[AlgoRow]:
        return self._core.all_algo_orders(self._symbol, limit=ALL)

    def trades(self) -> list[TradeRow]:
        return self._core.trades(self._symbol, limit=ALL)

    def own_trades(self) -> dict[int, TradeRow]:
        return {row.trade_id: row for row in self.trades() if self.is_ours(row.client_order_id)}

    def open_orders(self) -> dict[tuple[str, OrderFamily], tuple[object, ...]]:
        """Return what must be known of every open order of either family."""
        book = {
            (row.client_order_id, OrderFamily.BOOK): (
                row.status,
                row.side,
                row.orig_qty,
                row.price,
                row.executed_qty,
                row.order_id,
            )
            for row in self._core.open_orders(self._symbol)
        }
        algo = {
            (row.client_algo_id, OrderFamily.ALGO): (row.algo_status, row.side, row.trigger_price, row.algo_id)
            for row in self.algos()
            if row.algo_status in OPEN_ALGO
        }
        return book | algo

    # ---- against the client's picture ----------------------------------------------------------------------------

    def differences(self, callback: Callback) -> list[str]:
        """Return in what client and exchange differ now, one line each."""
        found = [*self._account_differences(callback)]
        found += _mapping_differences("open order", self.open_orders(), _pictured(callback, self._symbol))
        known = {fill.trade_id: fill for fill in callback.orders.fills}
        for trade_id, row in self.own_trades().items():
            found += _fill_differences("client's fills", row, known.get(trade_id))
        found += self._ended_differences(callback)
        return found

    def nameless_fills(self, callback: Callback) -> list[str]:
        """Return the client's fills of its own orders that it does not know for its own."""
        ours = self.own_trades()
        return [
            f"fill {fill.trade_id} of {ours[fill.trade_id].client_order_id}: the client takes it for a foreign one"
            for fill in callback.orders.fills
            if fill.trade_id in ours and not fill.client_order_id
        ]

    def _account_differences(self, callback: Callback) -> Iterable[str]:
        position = callback.account.position(self._symbol)
        ours = (position.position_amount, position.entry_price) if position is not None else (_ZERO, _ZERO)
        if ours != self.position:
            yield f"position: exchange {_words(self.position)}, client {_words(ours)}"
        balance = callback.account.balances.get("USDT")
        wallet = balance.wallet_balance if balance is not None else None
        if wallet != self.wallet_balance:
            yield f"wallet: exchange {self.wallet_balance}, client {wallet}"
        if callback.account.leverage(self._symbol) != self.leverage:
            yield f"leverage: exchange {self.leverage}, client {callback.account.leverage(self._symbol)}"

    def _ended_differences(self, callback: Callback) -> Iterable[str]:
        """What the client says of an order that is over must be what became of it."""
        ended: dict[tuple[str, OrderFamily], tuple[str, Decimal | None]] = {
            (row.client_order_id, OrderFamily.BOOK): (row.status, row.executed_qty) for row in self.orders()
        }
        ended |= {(row.client_algo_id, OrderFamily.ALGO): (row.algo_status, None) for row in self.algos()}
        for order in callback.orders.closed:
            if not self.is_ours(order.client_order_id):
                continue
            key = (order.client_order_id, order.order_family)
            truth = ended.get(key)
            if truth is None and order.status is not OrderStatus.REJECTED:
                yield f"order {_name(key)}: the exchange never had it, client {order.status}"
            if truth is not None and truth[0] != order.status.value:
                yield f"order {_name(key)}: exchange {truth[0]}, client {order.status}"
            elif truth is not None and truth[1] not in (None, order.executed_quantity):
                yield f"order {_name(key)}: exchange executed {truth[1]}, client {order.executed_quantity}"

    # ---- against the journal -----------------------------------------------------------------------------------------

    def journal_differences(self, path: Path) -> list[str]:
        """Return in what journal and exchange differ, once the client has ended."""
        with JournalReader(path) as reader:
            intents, fills = reader.intents(), {fill.trade_id: fill for fill in reader.fills()}
            belief = reader.belief()
            listed = (
                {o.client_order_id for o in belief.orders if o.order_id is not None} if belief is not None else set()
            )
            unheard = [cid for cid in intents if cid not in listed and not reader.order_messages(cid)]
        found = [f"intent {cid}: the journal holds no answer and no event" for cid in unheard]
        book, algo = (Counter(i for i in ids if self.is_ours(i)) for ids in self._client_ids())
        for client_id in sorted({*book, *algo} - intents.keys()):
            found.append(f"order {client_id}: at the exchange, not in the journal")
        for client_id, intent in intents.items():
            is_conditional = intent.order_type.is_conditional
            if (
                book[client_id] > 1
                or algo[client_id] > 1
                or (book[client_id] and is_conditional and not algo[client_id])
            ):
                found.append(f"intent {client_id}: {book[client_id]} orders and {algo[client_id]} conditional ones")
        trades = self.own_trades()
        for trade_id, row in trades.items():
            found += _fill_differences("journal", row, fills.get(trade_id))
        all_ids = {row.trade_id for row in self.trades()}
        found += [
            f"fill {trade_id}: in the journal, not at the exchange" for trade_id in fills if trade_id not in all_ids
        ]
        return found + self._belief_differences(path)

    def lives(self, path: Path, text: str) -> list[str]:
        """Return what the journal holds of every order of ours that a text names."""
        found = []
        with JournalReader(path) as reader:
            for client_id in sorted({name for name in re.findall(r"\w+-[eh][nxp]-\d+", text) if self.is_ours(name)}):
                found.append(f"{client_id}: {reader.intents().get(client_id)}")
                found += [f"    {message}" for message in reader.order_messages(client_id)]
        return found

    def _client_ids(self) -> tuple[list[str], list[str]]:
        return [row.client_order_id for row in self.orders()], [row.client_algo_id for row in self.algos()]

    def _belief_differences(self, path: Path) -> list[str]:
        with JournalReader(path) as reader:
            belief = reader.belief()
        if belief is None:
            return ["the journal has never seen an account"]
        held = [p.position_amount for (symbol, _), p in belief.positions.items() if symbol == self._symbol]
        found, amount = [], sum(held, _ZERO)
        if amount != self.position[0]:
            found.append(f"journal's position: exchange {self.position[0]}, journal {amount}")
        if belief.balances["USDT"].wallet_balance != self.wallet_balance:
            found.append(f"journal's wallet: exchange {self.wallet_balance}, journal {belief.balances['USDT']}")
        ours = {order.client_order_id for order in belief.orders if self.is_ours(order.client_order_id)}
        truth = {cid for cid, _ in self.open_orders() if self.is_ours(cid)}
        if ours != truth:
            found.append(
                f"journal's open orders: only exchange {sorted(truth - ours)}, only journal {sorted(ours - truth)}"
            )
        return found


def _pictured(callback: Callback, symbol: str) -> dict[tuple[str, OrderFamily], tuple[object, ...]]:
    return {
        (order.client_order_id, order.order_family): _picture(order) for order in callback.orders.open_orders(symbol)
    }


def _picture(order: Order) -> tuple[object, ...]:
    if order.order_family is OrderFamily.ALGO:
        return order.status.value, order.side.value, order.trigger_price, order.order_id
    quantities = order.quantity, order.price, order.executed_quantity
    return order.status.value, order.side.value, *quantities, order.order_id


def _mapping_differences(
    what: str,
    truth: Mapping[tuple[str, OrderFamily], tuple[object, ...]],
    ours: Mapping[tuple[str, OrderFamily], tuple[object, ...]],
) -> list[str]:
    return [
        f"{what} {_name(key)}: exchange {_words(truth.get(key, ()))}, client {_words(ours.get(key, ()))}"
        for key in sorted({*truth, *ours})
        if truth.get(key) != ours.get(key)
    ]


def _fill_differences(where: str, row: TradeRow, fill: Fill | None) -> list[str]:
    if fill is None:
        return [f"fill {row.trade_id} of {row.client_order_id} is not in the {where}"]
    client_order_id = row.client_order_id if fill.client_order_id else ""
    truth = (client_order_id, row.price, row.qty, row.commission, row.realized_pnl, row.side, row.time_ms)
    ours = (
        fill.client_order_id,
        fill.price,
        fill.quantity,
        fill.commission,
        fill.realized_pnl,
        fill.side.value,
        fill.trade_time_ms,
    )
    return [] if truth == ours else [f"fill {row.trade_id}, {where}: exchange {_words(truth)}, ours {_words(ours)}"]


def _name(key: tuple[str, OrderFamily]) -> str:
    return f"{key[0]} ({key[1].value})"


def _words(values: tuple[object, ...]) -> str:
    return " ".join(f"{v.normalize():f}" if isinstance(v, Decimal) else str(v) for v in values) or "nothing"

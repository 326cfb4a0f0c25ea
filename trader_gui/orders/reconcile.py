"""Venue against journal: what this program last believed, what the venue says, and where the two differ.

The venue is always right; a difference is shown and journalled, and never answered with an order.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trader_gui.domain.account import AccountSnapshot


class Belief(msgspec.Struct, frozen=True):
    """What the journal says was true when the program last wrote.

    Attributes:
        position_amounts: Signed base amount by symbol; a symbol without a position may be absent.
        open_client_order_ids: Orders of this installation that were not known to be over.
        wallet_balances: By asset, as last told.
    """

    position_amounts: Mapping[str, Decimal]
    open_client_order_ids: frozenset[str]
    wallet_balances: Mapping[str, Decimal]


class Difference(msgspec.Struct, frozen=True):
    """One point on which journal and venue disagree.

    Attributes:
        kind: `position`, `order_gone`, `order_unknown_here` or `wallet_balance`.
        name: Symbol, client order id or asset.
        journal, venue: What each says, as text; "" for nothing.
    """

    kind: str
    name: str
    journal: str
    venue: str

    def __str__(self) -> str:
        what = {"position": f"{self.name} position", "wallet_balance": f"{self.name} wallet"}.get(
            self.kind, f"order {self.name}"
        )
        return f"{what}: journal {self.journal or 'none'}, exchange {self.venue or 'none'}"


def differences(belief: Belief, snapshot: AccountSnapshot, quote_asset: str) -> tuple[Difference, ...]:
    """Compare the journal's belief with a fresh snapshot of the venue.

    Args:
        belief: From the journal, before this session wrote to it.
        snapshot: The venue's account, complete.
        quote_asset: The asset whose wallet balance is compared.
    """
    found = [*_positions(belief, snapshot), *_orders(belief, snapshot)]
    wallet = snapshot.wallet_balance(quote_asset)
    believed = belief.wallet_balances.get(quote_asset)
    if believed is not None and wallet is not None and wallet != believed:
        found.append(Difference("wallet_balance", quote_asset, _text(believed), _text(wallet)))
    return tuple(found)


def _positions(belief: Belief, snapshot: AccountSnapshot) -> list[Difference]:
    ours = {symbol: amount for symbol, amount in belief.position_amounts.items() if amount}
    venue = {p.symbol: p.position_amount for p in snapshot.positions if p.position_amount}
    return [
        Difference("position", symbol, _text(ours.get(symbol)), _text(venue.get(symbol)))
        for symbol in sorted(ours.keys() | venue.keys())
        if ours.get(symbol, Decimal(0)) != venue.get(symbol, Decimal(0))
    ]


def _orders(belief: Belief, snapshot: AccountSnapshot) -> list[Difference]:
    venue = {order.client_order_id: order for order in snapshot.open_orders}
    gone = [Difference("order_gone", cid, "open", "") for cid in sorted(belief.open_client_order_ids - venue.keys())]
    new = [
        Difference("order_unknown_here", cid, "", f"{order.status} {order.side} {order.quantity:f} {order.symbol}")
        for cid, order in sorted(venue.items())
        if cid not in belief.open_client_order_ids
    ]
    return gone + new


def _text(amount: Decimal | None) -> str:
    return f"{amount.normalize():f}" if amount else ""

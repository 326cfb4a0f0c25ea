"""Venue against journal: what this program last believed, what the venue says, and where the two differ.

The venue is always right; a difference is shown and journalled, and never answered with an order.
"""

from decimal import Decimal

import msgspec

from trader_gui.domain.account import AccountSnapshot
from trader_gui.domain.order import OrderStatus, PositionSide
from trader_gui.journal.belief import Belief


class Difference(msgspec.Struct, frozen=True):
    """One point on which journal and venue disagree.

    Attributes:
        kind: `position`, `order_gone`, `order_unknown_here`, `wallet_balance` or `order_numbers`.
        name: Symbol (with its leg in hedge mode), client order id, asset, or prefix of client order ids.
        journal, venue: What each says, as text; "" for nothing.
    """

    kind: str
    name: str
    journal: str
    venue: str

    def __str__(self) -> str:
        what = {
            "position": f"{self.name} position",
            "wallet_balance": f"{self.name} wallet",
            "order_numbers": f"highest number of an order {self.name}",
        }.get(self.kind, f"order {self.name}")
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
    believed = belief.balances.get(quote_asset)
    if believed is not None and wallet is not None and wallet != believed.wallet_balance:
        found.append(Difference("wallet_balance", quote_asset, _text(believed.wallet_balance), _text(wallet)))
    return tuple(found)


def _positions(belief: Belief, snapshot: AccountSnapshot) -> list[Difference]:
    ours = {key: position.position_amount for key, position in belief.positions.items()}
    venue = {(p.symbol, p.position_side): p.position_amount for p in snapshot.positions if p.position_amount}
    return [
        Difference("position", _leg(*key), _text(ours.get(key)), _text(venue.get(key)))
        for key in sorted(ours.keys() | venue.keys())
        if ours.get(key, Decimal(0)) != venue.get(key, Decimal(0))
    ]


def _orders(belief: Belief, snapshot: AccountSnapshot) -> list[Difference]:
    venue = {order.client_order_id: order for order in snapshot.open_orders}
    believed = {order.client_order_id: order for order in belief.orders}
    gone = [
        Difference("order_gone", cid, "unknown" if order.status is OrderStatus.UNKNOWN else "open", "")
        for cid, order in sorted(believed.items())
        if cid not in venue
    ]
    new = [
        Difference("order_unknown_here", cid, "", f"{order.status} {order.side} {order.quantity:f} {order.symbol}")
        for cid, order in sorted(venue.items())
        if cid not in believed
    ]
    return gone + new


def _leg(symbol: str, side: PositionSide) -> str:
    return symbol if side is PositionSide.BOTH else f"{symbol} {side}"


def _text(amount: Decimal | None) -> str:
    return f"{amount.normalize():f}" if amount else ""

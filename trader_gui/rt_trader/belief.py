"""What the journal says was true when the program last wrote: the ground of the comparison at start."""

from functools import partial
from pathlib import Path

from trader_gui.journal.reader import JournalReader
from trader_gui.orders.reconcile import Belief
from trader_gui.tasks import in_thread


async def read_belief(path: Path) -> Belief | None:
    """Return the journal's last account and open orders; None when it has never seen an account.

    Raises:
        UserError: The journal cannot be read.
    """
    return await in_thread(partial(_read, path), "journal reader")


def _read(path: Path) -> Belief | None:
    with JournalReader(path) as reader:
        balances = reader.balances()
        if not balances:
            return None
        return Belief(
            position_amounts={symbol: p.position_amount for symbol, p in reader.positions().items()},
            open_client_order_ids=frozenset(order.client_order_id for order in reader.open_orders()),
            wallet_balances={asset: balance.wallet_balance for asset, balance in balances.items()},
        )

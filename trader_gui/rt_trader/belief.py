"""What the journal says was true when the program last wrote: the ground of the comparison at start."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trader_gui.journal.reader import JournalReader
from trader_gui.orders.reconcile import Belief


async def read_belief(path: Path) -> Belief | None:
    """Return the journal's last account and open orders; None when it has never seen an account.

    Raises:
        UserError: The journal cannot be read.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="journal reader")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, _read, path)
    finally:
        executor.shutdown(wait=False)


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

"""What the tabs of the past say about themselves: what is whole, what is being read, what went wrong; and sums."""

from decimal import Decimal

from trader_gui.i18n import error_words
from trader_gui.models.history_assets import AssetsModel
from trader_gui.models.history_loader import HistoryLoader
from trader_gui.models.table_sums import TableSums
from trader_gui.widgets import format as fmt
from trader_gui.widgets.history_columns import income_words, is_money

Words = tuple[str, str, str]
"""(text, tone, tool tip)"""


def loader_words(loader: HistoryLoader, now_ms: int, since_ms: int | None, until_ms: int | None) -> Words:
    """Return how far a tab can be relied on.

    Args:
        loader: What was read, and how that went.
        now_ms: Market time.
        since_ms: Beginning of the span that the tab shows; None for all times.
        until_ms: Its end; None for now.
    """
    tip = _limits(loader)
    if loader.is_loading:
        weeks = f" {loader.spans_done} of {loader.spans_wanted} weeks" if loader.spans_wanted > 1 else ""
        if loader.waits_for is not None:
            words = error_words(loader.waits_for)
            return f"Reading{weeks}… waits. {words}", "", f"{words}\n\n{tip}"
        return f"Reading{weeks}…", "", tip
    if loader.error is not None:
        words = error_words(loader.error)
        return f"Not all is read. {words}", "warn", f"{words}\n\n{tip}"
    whole_ms = loader.whole_since(now_ms if until_ms is None else min(until_ms, now_ms))
    if whole_ms is None:
        return "What the journal knows", "", f"The exchange has not been asked about this span yet.\n\n{tip}"
    if since_ms is not None and whole_ms <= since_ms:
        return "Whole", "", tip
    since = fmt.date_time(whole_ms)[:-3]
    if loader.is_at_end:
        return f"Whole since {since}; the exchange keeps no more", "", tip
    return f"Whole since {since}", "", tip


def _limits(loader: HistoryLoader) -> str:
    symbols = ", ".join(sorted(loader.symbols))
    return (
        f"Fills and conditional orders are listed by symbol: {symbols}.\n"
        "The exchange keeps 90 days; orders that were cancelled without a fill, 3 days.\n"
        "Beyond that stands what this program's journal has."
    )


def assets_words(assets: AssetsModel) -> Words:
    """Return of when the assets are."""
    if assets.error is not None:
        words = error_words(assets.error)
        return f"Not read. {words}", "warn", words
    if assets.as_of_ms is None:
        return "Reading…", "", ""
    return f"As of {fmt.clock(assets.as_of_ms)} UTC", "", "All figures of a row are of one answer of the exchange."


def income_sums(sums: TableSums) -> tuple[str, str]:
    """Return (what all shown income comes to, the same by type)."""
    total = ", ".join(_amount(amount, asset) for asset, amount in sums.by_asset.items())
    parts = [f"{income_words(what)} {_amount(amount, asset)}" for (what, asset), amount in sorted(sums.sums.items())]
    return (f"Sum {total}" if total else ""), "\n".join(parts)


def fill_sums(sums: TableSums) -> tuple[str, str]:
    """Return (realised results and fees of the shown fills, the same with what is left)."""
    parts = [f"{what} {_amount(amount, asset)}" for (what, asset), amount in sums.sums.items()]
    left = ", ".join(_amount(amount, asset) for asset, amount in sums.by_asset.items())
    tip = f"Of the shown fills: {', '.join(parts)}.\nTogether {left}, without funding."
    if len(sums.by_asset) != 1:
        return ", ".join(parts), tip
    (asset,) = sums.by_asset
    bare = [part.removesuffix(f" {asset}") for part in parts]
    return f"{', '.join(bare)} {asset}", tip


def _amount(amount: Decimal, asset: str) -> str:
    if not asset:
        return fmt.money(amount)
    return f"{fmt.number(amount, 2 if is_money(asset) else 8, sign=True)} {asset}"

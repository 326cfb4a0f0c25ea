"""A program that trades and is killed: the real session on an exchange that lives elsewhere, told what to do by lines.

`python -m tests.kill_driver READY DATA_DIR SYMBOL` reads words from its input: `go SEED SECONDS` arms the engine, keeps
it busy and trades by hand; `look` prints what memory holds; `stop` ends in order. It prints a line of JSON when it has
started and for each `look`.
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from tests.campaign_brackets import bracket_findings, exits_known
from tests.campaign_hand import Hand
from tests.campaign_plan import HAND_ACTS, Act
from tests.campaign_session import short_limits
from trader_gui.credentials import Credentials
from trader_gui.domain.order import OrderStatus
from trader_gui.exchange.endpoints import ENDPOINTS, loopback
from trader_gui.log import start_logging
from trader_gui.profiles import PROFILES
from trader_gui.risk.gate import RiskLimits
from trader_gui.rt_trader.options import SessionOptions
from trader_gui.rt_trader.trader import RtTrader
from trader_gui.settings import DataDirectory

PROFILE = "testnet"
UNSURE = (OrderStatus.SENT, OrderStatus.UNKNOWN)
BY_HAND = tuple((name, weight) for name, weight in HAND_ACTS if not name.endswith("elsewhere") and name != "transfer")


def acts(seed: int, seconds: float) -> tuple[Act, ...]:
    """Return what the hand does: five things a second."""
    random, found, at_s = Random(seed), [], 0.0
    names, weights = zip(*BY_HAND, strict=True)
    while (at_s := at_s + random.expovariate(5.0)) < seconds:
        found.append(Act(at_s, random.choices(names, weights)[0], random.random()))
    return tuple(found)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def picture(trader: RtTrader) -> dict[str, Any]:
    """Return what memory holds."""
    callback = trader.callback
    position = callback.account.position(trader.symbol)
    balance = callback.account.balances["USDT"]
    return {
        "mode": callback.gate.mode.value,
        "is_settled": all(route.is_fresh for route in trader.status.routes.values())
        and trader._manager.is_idle
        and not any(order.status in UNSURE for order in callback.orders.open_orders()),
        "position": str(position.position_amount if position is not None else 0),
        "wallet": str(balance.wallet_balance),
        "orders": sorted(f"{o.client_order_id} {o.order_family}" for o in callback.orders.open_orders()),
        "brackets": list(bracket_findings(trader, exits_known(trader))),
        "is_engines": callback.engine_holds_position,
        "differences": list(trader.status.differences),
        "journal_ok": trader.status.journal_ok,
    }


async def main(ready: dict[str, str], folder: Path, symbol: str) -> None:
    """Run one session, and do what the lines say."""
    directory = DataDirectory.open(folder, PROFILE)
    log = start_logging(directory.log_path)
    options = SessionOptions(symbol=symbol, interval="1m", strategy="bb_rv")
    keys = Credentials(ready["api_key"], ready["api_secret"])
    trader = RtTrader(PROFILES[PROFILE], options, directory, RiskLimits(), keys)
    unreachable: Any = None  # nothing is done past the client here
    hand = Hand(unreachable, symbol)
    try:
        async with asyncio.TaskGroup() as group:
            session = group.create_task(trader.run())
            follower = group.create_task(follow(trader, hand))
            await session
            follower.cancel()
    finally:
        log.close()


async def follow(trader: RtTrader, hand: Hand) -> None:
    """Read lines until the input ends."""
    await trader.started.wait()
    hand.trader = trader
    say(event="started", **picture(trader))
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.TaskGroup() as group:
        while line := (await reader.readline()).decode().split():
            if line[0] == "go":
                group.create_task(hand.follow(acts(int(line[1]), float(line[2]))))
                group.create_task(hand.keep_busy())
            elif line[0] == "look":
                await trader._journal.flush()
                say(event="picture", **picture(trader))
            else:
                trader.request_stop()


if __name__ == "__main__":
    found = json.loads(sys.argv[1])
    with (
        short_limits(),
        mock.patch.dict(ENDPOINTS, {PROFILE: loopback(found["rest"], found["ws"])}),
        contextlib.suppress(KeyboardInterrupt),
    ):
        asyncio.run(main(found, Path(sys.argv[2]), sys.argv[3]))

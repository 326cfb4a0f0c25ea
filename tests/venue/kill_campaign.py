"""The kill campaign by hand: the real program trades, is killed at a random instant, and starts again, over and over.

`python tests/venue/kill_campaign.py --kills 100 --seed 1` prints a line for each kill, then what failed. The exchange
goes on in a process of its own: orders fill, stops fall and somebody else trades while the program is down. After each
start journal, memory and exchange must agree, nothing may have been sent twice, forgotten or made up, the engine must
be disarmed, and nothing may be sent before it is told to but the exits of brackets.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance_world import exchange_process
from tests.kill_world import SYMBOL, Books, Driver, driver
from trader_gui.domain.order import Side

LONGEST_TRADING_S = 2.5
LONGEST_START_S = 5.0
TROUBLE: tuple[dict[str, Any], ...] = (
    {"kind": "unknown_503", "executed": True, "method": "POST", "path": "/fapi/v1/order", "probability": 0.1},
    {"kind": "unknown_503", "method": "POST", "path": "/fapi/v1/order", "probability": 0.1},
    {"kind": "drop_connection", "executed": True, "method": "POST", "path": "/fapi/v1/algoOrder", "probability": 0.1},
    {"kind": "drop_connection", "executed": True, "method": "DELETE", "probability": 0.2},
    {"kind": "query_lag", "ms": 1500, "probability": 0.3},
    {"kind": "delay_answer", "ms": "uniform:1:300", "path": "/fapi/v1/order", "probability": 0.3},
    {"kind": "event_duplicated", "probability": 0.1},
    {"kind": "event_reordered", "by": 2, "probability": 0.1},
)
"""What makes answers and events come late, doubled or not at all, and nothing that a session could never learn of."""


@dataclass
class Campaign:
    """A number of kills on one exchange and one journal.

    Attributes:
        failures: What did not hold, one line each.
        figures: Of each start: seconds until it had started, and until all agreed.
    """

    seed: int
    speed: str = "30"
    trouble: tuple[dict[str, Any], ...] = ()
    failures: list[str] = field(default_factory=list)
    figures: list[tuple[float, float]] = field(default_factory=list)
    orders: int = 0
    trades: int = 0

    def run(self, kills: int, folder: Path) -> None:
        """Kill as often, and look at what is left after each."""
        self._random = Random(self.seed)
        plan = folder / "faults.json"
        plan.write_text(json.dumps({"seed": self.seed, "faults": self.trouble}), encoding="utf-8")
        words = ("--seed", self.seed, "--no-limits", "--faults", plan)
        with exchange_process(*words, speed=self.speed, symbols=(SYMBOL,)) as address:
            books = Books(address, folder)
            for number in range(1, kills + 1):
                with driver(address, folder) as program:
                    what = self._one_life(program, books)
                self._while_away(books)
                print(f"kill {number:3}: {what}", flush=True)
                if self.failures:
                    return
            with driver(address, folder) as program:
                self._begin(program, books)
                program.tell("stop")
                program.end()
            self.orders, self.trades = books.order_count(), len(books.trades())

    def _one_life(self, program: Driver, books: Books) -> str:
        """Let it start, look, trade, and die; one in five dies while it starts."""
        if self._random.random() < 0.2:
            after_s = self._random.uniform(0.2, LONGEST_START_S)
            time.sleep(after_s)
            program.kill()
            return f"in its start, after {after_s:.2f} s"
        self._begin(program, books)
        if self.failures:
            return "not at all: it failed"
        after_s = self._random.uniform(0.02, LONGEST_TRADING_S)
        program.tell("go", self._random.randrange(10**6), 60)
        time.sleep(after_s)
        program.kill()
        started_s, agreed_s = self.figures[-1]
        return f"after {after_s:.2f} s of trading; started in {started_s:.1f} s, agreed in {agreed_s:.1f} s"

    def _begin(self, program: Driver, books: Books) -> None:
        begun_s, meant = time.monotonic(), books.intents()
        try:
            said = program.wait_started()
            started_s = time.monotonic() - begun_s
            if said["mode"] != "HALTED":
                self.failures.append(f"it started {said['mode']}")
            books.wait_agreed(program)
            self.figures.append((started_s, time.monotonic() - begun_s - started_s))
        except AssertionError as error:
            self.failures += str(error).splitlines()
        if books.intents() != meant:
            self.failures.append("something was meant to be sent before anybody had armed it")

    def _while_away(self, books: Books) -> None:
        """Let some time pass at the exchange; sometimes somebody else trades meanwhile."""
        if self._random.random() < 0.15:
            books.by_phone(self._random.choice((Side.BUY, Side.SELL)))
        time.sleep(self._random.uniform(0.0, 0.6))


def main() -> int:
    """Run what the command line asks for; exit code 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trouble", action="store_true", help="under faults, too: answers and events late or lost")
    parser.add_argument("--keep", type=Path, help="folder for journal and log, which stay")
    wanted = parser.parse_args()
    campaign, started_s = Campaign(wanted.seed, trouble=TROUBLE if wanted.trouble else ()), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as temporary:
        folder = wanted.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        campaign.run(wanted.kills, folder)
    starts, agreed = (sorted(values) for values in zip(*campaign.figures, strict=True))
    print(f"\n{wanted.kills} kills in {time.monotonic() - started_s:.0f} s, seed {wanted.seed}")
    print(f"started in: median {starts[len(starts) // 2]:.1f} s, longest {starts[-1]:.1f} s")
    print(f"agreed in: median {agreed[len(agreed) // 2]:.1f} s, longest {agreed[-1]:.1f} s")
    print(f"orders at the exchange {campaign.orders}, executions {campaign.trades}")
    print(*(campaign.failures or ["nothing forgotten, nothing sent twice, nothing sent unarmed"]), sep="\n")
    return 1 if campaign.failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""The fault campaign by hand: many seeded sessions of the real client under random faults, and a report.

`python tests/venue/campaign.py --sessions 100 --seed 1 --jobs 2` prints a line for each session, then what failed.
`--seed-only N --verbose` runs one with its whole log; `--plan FILE` puts another plan in its plan's place, `--pick 0,2`
leaves only some of its faults, `--shrink` looks for the fewest that still make it fail.
"""

import argparse
import json
import logging
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.campaign_plan import draw
from tests.campaign_session import plain, run_session
from trader_gui.simulated_exchange.fault_plan import KINDS


def run_seed(seed: int, wanted: argparse.Namespace) -> dict[str, Any]:
    """Run the session of one seed, perhaps with other faults than its own."""
    scenario = draw(seed, wanted.kinds)
    if wanted.plan is not None:
        scenario = scenario.with_faults(json.loads(wanted.plan.read_text(encoding="utf-8"))["faults"])
    if wanted.pick is not None:
        scenario = scenario.with_faults([scenario.faults[place] for place in wanted.pick])
    return plain(run_session(scenario, has_real_limits=wanted.real_limits))


def run_all(seeds: list[int], wanted: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Run the sessions of many seeds, in processes of their own when more than one at a time."""
    if wanted.jobs == 1:
        for seed in seeds:
            yield run_seed(seed, wanted)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(wanted.jobs, mp_context=context) as pool:
        futures = [pool.submit(run_seed, seed, wanted) for seed in seeds]
        for future in as_completed(futures):
            yield future.result()


def line_of(result: dict[str, Any]) -> str:
    figures = result["figures"]
    kinds = ",".join(f"{kind}:{count}" for kind, count in sorted(result["strikes"].items())) or "-"
    first = f" | {result['failures'][0]}" if result["failures"] else ""
    return (
        f"{'FAIL' if result['failures'] else 'ok  '} {result['seed']:5} {figures.get('seconds', 0):5.1f} s "
        f"settled {figures.get('settle_s', 0):4.1f} naked {figures.get('naked_s', 0):4.1f} "
        f"blocked {figures.get('blocked_s', 0):4.2f} orders {figures.get('orders', 0):3.0f} "
        f"fills {figures.get('fills', 0):3.0f}  {result['what']}  {kinds}{first}"
    )


def report(results: list[dict[str, Any]], seconds: float) -> str:
    """Return the campaign in words."""
    strikes: Counter[str] = Counter()
    for result in results:
        strikes.update(result["strikes"])
    failed = [result for result in results if result["failures"]]
    lines = [f"\n{len(results)} sessions in {seconds:.0f} s, {len(failed)} failed"]
    causes = sorted({name for result in results for name in result["figures"] if name.startswith("naked, ")})
    for name in ("settle_s", "naked_s", *causes, "care_s", "blocked_s"):
        values = sorted(result["figures"].get(name, 0.0) for result in results)
        lines.append(f"{name}: median {values[len(values) // 2]:.2f}, longest {values[-1]:.2f}")
    for name in ("orders", "fills"):
        lines.append(f"{name}: {sum(result['figures'].get(name, 0) for result in results):.0f}")
    lines.append("faults that struck: " + ", ".join(f"{kind} {strikes[kind]}" for kind in sorted(KINDS)))
    for result in sorted(failed, key=lambda one: int(one["seed"])):
        lines.append(f"\nseed {result['seed']} ({result['what']})\n  plan {result['plan']}")
        lines += [f"  {failure}" for failure in result["failures"][:6]]
        if len(result["failures"]) > 6:
            lines.append(f"  ... and {len(result['failures']) - 6} more")
    return "\n".join(lines)


def shrink(seed: int, wanted: argparse.Namespace) -> str:
    """Leave out one fault after the other while the session still fails; return what is left."""
    left = list(range(len(draw(seed, wanted.kinds).faults))) if wanted.pick is None else list(wanted.pick)
    for place in tuple(left):
        wanted.pick = tuple(one for one in left if one != place)
        if run_seed(seed, wanted)["failures"]:
            left.remove(place)
    wanted.pick = tuple(left)
    result = run_seed(seed, wanted)
    return f"faults {left} of seed {seed}: {result['plan']}\n" + "\n".join(result["failures"][:6])


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(text.split(","))
    if unknown := set(kinds) - KINDS:
        raise argparse.ArgumentTypeError(f"no such kind: {', '.join(unknown)}; there are {', '.join(sorted(KINDS))}")
    return kinds


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the first session; the others follow")
    parser.add_argument("--from", dest="start", type=int, default=0, help="begin with the N-th session")
    parser.add_argument("--kinds", type=_kinds, default=())
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed-only", type=int)
    parser.add_argument("--plan", type=Path)
    parser.add_argument("--pick", type=_numbers)
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--real-limits", action="store_true", help="the client's own patience; much slower")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json", type=Path, help="write all results there")
    return parser.parse_args()


def main() -> int:
    """Run what the command line asks for; exit code 1 when something failed."""
    wanted = _arguments()
    level = logging.INFO if wanted.verbose else logging.CRITICAL
    logging.basicConfig(level=level, format="%(relativeCreated)7.0f %(levelname)-7s %(name)s: %(message)s")
    started_s = time.monotonic()
    if wanted.shrink:
        print(shrink(wanted.seed_only, wanted))
        return 0
    seeds = [wanted.seed_only] if wanted.seed_only is not None else []
    seeds = seeds or list(range(wanted.seed + wanted.start, wanted.seed + wanted.sessions))
    results = []
    for result in run_all(seeds, wanted):
        results.append(result)
        print(line_of(result), flush=True)
        if wanted.verbose:
            print(*result["notes"], sep="\n")
    if wanted.json is not None:
        wanted.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(report(results, time.monotonic() - started_s))
    return 1 if any(result["failures"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())

"""The fault campaign's first sessions, a minute or two of it; `campaign.py` runs as many as one has time for."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from tests.campaign_plan import draw
from tests.campaign_session import plain, run_session

SEEDS = range(1, 31)
JOBS = 3
"""Sessions wait more than they work: one more than there are cores keeps both of them busy."""


def run_seed(seed: int) -> dict[str, Any]:
    return plain(run_session(draw(seed)))


@pytest.mark.timeout(900)
def test_sessions_under_random_faults_end_with_what_the_exchange_holds() -> None:
    with ProcessPoolExecutor(JOBS, mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(run_seed, SEEDS))
    failed = [
        f"seed {result['seed']} ({result['what']}): {'; '.join(result['failures'][:4])}\n  plan {result['plan']}"
        for result in results
        if result["failures"]
    ]
    assert not failed, "\n".join(failed)
    struck = {kind for result in results for kind in result["strikes"]}
    assert len(struck) > 10, f"the plans struck too little to mean anything: {sorted(struck)}"
    assert sum(result["figures"]["orders"] for result in results) > 50

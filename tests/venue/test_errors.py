"""Every refusal that a request can get from the simulated exchange, over real HTTP: status, code, text, no change.

The market stands still (speed `max`, nobody joined), at BTCUSDT 60000.0 / 60000.1. ETHUSDT has a step and a least
quantity that are no powers of ten.
"""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.venue_errors import ELSEWHERE, HERE, Case, Counter, codes_raised
from tests.venue_errors_table import CASES


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with asyncio.Runner() as runner:
        opened = runner.run(Counter.open(tmp_path_factory.mktemp("rules")))
        opened.run = runner.run
        yield opened
        runner.run(opened.close())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.name}")
def test_a_refusal_says_why_and_changes_nothing(counter: Counter, case: Case) -> None:
    counter.run(counter.judge(case))


def test_every_code_of_the_exchange_is_in_the_table() -> None:
    raised = codes_raised(Path(HERE))
    told = {case.code for case in CASES}
    assert raised - told - ELSEWHERE.keys() == set()
    assert (told | ELSEWHERE.keys()) - raised == set(), "codes that nothing raises any more"
    assert not told & ELSEWHERE.keys()


def test_codes_are_found_wherever_they_stand() -> None:
    tree = ast.parse("raise VenueRefusal(-1234, 'x')\none_of(a, -2345, 'y')\n'text -3456'\nx = -77")
    found = {code for node in ast.walk(tree) for code in Counter.codes_of(node)}
    assert found == {-1234, -2345}

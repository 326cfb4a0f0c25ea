import asyncio
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.simulated_exchange.latency import (
    LONGEST_MS,
    NO_LATENCY,
    ActionQueue,
    Distribution,
    Latency,
    read_distribution,
    read_latency,
)


def test_what_a_latency_may_say() -> None:
    assert read_latency("") == NO_LATENCY
    assert read_latency("order=lognormal:20:0.5,cancel=5,event=uniform:1:10") == Latency(
        Distribution("lognormal", 20.0, 0.5), Distribution("fixed", 5.0), Distribution("uniform", 1.0, 10.0)
    )
    assert read_distribution(7) == read_distribution("7") == read_distribution("fixed:7")
    assert not read_latency("event=1").delays_actions
    assert read_latency("cancel=1").delays_actions


@pytest.mark.parametrize(
    "text",
    ["order", "order=", "order=x", "order=-1", "order=nan", "order=inf", "order=1e9", "reply=1", "order=1,order=2",
     "order=uniform:5", "order=uniform:5:1", "order=lognormal:1", "order=fixed:1:2", "order=normal:1:2", "order=1;2"],
)  # fmt: skip
def test_what_it_may_not(text: str) -> None:
    with pytest.raises(ValueError, match=r"order|delay|twice"):
        read_latency(text)


@given(st.integers(0, 10**6), st.floats(0, 1000), st.floats(0, 3))
def test_draws_stay_in_bounds_and_repeat_with_the_seed(seed: int, first: float, second: float) -> None:
    for one in (
        Distribution("uniform", first, first + second),
        Distribution("lognormal", first, second),
        Distribution("fixed", first),
    ):
        draws = [one.draw(random) for random in [Random(seed)] for _ in range(20)]
        assert draws == [one.draw(random) for random in [Random(seed)] for _ in range(20)]
        assert all(0 <= draw <= LONGEST_MS for draw in draws)
        if one.shape == "uniform":
            assert all(first <= draw <= first + second for draw in draws)


def test_a_lognormal_delay_has_its_median() -> None:
    random = Random(1)
    assert 19 < median(Distribution("lognormal", 20.0, 0.5).draw(random) for _ in range(10_000)) < 21


def test_actions_leave_in_order_of_arrival_whatever_they_draw() -> None:
    async def body() -> None:
        queue = ActionQueue(read_latency("order=uniform:0:20,cancel=0"), Random(5))
        left = []

        async def act(number: int) -> None:
            async with queue.turn(is_cancel=number % 3 == 0):
                left.append(number)

        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await asyncio.gather(*(act(number) for number in range(30)))
        assert left == list(range(30))
        assert loop.time() - began_s >= 0.01  # the longest of the draws, not their sum

    asyncio.run(body())


def test_one_who_gives_up_does_not_hold_the_others() -> None:
    async def body() -> None:
        queue = ActionQueue(read_latency("order=30"), Random(1))
        left = []

        async def act(number: int) -> None:
            async with queue.turn(is_cancel=False):
                left.append(number)

        first = asyncio.create_task(act(1))
        second = asyncio.create_task(act(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert left == [2]

    asyncio.run(body())

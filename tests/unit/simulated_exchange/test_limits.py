import pytest

from trader_gui.simulated_exchange import wire
from trader_gui.simulated_exchange.limits import (
    FIRST_BAN_MS,
    FORGIVEN_MS,
    FUNDING_LIMIT,
    LONGEST_BAN_MS,
    PATIENCE,
    LimitRefusal,
    RateLimiter,
)


class Clock:
    now_ms = 1_200_000_000_000  # a whole hour

    def __call__(self) -> int:
        return self.now_ms


def refused(call, *arguments, **options) -> LimitRefusal:
    with pytest.raises(LimitRefusal) as caught:
        call(*arguments, **options)
    return caught.value


def get_banned(limiter: RateLimiter) -> LimitRefusal:
    for _ in range(2400 + PATIENCE + 1):
        try:
            limiter.spend_weight(100)
        except LimitRefusal as refusal:
            if refusal.http_status == 418:
                return refusal
    raise AssertionError("never banned")


def test_weight_is_counted_per_minute_then_refused_then_banned() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    for _ in range(240):
        limiter.spend_weight(10)
    assert limiter.headers(with_orders=False) == {"X-MBX-USED-WEIGHT-1M": "2400"}
    clock.now_ms += 15_500
    refusals = [refused(limiter.spend_weight, 1) for _ in range(PATIENCE + 1)]
    assert [(each.code, each.http_status) for each in refusals[:-1]] == [(-1003, 429)] * PATIENCE
    assert refusals[0].retry_after_s == 45  # until the minute is over, rounded up
    last = refusals[-1]
    assert (last.code, last.http_status, last.retry_after_s) == (-1003, 418, 120)
    assert f"banned until {clock.now_ms + FIRST_BAN_MS}" in last.message
    clock.now_ms += FIRST_BAN_MS - 1  # the minute is long over, the ban is not
    assert refused(limiter.spend_weight, 0).http_status == 418
    clock.now_ms += 1
    limiter.spend_weight(1)
    assert limiter.headers(with_orders=False) == {"X-MBX-USED-WEIGHT-1M": "1"}


def test_who_offends_again_is_banned_for_longer() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    lengths = []
    for _ in range(14):
        refusal = get_banned(limiter)
        lengths.append(refusal.retry_at_ms - clock.now_ms)
        clock.now_ms = refusal.retry_at_ms
    assert lengths[:3] == [FIRST_BAN_MS, 2 * FIRST_BAN_MS, 4 * FIRST_BAN_MS]
    assert lengths[-1] == LONGEST_BAN_MS
    clock.now_ms += FORGIVEN_MS + 1
    assert get_banned(limiter).retry_at_ms == clock.now_ms + FIRST_BAN_MS


def test_orders_have_limits_of_their_own() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    for _ in range(300):
        limiter.spend_orders(1, 1)
    refusal = refused(limiter.spend_orders, 1, 1)
    assert (refusal.code, refusal.http_status, refusal.retry_after_s) == (-1015, 429, 10)
    limiter.spend_weight(1)  # other requests go on
    clock.now_ms += 10_000
    limiter.spend_orders(1, 1)
    headers = limiter.headers(with_orders=True)
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1M"]) == ("1", "301")
    for _ in range(3):
        clock.now_ms += 10_000
        for _ in range(299):
            limiter.spend_orders(1, 1)
    limiter.spend_orders(1, 1)
    clock.now_ms += 10_000
    refusal = refused(limiter.spend_orders, 2, 1)
    assert (refusal.code, refusal.retry_after_s) == (-1015, 10)
    assert "1200 orders per MINUTE" in refusal.message


def test_a_batch_counts_five_in_ten_seconds_and_one_in_a_minute() -> None:
    limiter = RateLimiter(Clock())
    limiter.spend_orders(1, 5)
    headers = limiter.headers(with_orders=True)
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1M"]) == ("5", "1")


def test_funding_requests_have_a_pool_of_five_minutes() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    for _ in range(FUNDING_LIMIT):
        limiter.spend_weight(0, is_funding=True)
    clock.now_ms += 200_000  # a new minute is no new pool
    refusal = refused(limiter.spend_weight, 0, is_funding=True)
    assert (refusal.code, refusal.http_status, refusal.retry_after_s) == (-1003, 429, 100)
    limiter.spend_weight(1)
    clock.now_ms += 100_000
    limiter.spend_weight(0, is_funding=True)


def test_usage_fits_what_exchange_info_announces() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    limiter.spend_weight(7)
    limiter.spend_orders(1, 1)
    rows = limiter.rows(with_orders=True)
    assert [row.pop("count") for row in rows] == [7, 1, 1]
    assert sorted(rows, key=str) == sorted(wire.RATE_LIMITS, key=str)
    assert [row["rateLimitType"] for row in limiter.rows(with_orders=False)] == ["REQUEST_WEIGHT"]
    clock.now_ms += 60_000
    assert [row["count"] for row in limiter.rows(with_orders=True)] == [0, 0, 0]  # nothing asked since: nothing used


def test_a_clock_that_is_set_back_starts_anew() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    limiter.spend_weight(2400)
    clock.now_ms -= 3_600_000
    limiter.spend_weight(1)
    assert limiter.headers(with_orders=False) == {"X-MBX-USED-WEIGHT-1M": "1"}

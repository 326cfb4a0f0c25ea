import hashlib
import hmac

import pytest

from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.security import (
    PATIENCE,
    RateLimiter,
    check_key,
    check_signature,
    check_timestamp,
    sign,
)

# The documentation's public example, no real key.
SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
PLAIN = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
)
PLAIN_SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
QUERY = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
BODY = "quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943"
MIXED_SIGNATURE = "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4"


def code(call, *arguments) -> int:
    with pytest.raises(VenueRefusal) as caught:
        call(*arguments)
    return caught.value.code


def test_published_signatures() -> None:
    assert sign(SECRET, PLAIN) == PLAIN_SIGNATURE
    check_signature(SECRET, f"{PLAIN}&signature={PLAIN_SIGNATURE}", "")
    check_signature(SECRET, "", f"{PLAIN}&signature={PLAIN_SIGNATURE.upper()}")
    check_signature(SECRET, QUERY, f"{BODY}&signature={MIXED_SIGNATURE}")
    check_signature(SECRET, f"{QUERY}&signature={MIXED_SIGNATURE}", BODY)


def test_the_bytes_as_sent_count() -> None:
    reordered = PLAIN.replace("quantity=1&", "").replace("timeInForce=GTC", "timeInForce=GTC&quantity=1")
    assert code(check_signature, SECRET, f"{reordered}&signature={PLAIN_SIGNATURE}", "") == -1022
    encoded = "note=a%20b&timestamp=1"
    digest = hmac.new(SECRET.encode(), encoded.encode(), hashlib.sha256).hexdigest()
    check_signature(SECRET, f"{encoded}&signature={digest}", "")
    assert code(check_signature, SECRET, f"note=a+b&timestamp=1&signature={digest}", "") == -1022


def test_a_missing_or_empty_signature() -> None:
    assert code(check_signature, SECRET, PLAIN, "") == -1102
    assert code(check_signature, SECRET, f"{PLAIN}&signature=", "") == -1102


def test_keys() -> None:
    check_key("abc", "abc")
    assert code(check_key, "abc", None) == -2014
    assert code(check_key, "abc", "abd") == -2015


@pytest.mark.parametrize(
    ("timestamp", "window", "expected"),
    [
        ("100000", None, None),
        ("95000", None, None),
        ("94999", None, -1021),
        ("100999", None, None),
        ("101000", None, -1021),
        ("99000", "500", -1021),
        ("41000", "60000", None),
        ("10000", "999999", -1021),
        ("abc", None, -1102),
        ("", None, -1102),
        (None, None, -1102),
        ("100000", "x", -1102),
    ],
)
def test_time_window(timestamp: str | None, window: str | None, expected: int | None) -> None:
    parameters = {
        name: value for name, value in (("timestamp", timestamp), ("recvWindow", window)) if value is not None
    }
    if expected is None:
        check_timestamp(parameters, 100_000)
    else:
        assert code(check_timestamp, parameters, 100_000) == expected


class Clock:
    now_ms = 1_200_000_000_000  # a whole minute

    def __call__(self) -> int:
        return self.now_ms


def test_weight_is_counted_per_minute_then_refused_then_banned() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    for _ in range(240):
        limiter.spend(10, 0)
    assert limiter.headers(with_orders=False) == {"X-MBX-USED-WEIGHT-1M": "2400"}
    statuses = []
    for _ in range(PATIENCE + 1):
        with pytest.raises(VenueRefusal) as caught:
            limiter.spend(1, 0)
        statuses.append((caught.value.code, caught.value.http_status))
    assert statuses[:-1] == [(-1003, 429)] * PATIENCE
    assert statuses[-1] == (-1003, 418)
    assert "banned until" in caught.value.message
    clock.now_ms += 60_000
    with pytest.raises(VenueRefusal) as caught:
        limiter.spend(1, 0)
    assert caught.value.http_status == 418
    clock.now_ms += 60_001
    limiter.spend(1, 0)
    assert limiter.headers(with_orders=True)["X-MBX-USED-WEIGHT-1M"] == "1"


def test_orders_have_limits_of_their_own() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    for _ in range(300):
        limiter.spend(0, 1)
    with pytest.raises(VenueRefusal) as caught:
        limiter.spend(0, 1)
    assert (caught.value.code, caught.value.http_status) == (-1015, 429)
    limiter.spend(1, 0)  # other requests go on
    clock.now_ms += 10_000
    limiter.spend(0, 1)
    headers = limiter.headers(with_orders=True)
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1M"]) == ("1", "302")

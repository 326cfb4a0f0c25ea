import base64
import hashlib
import hmac
from urllib.parse import quote

import pytest

from trader_gui.simulated_exchange.keys import ED25519, ApiKey, KeyRing, hmac_key
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.security import check_signature, check_timestamp, known_key, read_parameters

# The documentation's public examples, no real keys.
SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
KEY = hmac_key("demo", SECRET)
PLAIN = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
)
PLAIN_SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
OTHER_ORDER = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943"
)
OTHER_SIGNATURE = "ec11dcc17e67e47f0d3c3f513dfe9062307e37619c5c82ebaa8fe0bdf3d59519"
QUERY = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
BODY = "quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943"
MIXED_SIGNATURE = "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4"
SPACED_BODY = BODY.replace("timestamp=", "timestamp= ")
SPACED_SIGNATURE = "f9d0ae5e813ef6ccf15c2b5a434047a0181cb5a342b903b367ca6d27a66e36f2"
SPOT_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
SPOT = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
SPOT_SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def code(call, *arguments) -> int:
    with pytest.raises(VenueRefusal) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (f"{PLAIN}&signature={PLAIN_SIGNATURE}", ""),
        ("", f"{PLAIN}&signature={PLAIN_SIGNATURE.upper()}"),
        (f"{OTHER_ORDER}&signature={OTHER_SIGNATURE}", ""),
        (QUERY, f"{BODY}&signature={MIXED_SIGNATURE}"),
        (f"{QUERY}&signature={MIXED_SIGNATURE}", BODY),
        (QUERY, f"{SPACED_BODY}&signature={SPACED_SIGNATURE}"),
        (f"signature={PLAIN_SIGNATURE}", PLAIN),
    ],
)
def test_published_signatures(query: str, body: str) -> None:
    check_signature(KEY, query, body)


def test_the_published_signature_of_the_spot_market() -> None:
    check_signature(hmac_key("spot", SPOT_SECRET), f"{SPOT}&signature={SPOT_SIGNATURE}", "")


def test_the_bytes_as_sent_count() -> None:
    assert code(check_signature, KEY, f"{OTHER_ORDER}&signature={PLAIN_SIGNATURE}", "") == -1022
    assert code(check_signature, KEY, QUERY, f"&{BODY}&signature={MIXED_SIGNATURE}") == -1022  # joined by nothing
    for encoded, other in (("note=a%20b", "note=a+b"), ("symbol=%E5%B8%81USDT", "symbol=币USDT")):
        digest = hmac.new(SECRET.encode(), encoded.encode(), hashlib.sha256).hexdigest()
        check_signature(KEY, f"{encoded}&signature={digest}", "")
        assert code(check_signature, KEY, f"{other}&signature={digest}", "") == -1022


def test_a_signature_in_base64_is_percent_encoded() -> None:
    seen = []

    def verifies(payload: bytes, signature: str) -> bool:
        seen.append((payload, signature))
        return signature == text

    text = base64.b64encode(b"\xfb\xff\xfe" * 3).decode()
    assert "+" in text
    assert "/" in text
    key = ApiKey("x", ED25519, verifies)
    check_signature(key, f"timestamp=1&signature={quote(text, safe='')}", "")
    assert seen == [(b"timestamp=1", text)]
    assert code(check_signature, key, f"timestamp=1&signature={text}", "") == -1022  # a bare plus is a blank


def test_a_missing_or_empty_signature() -> None:
    assert code(check_signature, KEY, PLAIN, "") == -1102
    assert code(check_signature, KEY, f"{PLAIN}&signature=", "") == -1102
    assert code(check_signature, KEY, "", "") == -1102


def test_keys() -> None:
    ring = KeyRing([hmac_key("abc", "1"), hmac_key("def", "2")])
    assert known_key(ring, "abc").name == "abc"
    assert known_key(ring, "def").name == "def"
    for bad in (None, "", "a b", "é"):
        with pytest.raises(VenueRefusal) as caught:
            known_key(ring, bad)
        assert (caught.value.code, caught.value.http_status) == (-2014, 401)
    with pytest.raises(VenueRefusal) as caught:
        known_key(ring, "abd")
    assert (caught.value.code, caught.value.http_status) == (-2015, 401)


def test_parameters_of_query_and_body() -> None:
    assert read_parameters("a=1&b=2", "b=3&c=4") == {"a": "1", "b": "2", "c": "4"}
    assert read_parameters("", "") == {}
    assert read_parameters("a=&b&&=x", "") == {"a": "", "b": ""}
    assert read_parameters("symbol=%E5%B8%81%E5%AE%89USDT&n=a+b%2Bc", "") == {"symbol": "币安USDT", "n": "a b+c"}
    assert read_parameters("", "symbol=币安USDT") == {"symbol": "币安USDT"}


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        ("a=1&a=1", "", -1101),
        ("", "a=1&a=2", -1101),
        ("a=1&%61=1", "", -1101),
        ("a=%FF", "", -1100),
        ("", b"a=\xff".decode(errors="surrogateescape"), -1100),
    ],
)
def test_parameters_that_cannot_be_read(query: str, body: str, expected: int) -> None:
    assert code(read_parameters, query, body) == expected


@pytest.mark.parametrize(
    ("timestamp", "window", "expected"),
    [
        ("100000", None, 105_000),
        ("95000", None, 100_000),
        ("94999", None, -1021),
        ("100999", None, 105_999),
        ("101000", None, -1021),
        ("99000", "500", -1021),
        ("99000", "1000", 100_000),
        ("41000", "60000", 101_000),
        ("100000", "9999999", 160_000),
        ("10000", "999999", -1021),
        ("100000000", None, -1021),  # microseconds
        ("100", None, -1021),  # seconds
        ("abc", None, -1102),
        ("-1", None, -1102),
        ("100000.0", None, -1102),
        ("1e5", None, -1102),
        ("٣", None, -1102),
        ("9" * 21, None, -1102),
        ("", None, -1102),
        (None, None, -1102),
        ("100000", "x", -1102),
        ("100000", "", -1102),
        ("100000", "-5", -1102),
    ],
)
def test_time_window(timestamp: str | None, window: str | None, expected: int) -> None:
    parameters = {
        name: value for name, value in (("timestamp", timestamp), ("recvWindow", window)) if value is not None
    }
    if expected > 0:
        assert check_timestamp(parameters, 100_000) == expected
    else:
        assert code(check_timestamp, parameters, 100_000) == expected

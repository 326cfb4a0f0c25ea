"""How ccxt and Binance's SDK are pointed at an exchange: URLs and keys, nothing else."""

import contextlib
from collections.abc import Iterator
from typing import Any

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_derivatives_trading_usds_futures import DerivativesTradingUsdsFutures
from pydantic import BaseModel

from tests.conformance_world import Address

ORIGIN = "https://fapi.binance.com"
SDK_TIME_LIMIT_MS = 20_000


def point(client: Any, address: Address) -> Any:
    """Give a ccxt client the exchange's URLs in place of the venue's."""
    urls = client.urls["api"]
    for name, url in urls.items():
        if isinstance(url, str) and url.startswith(ORIGIN):
            urls[name] = address.rest + url.removeprefix(ORIGIN)
    if "ws" in urls:
        urls["ws"]["linear"] = f"{address.ws}/ws"
        urls["ws"]["ws-api"]["linear"] = f"{address.ws}/ws-fapi/v1"
    return client


def settings(address: Address) -> dict[str, Any]:
    """Return what a ccxt client is made with."""
    return {
        "apiKey": address.api_key,
        "secret": address.api_secret,
        "enableRateLimit": False,
        # Currencies come from another host of the venue; the warning is about the weight of an unfiltered query.
        "options": {"fetchCurrencies": False, "warnOnFetchOpenOrdersWithoutSymbol": False},
    }


def client_of(address: Address, **keys: Any) -> DerivativesTradingUsdsFutures:
    """Make an SDK client; `keys` are its `api_key` and `api_secret` or `private_key`, the HMAC pair by default."""
    keys = keys or {"api_key": address.api_key, "api_secret": address.api_secret}
    return DerivativesTradingUsdsFutures(
        ConfigurationRestAPI(base_path=address.rest, timeout=SDK_TIME_LIMIT_MS, **keys),
        ConfigurationWebSocketAPI(stream_url=f"{address.ws}/ws-fapi/v1", timeout=SDK_TIME_LIMIT_MS, **keys),
        ConfigurationWebSocketStreams(stream_url=address.ws),
    )


@contextlib.contextmanager
def rest_of(address: Address, **keys: Any) -> Iterator[Any]:
    """Give an SDK client's REST half."""
    rest = client_of(address, **keys).rest_api
    try:
        yield rest
    finally:
        rest._session.close()  # the SDK has no way to close it


def plain(answer: Any) -> Any:
    """Take an answer out of the SDK's one-of wrapper."""
    data = answer.data()
    return getattr(data, "actual_instance", data)


def missing_fields(answer: Any) -> set[str]:
    """Return the names of all fields that the SDK's models declare and a parsed answer does not have."""
    if isinstance(answer, list):
        return set().union(*map(missing_fields, answer))
    if not isinstance(answer, BaseModel):
        return set()
    declared = type(answer).model_fields
    if "actual_instance" in declared:
        return missing_fields(answer.actual_instance)  # type: ignore[attr-defined]
    missing: set[str] = set()
    for name, field in declared.items():
        value = getattr(answer, name)
        missing |= missing_fields(value) if value is not None else {field.alias or name}
    return missing


def prices(rest: Any) -> tuple[float, float]:
    """Return prices 2 % below and above the market of BTCUSDT, on the tick."""
    touch = plain(rest.symbol_order_book_ticker(symbol="BTCUSDT"))
    return round(float(touch.bid_price) * 0.98, 1), round(float(touch.ask_price) * 1.02, 1)

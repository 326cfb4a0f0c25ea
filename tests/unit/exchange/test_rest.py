"""The client's calls: which path, which parameters, what comes of the answer."""

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from trader_gui.clock import SystemClock
from trader_gui.domain.account import MarginType
from trader_gui.domain.order import OrderFamily, OrderStatus, OrderType, PositionSide, Side
from trader_gui.domain.step import ApprovedAmend, ApprovedCancel, ApprovedOrder
from trader_gui.errors import OutcomeUnknownError, ProtocolError, VenueError
from trader_gui.exchange.endpoints import loopback
from trader_gui.exchange.port import OrderName
from trader_gui.exchange.rest import RestClient

Payload = Callable[[str, str], bytes]
Scenario = Callable[[RestClient], Coroutine[Any, Any, None]]
UNKNOWN = b'{"code":-2013,"msg":"Order does not exist."}'


def run(http: SimpleNamespace, answers: dict[str, list[Any]], scenario: Scenario, *, has_key: bool = True) -> Any:
    async def main() -> Any:
        async with http.Venue(answers) as venue, asyncio.timeout(20):
            credentials = (lambda: ("k", "s")) if has_key else None
            client = RestClient(loopback(venue.url, "ws://127.0.0.1:1"), SystemClock(), credentials)
            try:
                await scenario(client)
            finally:
                await client.aclose()
            return venue

    return asyncio.run(main())


def query(sent: Any) -> dict[str, str]:
    """The parameters of a request without those that signing adds."""
    found = {name: values[0] for name, values in parse_qs(sent.query).items()}
    return {name: value for name, value in found.items() if name not in ("timestamp", "signature")}


def test_names_of_recent_orders_are_read_of_both_families(http: SimpleNamespace):
    answers = {
        "GET /fapi/v1/allOrders": [http.Reply(b'[{"orderId":5,"clientOrderId":"tg1-hn-1"}]')],
        "GET /fapi/v1/allAlgoOrders": [http.Reply(b'[{"clientAlgoId":"tg1-ep-2","actualOrderId":"6"}]')],
    }

    async def scenario(client: RestClient) -> None:
        names = await client.order_names("BTCUSDT")
        assert names == (OrderName(5, "tg1-hn-1"), OrderName(6, "tg1-ep-2"))

    venue = run(http, answers, scenario)
    assert [query(sent) for sent in venue.sent] == [{"symbol": "BTCUSDT", "limit": "1000"}] * 2


def test_a_limit_order_goes_to_the_book_and_a_stop_to_the_algo_service(
    http: SimpleNamespace, payload: Payload, approve: Callable[..., ApprovedOrder]
):
    answers = {
        "POST /fapi/v1/order": [http.Reply(payload("rest_answers", "order_post"))],
        "POST /fapi/v1/algoOrder": [http.Reply(payload("rest_answers", "algo_post"))],
    }

    async def scenario(client: RestClient) -> None:
        placed = await client.place(approve())
        assert (placed.order_family, placed.order_id) == (OrderFamily.BOOK, 9007199254740993)
        stop = approve(
            "tg1-ep-3",
            order_type=OrderType.STOP_MARKET,
            side=Side.SELL,
            price=None,
            trigger_price=Decimal("59000.0"),
            reduce_only=True,
        )
        placed = await client.place(stop)
        assert (placed.order_family, placed.order_id) == (OrderFamily.ALGO, 1000000000007001)

    venue = run(http, answers, scenario)
    assert query(venue.sent[0])["newClientOrderId"] == "tg1-hn-1"
    assert query(venue.sent[1])["clientAlgoId"] == "tg1-ep-3"
    assert [s.headers["x-mbx-apikey"] for s in venue.sent] == ["k", "k"]


def test_an_amendment_is_put_once_and_one_without_a_readable_answer_is_unknown(
    http: SimpleNamespace, payload: Payload, approve_amend: Callable[..., ApprovedAmend]
):
    answers = {
        "PUT /fapi/v1/order": [
            http.Reply(payload("rest_answers", "order_post")),
            http.Reply(b"{}"),
            http.Reply(b'{"code":-1007,"msg":"Timeout"}', 408),
            http.Reply(b'{"code":-5027,"msg":"No need to modify the order."}', 400),
        ]
    }

    async def scenario(client: RestClient) -> None:
        assert client.bars(approve_amend()) is None
        assert (await client.amend(approve_amend())).order_id == 9007199254740993
        for _ in range(2):
            with pytest.raises(OutcomeUnknownError):
                await client.amend(approve_amend())
        with pytest.raises(VenueError) as caught:
            await client.amend(approve_amend())
        assert (caught.value.code, isinstance(caught.value, OutcomeUnknownError)) == (-5027, False)

    venue = run(http, answers, scenario)
    assert len(venue.sent) == 4
    assert query(venue.sent[0])["origClientOrderId"] == "tg1-hn-1"


def test_a_cancel_goes_where_the_order_lies(
    http: SimpleNamespace, payload: Payload, approve_cancel: Callable[..., ApprovedCancel]
):
    canceled = payload("rest_answers", "order_post").replace(b'"NEW"', b'"CANCELED"')
    answers = {
        "DELETE /fapi/v1/order": [http.Reply(canceled)],
        "DELETE /fapi/v1/algoOrder": [http.Reply(b'{"algoId":1,"clientAlgoId":"x","code":"200","msg":"success"}')],
    }

    async def scenario(client: RestClient) -> None:
        order = await client.cancel(approve_cancel())
        assert order is not None
        assert order.status is OrderStatus.CANCELED
        assert await client.cancel(approve_cancel("tg1-ep-3", OrderFamily.ALGO)) is None

    venue = run(http, answers, scenario)
    assert [query(s) for s in venue.sent] == [
        {"symbol": "BTCUSDT", "origClientOrderId": "tg1-hn-1"},
        {"clientAlgoId": "tg1-ep-3"},
    ]


def test_an_order_that_the_venue_does_not_know_is_none(http: SimpleNamespace, payload: Payload):
    answers = {
        "GET /fapi/v1/order": [http.Reply(UNKNOWN, 400), http.Reply(payload("rest_answers", "order_get"))],
        "GET /fapi/v1/algoOrder": [http.Reply(UNKNOWN.replace(b"2013", b"2011"), 400)],
    }

    async def scenario(client: RestClient) -> None:
        assert await client.query_order("BTCUSDT", "tg1-hn-1", OrderFamily.BOOK) is None
        found = await client.query_order("BTCUSDT", "tg1-hn-1", OrderFamily.BOOK)
        assert found is not None
        assert found.executed_quantity == Decimal("0.004")
        assert await client.query_order("BTCUSDT", "tg1-ep-3", OrderFamily.ALGO) is None

    run(http, answers, scenario)


def test_a_query_that_fails_otherwise_is_not_taken_for_absence(http: SimpleNamespace):
    answers = {"GET /fapi/v1/order": [http.Reply(b'{"code":-2015,"msg":"Invalid API-key."}', 401)]}

    async def scenario(client: RestClient) -> None:
        with pytest.raises(VenueError) as raised:
            await client.query_order("BTCUSDT", "tg1-hn-1", OrderFamily.BOOK)
        assert raised.value.code == -2015

    run(http, answers, scenario)


def test_snapshot(http: SimpleNamespace, payload: Payload):
    order, algo = payload("rest_answers", "order_get"), payload("rest_answers", "algo_post")
    answers = {
        "GET /fapi/v1/openAlgoOrders": [http.Reply(b"[" + algo + b"]")],
        "GET /fapi/v1/openOrders": [http.Reply(b"[" + order + b"]")],
        "GET /fapi/v3/account": [http.Reply(payload("rest_answers", "account"))],
        "GET /fapi/v3/positionRisk": [http.Reply(payload("rest_answers", "position_risk"))],
        "GET /fapi/v1/symbolConfig": [http.Reply(payload("rest_answers", "symbol_config"))],
    }

    async def scenario(client: RestClient) -> None:
        before_ms = client._clock.now_ms()
        snapshot = await client.account_snapshot("BTCUSDT")
        assert before_ms <= snapshot.taken_time_ms <= client._clock.now_ms()
        assert [b.available_balance for b in snapshot.balances] == [Decimal(8960)]
        assert {o.order_family for o in snapshot.open_orders} == {OrderFamily.BOOK, OrderFamily.ALGO}
        positions = {p.symbol: p for p in snapshot.positions}
        assert positions["ETHUSDT"].position_amount == Decimal(-2)
        flat = positions["BTCUSDT"]
        assert (flat.position_amount, flat.leverage, flat.margin_type) == (Decimal(0), 20, MarginType.CROSSED)

    venue = run(http, answers, scenario)
    paths = venue.paths()
    # What triggers or fills in between is seen twice rather than not at all.
    assert paths.index("GET /fapi/v1/openAlgoOrders") < paths.index("GET /fapi/v1/openOrders")
    assert paths.index("GET /fapi/v1/openOrders") < paths.index("GET /fapi/v3/positionRisk")


def test_a_snapshot_of_some_symbols_asks_for_their_orders_alone(http: SimpleNamespace, payload: Payload):
    answers = {
        "GET /fapi/v1/openAlgoOrders": [http.Reply(b"[]")] * 2,
        "GET /fapi/v1/openOrders": [http.Reply(b"[]")] * 2,
        "GET /fapi/v3/account": [http.Reply(payload("rest_answers", "account"))],
        "GET /fapi/v3/positionRisk": [http.Reply(payload("rest_answers", "position_risk"))],
        "GET /fapi/v1/symbolConfig": [http.Reply(payload("rest_answers", "symbol_config"))],
    }

    async def scenario(client: RestClient) -> None:
        snapshot = await client.account_snapshot("BTCUSDT", orders_of={"ETHUSDT", "BTCUSDT"})
        assert snapshot.orders_of == ("BTCUSDT", "ETHUSDT")

    venue = run(http, answers, scenario)
    asked = [sent.query.partition("&")[0] for sent in venue.sent if "open" in sent.path]
    assert sorted(asked) == ["symbol=BTCUSDT"] * 2 + ["symbol=ETHUSDT"] * 2


def test_an_order_is_found_by_the_venues_id(http: SimpleNamespace, payload: Payload):
    answers = {
        "GET /fapi/v1/order": [
            http.Reply(payload("rest_answers", "order_get")),
            http.Reply(b'{"code":-2013,"msg":"Order does not exist."}', 400),
        ]
    }

    async def scenario(client: RestClient) -> None:
        found = await client.order_by_id("BTCUSDT", 8500001)
        assert found is not None and found.order_id == 9007199254740993
        assert await client.order_by_id("BTCUSDT", 7) is None

    venue = run(http, answers, scenario)
    assert venue.sent[0].query.startswith("symbol=BTCUSDT&orderId=8500001&")


def test_a_snapshot_that_fails_in_part_fails(http: SimpleNamespace, payload: Payload):
    answers = {
        "GET /fapi/v1/openAlgoOrders": [http.Reply(b'{"code":-2015,"msg":"Invalid API-key."}', 401)],
        "GET /fapi/v1/symbolConfig": [http.Reply(payload("rest_answers", "symbol_config"))],
    }

    async def scenario(client: RestClient) -> None:
        with pytest.raises(VenueError) as raised:
            await client.account_snapshot("BTCUSDT")
        assert raised.value.code == -2015

    run(http, answers, scenario)


def test_market_data_needs_no_key(http: SimpleNamespace, payload: Payload):
    answers = {
        "GET /fapi/v1/exchangeInfo": [http.Reply(payload("rest_answers", "exchange_info"))],
        "GET /fapi/v1/klines": [http.Reply(payload("rest_answers", "klines"))],
        "GET /fapi/v1/depth": [http.Reply(payload("rest_answers", "depth"))],
    }

    async def scenario(client: RestClient) -> None:
        rules = await client.symbol_rules()
        assert list(rules) == ["BTCUSDT"]
        assert (client.weight_limit, client.orders_limit) == (6000, 1100)
        klines = await client.klines("BTCUSDT", "1m", limit=3, start_time_ms=1, end_time_ms=1795305659999)
        assert [k.is_closed for k in klines] == [True, True, True]
        assert (await client.depth("BTCUSDT", limit=5)).last_update_id == 9000155
        with pytest.raises(VenueError, match="needs an API key"):
            await client.is_hedge_mode()

    venue = run(http, answers, scenario, has_key=False)
    assert len(venue.sent) == 3
    assert venue.sent[1].query == "symbol=BTCUSDT&interval=1m&limit=3&startTime=1&endTime=1795305659999"
    assert "x-mbx-apikey" not in venue.sent[0].headers


def test_account_reads(http: SimpleNamespace, payload: Payload):
    answers = {
        "GET /fapi/v1/userTrades": [http.Reply(payload("rest_answers", "user_trades"))],
        "GET /fapi/v1/income": [http.Reply(payload("rest_answers", "income"))],
        "GET /fapi/v1/commissionRate": [http.Reply(payload("rest_answers", "commission_rate"))],
        "GET /fapi/v1/leverageBracket": [http.Reply(payload("rest_answers", "leverage_bracket"))],
        "GET /fapi/v1/positionSide/dual": [http.Reply(payload("rest_answers", "hedge_mode"))],
    }

    async def scenario(client: RestClient) -> None:
        assert (await client.fills("BTCUSDT", from_trade_id=5, start_time_ms=9))[0].trade_id == 300000017
        assert len(await client.fills("BTCUSDT", start_time_ms=9)) == 1
        assert len(await client.income(start_time_ms=1)) == 2
        assert (await client.commission_rate("BTCUSDT")).taker_fraction == Decimal("0.0005")
        assert len(await client.leverage_brackets("BTCUSDT")) == 2
        assert await client.is_hedge_mode()

    venue = run(http, answers, scenario)
    assert query(venue.sent[0]) == {"symbol": "BTCUSDT", "limit": "1000", "fromId": "5"}
    assert query(venue.sent[1]) == {"symbol": "BTCUSDT", "limit": "1000", "startTime": "9"}


def test_settings(http: SimpleNamespace):
    answers = {
        "POST /fapi/v1/leverage": [http.Reply(b'{"leverage":5,"maxNotionalValue":"1","symbol":"BTCUSDT"}')],
        "POST /fapi/v1/marginType": [
            http.Reply(b'{"code":-4046,"msg":"No need to change margin type."}', 400),
            http.Reply(b'{"code":-4048,"msg":"Margin type cannot be changed if there exists position."}', 400),
        ],
        "POST /fapi/v1/positionSide/dual": [
            http.Reply(b'{"code":-4059,"msg":"No need to change position side."}', 400),
            http.Reply(b'{"code":-4068,"msg":"Position side cannot be changed if there exists position."}', 400),
        ],
        "POST /fapi/v1/positionMargin": [
            http.Reply(b'{"amount":12.5,"code":200,"msg":"Successfully modify position margin.","type":1}'),
            http.Reply(b'{"code":-4051,"msg":"Isolated balance insufficient."}', 400),
        ],
    }

    async def scenario(client: RestClient) -> None:
        await client.set_leverage("BTCUSDT", 5)
        await client.set_margin_type("BTCUSDT", MarginType.ISOLATED)
        with pytest.raises(VenueError) as raised:
            await client.set_margin_type("BTCUSDT", MarginType.ISOLATED)
        assert raised.value.code == -4048
        await client.set_position_mode(is_hedge=True)
        with pytest.raises(VenueError) as raised:
            await client.set_position_mode(is_hedge=False)
        assert raised.value.code == -4068
        await client.move_margin(("BTCUSDT", PositionSide.BOTH), Decimal("12.50"), adds=True)
        with pytest.raises(VenueError) as raised:
            await client.move_margin(("BTCUSDT", PositionSide.LONG), Decimal("1E+3"), adds=False)
        assert raised.value.code == -4051

    venue = run(http, answers, scenario)
    assert query(venue.sent[-2]) == {"symbol": "BTCUSDT", "amount": "12.50", "type": "1"}
    assert query(venue.sent[-1]) == {"symbol": "BTCUSDT", "positionSide": "LONG", "amount": "1000", "type": "2"}
    assert query(venue.sent[0]) == {"symbol": "BTCUSDT", "leverage": "5"}
    assert query(venue.sent[1]) == {"symbol": "BTCUSDT", "marginType": "ISOLATED"}


def test_open_orders_of_a_symbol_and_family(http: SimpleNamespace, payload: Payload):
    answers = {"GET /fapi/v1/openAlgoOrders": [http.Reply(b"[" + payload("rest_answers", "algo_post") + b"]")]}

    async def scenario(client: RestClient) -> None:
        (listed,) = await client.open_orders("BTCUSDT", OrderFamily.ALGO)
        assert (listed.order_family, listed.status) == (OrderFamily.ALGO, OrderStatus.NEW)

    venue = run(http, answers, scenario)
    assert query(venue.sent[0]) == {"symbol": "BTCUSDT"}  # weight 1; without a symbol 40


def test_the_countdown_is_asked_for_again_when_the_venue_has_trouble(http: SimpleNamespace):
    reply = http.Reply(b'{"symbol":"BTCUSDT","countdownTime":"120000"}')
    trouble = http.Reply(b'{"code":-1001,"msg":"Internal error; unable to process your request."}', status=503)
    answers = {"POST /fapi/v1/countdownCancelAll": [trouble, reply, reply]}

    async def scenario(client: RestClient) -> None:
        await client.set_countdown("BTCUSDT", 120_000)
        await client.set_countdown("BTCUSDT", 0)

    venue = run(http, answers, scenario)
    asked = [query(sent) for sent in venue.sent]
    assert asked == [{"symbol": "BTCUSDT", "countdownTime": text} for text in ("120000", "120000", "0")]
    assert all("signature" in sent.query for sent in venue.sent)


def test_listen_key_calls_carry_the_key_and_no_signature(http: SimpleNamespace, payload: Payload):
    answers = {
        "POST /fapi/v1/listenKey": [http.Reply(payload("rest_answers", "listen_key")), http.Reply(b"{}")],
        "PUT /fapi/v1/listenKey": [
            http.Reply(b"{}"),
            http.Reply(b'{"code":-1125,"msg":"This listenKey does not exist."}', 400),
        ],
    }

    async def scenario(client: RestClient) -> None:
        assert await client.new_listen_key() == "Lk7exampleNotReal"
        with pytest.raises(ProtocolError):
            await client.new_listen_key()
        assert await client.renew_listen_key() == ""
        with pytest.raises(VenueError) as raised:
            await client.renew_listen_key()
        assert raised.value.code == -1125

    venue = run(http, answers, scenario)
    assert {s.query for s in venue.sent} == {""}
    assert {s.headers["x-mbx-apikey"] for s in venue.sent} == {"k"}

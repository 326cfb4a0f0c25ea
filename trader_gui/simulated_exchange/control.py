"""The loopback's own calls, which the venue does not have: faults on order, and acts of the venue by script.

All need the account's key in the header `X-MBX-APIKEY` and answer JSON; a malformed one is refused with HTTP 400 and
`{"code": -1130, "msg": which fault and which field}`, and nothing has changed.

`GET /simulator/faults` shows the plan in effect, how often each of its faults matched and struck, and the log of all
strikes. `POST` puts the plan in its body (see `fault_plan`; without `latency`) in its place, its times counted from
then. `DELETE` ends it. `POST /simulator/script` does one thing at once: `{"do": "auto_deleverage", "symbol": ...,
"position_side": "BOTH", "quantity": null for all}`, `{"do": "transfer", "asset": "USDT", "amount": "-5"}`,
`{"do": "maintenance", "on": true}`, `{"do": "expire_listen_key", "announced": true}`, `{"do": "jump_clock", "ms": 5}`.
"""

from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import msgspec

from trader_gui.simulated_exchange.fault_plan import PlanError, read_plan
from trader_gui.simulated_exchange.records import VenueRefusal
from trader_gui.simulated_exchange.requests import UNKNOWN_PATH, Reply
from trader_gui.simulated_exchange.trouble import Trouble
from trader_gui.simulated_exchange.venue import Venue
from trader_gui.simulated_exchange.wire import Json, encode

FAULTS_PATH = "/simulator/faults"
SCRIPT_PATH = "/simulator/script"
PATHS = frozenset({FAULTS_PATH, SCRIPT_PATH})


class _Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    pass


class _AutoDeleverage(_Act, frozen=True, tag="auto_deleverage"):
    symbol: str
    position_side: str = "BOTH"
    quantity: str | None = None


class _Transfer(_Act, frozen=True, tag="transfer"):
    amount: str
    asset: str = "USDT"


class _Maintenance(_Act, frozen=True, tag="maintenance"):
    on: bool


class _ExpireListenKey(_Act, frozen=True, tag="expire_listen_key"):
    announced: bool = True


class _JumpClock(_Act, frozen=True, tag="jump_clock"):
    ms: int


_AnyAct: TypeAlias = _AutoDeleverage | _Transfer | _Maintenance | _ExpireListenKey | _JumpClock


class ControlDesk:
    """Answers the control calls of one exchange."""

    def __init__(self, venue: Venue, trouble: Trouble) -> None:
        self._venue = venue
        self._trouble = trouble

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        """Follow a call whose key was checked."""
        try:
            if path == FAULTS_PATH:
                reply = self._faults(method, body)
            else:
                reply = self._script(body) if method == "POST" else None
        except (PlanError, msgspec.DecodeError, RecursionError, InvalidOperation) as error:
            return Reply(400, encode({"code": -1130, "msg": str(error) or "no number"}), {})
        except VenueRefusal as refusal:
            return Reply(refusal.http_status, encode({"code": refusal.code, "msg": refusal.message}), {})
        return UNKNOWN_PATH if reply is None else Reply(200, encode(reply), {})

    def _faults(self, method: str, body: bytes) -> Json | None:
        trouble = self._trouble
        if method == "POST":
            plan = read_plan(body)
            if plan.latency:
                raise PlanError("field 'latency': only in the file that the exchange starts with")
            return trouble.start(plan).report()
        if method == "DELETE":
            trouble.end()
        elif method != "GET":
            return None
        return trouble.faults.report() if trouble.faults is not None else {"faults": [], "log": []}

    def _script(self, body: bytes) -> Json:
        act = msgspec.json.decode(body, type=_AnyAct)
        venue, trouble = self._venue, self._trouble
        if isinstance(act, _AutoDeleverage):
            quantity = None if act.quantity is None else _decimal(act.quantity)
            venue.deliver(venue.core.auto_deleverage(act.symbol, act.position_side, quantity, venue.market_ms))
        elif isinstance(act, _Transfer):
            venue.deliver(venue.core.transfer(act.asset, _decimal(act.amount), venue.market_ms))
        elif isinstance(act, _Maintenance):
            trouble.set_maintenance(is_on=act.on)
        elif isinstance(act, _ExpireListenKey):
            trouble.expire_listen_key(is_announced=act.announced)
        else:
            trouble.jump(act.ms)
        venue.hub.flush()
        return {}


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite():
        raise InvalidOperation(f"{text!r} is no amount")
    return value

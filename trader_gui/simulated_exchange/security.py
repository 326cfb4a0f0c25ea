"""Who asks, and is it fresh: API key, signature and time window of a request (5.1), and reading its parameters.

Where the reference is silent: a signature is found wherever it stands, and is never part of what is signed. A
`recvWindow` above 60000 counts as 60000. A time stamp or window that is no whole number answers -1102. A name sent
twice in the query, or twice in the body, answers -1101; bytes that are no UTF-8 answer -1100. Parameters that an
endpoint does not know are ignored.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

from trader_gui.simulated_exchange.keys import ApiKey, KeyRing
from trader_gui.simulated_exchange.records import VenueRefusal

DEFAULT_WINDOW_MS = 5000
MAX_WINDOW_MS = 60_000
EARLY_MS = 1000
"""How far a request's timestamp may lie ahead."""

SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)")
KEY_FORM = re.compile(r"[0-9A-Za-z_-]+")
REPLACEMENT = "\ufffd"


def read_parameters(query: str, body: str) -> dict[str, str]:
    """Return the parameters of query and body; a name in both is taken from the query.

    Raises:
        VenueRefusal: A name twice in one of them (-1101), or bytes that are no UTF-8 (-1100).
    """
    if not body:
        return _read(query)
    return _read(body) | _read(query)


def _read(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if "%" in part or "+" in part or not part.isascii():
            name, value = unquote_plus(name), unquote_plus(value)
            if REPLACEMENT in value or not _is_unicode(value):
                raise VenueRefusal(-1100, f"Illegal characters found in parameter '{_shown(name)}'.")
        if name in parameters:
            raise VenueRefusal(-1101, f"Duplicate values for parameter '{_shown(name)}' detected.")
        if name:
            parameters[name] = value
    return parameters


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _shown(name: str) -> str:
    return name.encode("ascii", "replace").decode()[:40]


def known_key(keys: KeyRing, name: str | None) -> ApiKey:
    """Return the key of that name; refuse a missing or malformed (-2014) or foreign (-2015) one."""
    if not name or not KEY_FORM.fullmatch(name):
        raise VenueRefusal(-2014, "API-key format invalid.", 401)
    key = keys.get(name)
    if key is None:
        raise VenueRefusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    return key


def check_signature(key: ApiKey, query: str, body: str) -> None:
    """Refuse a missing (-1102) or wrong (-1022) signature over query and body as sent, joined by nothing."""
    found = SIGNATURE.search(query)
    payload = query if found is None else query[: found.start()] + query[found.end() :]
    if body:
        in_body = SIGNATURE.search(body)
        payload += body if in_body is None else body[: in_body.start()] + body[in_body.end() :]
        found = found or in_body
    signature = "" if found is None else unquote_plus(found[1])
    if not signature:
        raise missing("signature")
    if not key.verifies(payload.encode(errors="surrogateescape"), signature):
        raise wrong_signature()


def wrong_signature() -> VenueRefusal:
    """Return the refusal of a signature that does not fit (-1022)."""
    return VenueRefusal(-1022, "Signature for this request is not valid.")


def missing(name: str) -> VenueRefusal:
    """Return the refusal of a mandatory parameter that is absent or unreadable (-1102)."""
    return VenueRefusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def check_timestamp(parameters: Mapping[str, str], now_ms: int) -> int:
    """Refuse a missing time stamp (-1102) and one outside its window (-1021); return when the window ends."""
    timestamp = _whole(parameters, "timestamp", None)
    window = min(_whole(parameters, "recvWindow", DEFAULT_WINDOW_MS), MAX_WINDOW_MS)
    if timestamp >= now_ms + EARLY_MS:
        raise VenueRefusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - timestamp > window:
        raise VenueRefusal(-1021, "Timestamp for this request is outside of the recvWindow.")
    return timestamp + window


def _whole(parameters: Mapping[str, str], name: str, default: int | None) -> int:
    given = parameters.get(name)
    if given is None and default is not None:
        return default
    if given is None or not given.isascii() or not given.isdigit() or len(given) > 20:
        raise missing(name)
    return int(given)

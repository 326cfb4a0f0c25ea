"""What a lost or failed connection is called."""

import errno
import socket
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Close
from websockets.http11 import Response

from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.stream_trouble import trouble_of


def status(code: int) -> InvalidStatus:
    return InvalidStatus(Response(code, "", Headers()))


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ConnectionClosedError(None, None), "cut"),
        (ConnectionClosedError(Close(1001, "going away"), None), "closed: 1001 going away"),
        (ConnectionClosedError(None, Close(1011, "")), "closed: 1011"),
        (status(503), "maintenance"),
        (status(429), "refused: HTTP 429"),
        (VenueError(-1016, "This service is no longer available.", http_status=503), "maintenance"),
        (VenueError(None, "Service Unavailable.", http_status=503), "maintenance"),
        (VenueError(-2015, "Invalid API-key.", http_status=401), "no_access: -2015: Invalid API-key."),
        (ProtocolError("listenKey: the answer names none"), "no_access: listenKey: the answer names none"),
        (TimeoutError(), "no_answer"),
        (socket.gaierror(-2, "Name or service not known"), "no_name"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "no_network"),
        (ConnectionRefusedError(111, "refused"), "not_reachable: ConnectionRefusedError"),
    ],
)
def test_every_trouble_has_its_word(error: Any, word: str) -> None:
    assert trouble_of(error) == word

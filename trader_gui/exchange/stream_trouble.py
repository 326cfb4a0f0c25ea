"""What a connection that was lost, or did not come about, is called: a code, and other people's words after a colon.

No text made here holds a URL: the private one contains the listenKey.
"""

import errno
import socket

from websockets.exceptions import ConnectionClosed, InvalidStatus

from trader_gui.errors import ProtocolError, VenueError
from trader_gui.exchange.rest_errors import IN_MAINTENANCE

TOO_MANY = frozenset({418, 429})
"""HTTP statuses by which the venue refuses a connection because there were too many."""

_UNAVAILABLE = 503
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})


def trouble_of(error: Exception) -> str:
    """Return what went wrong.

    `closed`, `cut`: A connection that was there. `maintenance`, `refused`, `no_access`: The venue's word, at the
    handshake or to the request for a listenKey. `no_answer`, `no_name`, `no_network`, `not_reachable`: It was not met.
    """
    if isinstance(error, ConnectionClosed):
        frame = error.rcvd or error.sent
        return f"closed: {frame.code} {frame.reason}".rstrip() if frame is not None else "cut"
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return "maintenance" if status == _UNAVAILABLE else f"refused: HTTP {status}"
    if isinstance(error, VenueError | ProtocolError):
        return _of_request(error)
    if isinstance(error, TimeoutError):
        return "no_answer"
    if isinstance(error, socket.gaierror):
        return "no_name"
    if isinstance(error, OSError) and error.errno in _NO_ROUTE:
        return "no_network"
    return f"not_reachable: {type(error).__name__}"


def _of_request(error: VenueError | ProtocolError) -> str:
    """Name why there is no listenKey."""
    if isinstance(error, VenueError) and (error.code == IN_MAINTENANCE or error.http_status == _UNAVAILABLE):
        return "maintenance"
    return f"no_access: {error}"

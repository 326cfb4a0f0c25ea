"""What an error answer, or no answer, means."""

import pytest
import requests
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from trader_gui.errors import OutcomeUnknownError, VenueError
from trader_gui.exchange import rest_errors

PAGE = b"<html><body>503 Service Unavailable</body></html>"


def body(code: int, text: str) -> bytes:
    return b'{"code":%d,"msg":"%s"}' % (code, text.encode())


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (408, body(-1007, "Timeout waiting for response from backend server.")),
        (408, b""),
        (503, body(-1000, "Unknown error, please check your request or try again later.")),
        (503, b"Unknown error, please check your request or try again later."),
        (400, body(-1006, "An unexpected response was received.")),
        (503, body(-1007, "Timeout")),
        (500, b"Request occur unknown error."),
        (502, PAGE),
        (503, PAGE),
        (504, b""),
        (302, b""),
    ],
)
def test_what_may_have_been_done(status: int, answer: bytes):
    change = rest_errors.of_answer(status, answer, is_change=True)
    assert isinstance(change, OutcomeUnknownError)
    assert change.http_status == status
    read = rest_errors.of_answer(status, answer, is_change=False)
    assert not isinstance(read, OutcomeUnknownError)
    assert read.retryable


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (503, body(-1001, "Internal error; unable to process your request. Please try again."), -1001),
        (503, b"Service Unavailable.", None),
        (503, b"Internal error; unable to process your request. Please try again.", None),
        (503, body(-1008, "Server is currently overloaded."), -1008),
        (503, body(-1016, "This service is no longer available."), -1016),
        (429, body(-1003, "Too many requests."), -1003),
        (418, body(-1003, "Way too many requests; IP banned until 1795309200000."), -1003),
        (400, body(-1015, "Too many new orders."), -1015),
        (400, body(-1021, "Timestamp for this request is outside of the recvWindow."), -1021),
        (403, PAGE, None),
    ],
)
def test_what_was_refused_for_now(status: int, answer: bytes, code: int | None):
    error = rest_errors.of_answer(status, answer, is_change=True)
    assert not isinstance(error, OutcomeUnknownError)
    assert (error.retryable, error.code) == (True, code)


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (400, body(-2019, "Margin is insufficient."), -2019),
        (401, body(-2015, "Invalid API-key, IP, or permissions for action."), -2015),
        (403, body(-1002, "You are not authorized."), -1002),
        (404, b"<!doctype html><title>404</title>", None),
    ],
)
def test_what_was_refused_for_good(status: int, answer: bytes, code: int | None):
    error = rest_errors.of_answer(status, answer, is_change=True)
    assert not isinstance(error, OutcomeUnknownError)
    assert (error.retryable, error.code) == (False, code)


def test_a_page_is_not_quoted_and_a_long_text_is_cut():
    assert rest_errors.of_answer(404, PAGE, is_change=False).message == "HTTP status 404"
    assert len(rest_errors.of_answer(500, b"x" * 9000, is_change=False).message) == 200


def _refused() -> requests.ConnectionError:
    reason = NewConnectionError(HTTPConnection("127.0.0.1", 9), "refused")
    return requests.ConnectionError(MaxRetryError(HTTPConnectionPool("127.0.0.1", 9), "/x?signature=abc", reason))


@pytest.mark.parametrize("error", [_refused(), requests.ConnectTimeout("https://x/?signature=abc")])
def test_without_a_connection_nothing_was_sent(error: Exception):
    found = rest_errors.of_exception(error, is_change=True)
    assert not isinstance(found, OutcomeUnknownError)
    assert found.retryable


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout("https://x/?signature=abc"),
        requests.ConnectionError("('Connection aborted.', RemoteDisconnected()) signature=abc"),
        requests.exceptions.ChunkedEncodingError("signature=abc"),
        requests.exceptions.SSLError("signature=abc"),
        OSError("signature=abc"),
    ],
)
def test_a_cut_in_mid_call_leaves_it_open(error: Exception):
    assert isinstance(rest_errors.of_exception(error, is_change=True), OutcomeUnknownError)
    assert rest_errors.of_exception(error, is_change=False).retryable


def test_a_header_that_cannot_be_written_is_no_reason_to_try_again():
    error = requests.exceptions.InvalidHeader("Header value must be str: my-key")
    found = rest_errors.of_exception(error, is_change=True)
    assert (found.retryable, isinstance(found, OutcomeUnknownError)) == (False, False)
    assert "my-key" not in str(found)


@pytest.mark.parametrize("error", [_refused(), requests.ReadTimeout("signature=abc"), OSError("signature=abc")])
def test_no_text_holds_what_the_library_says(error: Exception):
    assert "signature" not in str(rest_errors.of_exception(error, is_change=True))


NOW_MS = 1795309140000


@pytest.mark.parametrize(
    ("status", "code", "text", "header", "pause_s"),
    [
        (429, -1003, "Too many requests.", "7", 7.0),
        (429, -1003, "Too many requests.", None, 10.0),
        (429, -1015, "Too many new orders.", None, 10.0),
        (400, -1015, "Too many new orders.", None, 10.0),
        (418, -1003, "IP banned until 1795309139000.", None, 120.0),
        (418, -1003, "IP banned until 9999999999999.", None, 259_200.0),
        (429, -1003, "Too many requests.", "0", 1.0),
        (418, -1003, "IP banned until 1795309200000.", None, 60.0),
        (418, -1003, "IP banned.", "soon", 120.0),
        (403, None, "HTTP status 403", None, 60.0),
        (400, -1121, "Invalid symbol.", "9", 0.0),
    ],
)
def test_pause(status: int, code: int | None, text: str, header: str | None, pause_s: float):
    error = VenueError(code, text, http_status=status, retryable=code != -1121)
    assert rest_errors.pause_s(error, header, NOW_MS) == pause_s

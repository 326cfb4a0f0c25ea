"""The venue, as a client sees it: REST through the connector, streams through websockets, JSON only in `wire`.

In: approved orders and cancels, questions. Out: domain records, `StreamItem`s with their time of receipt, and errors
that say whether something may have been done (`OutcomeUnknownError`) or surely not (`VenueError`).

Invariants: what changes something is sent once, in order, and never late; only reads are tried again. Numbers go out
as texts. No key, signature, listenKey or URL is in a log line or an error. A connection, first or later, is told with
a `StreamStatus`; nothing missed before it is made up for. A socket counts as connected once a frame or a pong has come
over it; one that is replaced goes on until then, so what it carries may be told twice, and for a moment late.

Decisions of 2026-11: the connector signs and sends but its socket client is not used (no reconnect, no connect
time-out); orders are answered with ACK, so that nothing counts as done before the stream tells the position; the last
kline of an answer counts as open, since a simulated market has its own time. Refused: the successor of the connector
(it hides the bodies of 5xx answers, by which "unknown" and "refused" are told apart).
"""

"""A loopback server that speaks the venue's REST and WebSocket protocol; the client cannot tell it from the venue.

It shares no wire code with `exchange/`: it is written from the venue's documents, separately.

Two clocks. *Request clock*: the machine's; `/fapi/v1/time`, the `timestamp` window, listenKey validity and rate limits
follow it. *Market clock*: the time of the market source (a file's minutes, or a generated market at 1x to 100x); all
event times, kline times, order times and funding follow it. At 1x on a generated market the two agree.

Pacing (`--speed max`), an extension that the venue does not have. A socket joins by sending
`{"method": "PACE", "params": ["join"], "id": 1}`. After each round of frames the server sends
`{"e": "pace", "n": N}` on every joined socket and goes on only when each of them has answered
`{"method": "PACE", "params": [N], "id": N}` (no reply is sent to that). If anything was pushed on any socket after
marker N was sent, another round follows before the market clock moves. With no joined socket the market stands still
until one joins, so a session starts at the file's first streamed kline. A client answers when it has worked off all
that came before the marker and none of its order calls is open: so results never depend on the machine's speed.

Before the first tick the book and the mark price of that tick are shown already, without its trades; a request then
sees a market that has just closed the last kline of the history. What a tick does to the account goes out in a round
of its own before the tick's market frames; a kline that closes between two ticks has a round of its own at its close
time. Rate limits are off at this speed. When a klines file has been played to its end, a last round follows, then
every socket on /market gets `{"e": "dataEnd", "E": market time}`; requests are still served.

One account, no withdrawals, one-way mode, USDT only. The listenKey's sockets are served on /private alone; an
un-routed URL serves the /public streams only, as the venue's does.
"""

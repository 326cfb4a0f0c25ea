"""A loopback server that speaks the venue's REST and WebSocket protocol; the client cannot tell it from the venue.

It shares no wire code with `exchange/`: it is written from the venue's documents, separately.

Where prices come from (`MarketSource` in `records`, made by `sources`): generated from a seed, one symbol or all of an
exchangeInfo, in regimes on a schedule (`regimes`); or a file, whose content tells what it is: klines of the venue's
archive (`file_market`), its aggregate trades (`trades_market`), a recording of raw streams (`recorded`); or pushed in
(Mirror, below). `--rules FILE` (an answer of exchangeInfo, or one entry of it) and `--brackets FILE` (leverageBracket)
give symbols the venue's own rules in place of this exchange's table; what neither tells is that of a small coin, and
funding is paid every eight hours.

Two clocks. *Request clock*: the machine's; `/fapi/v1/time`, the `timestamp` window, listenKey validity and rate limits
follow it. *Market clock*: the time of the market source (a file's own times, or a generated market at 1x to 100x); all
event times, kline times, order times and funding follow it. At 1x on a generated market the two agree.

Pacing (`--speed max`), an extension that the venue does not have. A socket joins by sending
`{"method": "PACE", "params": ["join"], "id": 1}`. After each round of frames the server sends
`{"e": "pace", "n": N}` on every joined socket and goes on only when each of them has answered
`{"method": "PACE", "params": [N], "id": N}` (no reply is sent to that). If anything was pushed on any socket after
marker N was sent, another round follows before the market clock moves. A socket that joins while a round waits gets
its marker and is waited for, too. With no joined socket the market stands still
until one joins, so a session starts at the file's first streamed kline. A client answers when it has worked off all
that came before the marker and none of its order calls is open: so results never depend on the machine's speed.

Before the first tick the book and the mark price of that tick are shown already, without its trades; a request then
sees a market that has just closed the last kline of the history. What a tick does to the account goes out in a round
of its own before the tick's market frames; a kline that closes between two ticks has a round of its own at its close
time. Rate limits are off at this speed. When a file has been played to its end, a last round follows, then
every socket on /market gets `{"e": "dataEnd", "E": market time}`; requests are still served.

Mirror (`--mirror --data FILE`), another extension: the market of one symbol is pushed in from outside, so that orders
are filled by the books of a real market. FILE holds the klines before it, all of them history; until the first frame
the market is closed (-1122), and while none come it stands still. A socket on `/mirror`, opened with the account's
key in the header `X-MBX-APIKEY`, takes text frames, each one instant of the market; amounts are texts:
`{"symbol": S, "time_ms": T, "prints": [[price, quantity, is_buyer_maker], ...], "bids": [[price, quantity], ...],
"asks": [...], "mark": price, "index": price, "funding_rate": fraction}`, prints since the last frame oldest first,
levels best first. Each is answered: `{"e": "mirror", "E": market time, "taken": true}`, `"taken": false` when its
time is not after the market's (it is dropped), or `{"code": 2, "msg": why}` when it is malformed, has levels out of
order or a crossed or one-sided book; then nothing has changed. The market clock is the frames' time. The depth of
fills is that of the image: what a larger order would find below it is not known, so it finds nothing. Klines of this
exchange begin with the first frame in the minute that it falls into; whoever wants the market's own asks the market.

Keys: the HMAC pair, and public RSA or Ed25519 keys given with `--public-key`; each signs for the one account, over REST
and over the WebSocket API at `/ws-fapi/v1`, which has the same requests behind it and draws on the same limits.
Limits are those of one address and one account: all clients of this machine together.

Trouble on order, an extension: `--faults FILE` and the calls of `/simulator/` (see `control`) make the exchange fail in
the ways the venue does (`fault_plan` lists them), the same plan in the same way, and tell what was done. `--latency`
gives it the venue's delays. Without them nothing fails and nothing is delayed.

Not offered, and so unknown paths (404) or silent streams: COIN-M symbols (some stand in the all-market streams, as they
do there, and that is all); what belongs to delivery contracts, composite indices, TradFi sessions and multi-assets mode
(`delivery-price`, `indexInfo`, `assetIndex`, `tradingSchedule`; `@compositeIndex`, `@assetIndex`, `!assetIndex@arr`,
`tradingSession`), for there are none; the insurance fund's balance (`insuranceBalance`) and the crowd's long/short
ratios, since nobody but the account holds positions here (open interest is a model, see `rest_klines`);
`continuousKline_1s`; and `<s>@trade`, which the venue delivers no more either.

One account, in one-way or hedge mode, USDT only. The listenKey's sockets are served on /private alone; an
un-routed URL serves the /public streams only, as the venue's does.
"""

"""Messages in, the newest state out: one collector for each kind of data that the rest looks at.

In: domain records, one at a time, through `apply`. Out: attributes and arrays for the core and the models, `frame()`
for people and files. A collector never asks for anything: where data is missing it says so (`resync_wanted`) and the
session fetches it. A revision that stands means that nothing changed, so a chart or a table need not look again.

Invariants: arrays handed out never change afterwards; a series has no hole; position and balances come from the venue's
account messages alone, never from orders or fills; a terminal order never becomes open again.

Decided 2026-11-22: the series keep both the records (exact, for people) and float64 columns (for indicators and
drawing). Refused: one DataFrame that grows by concatenation, at 11 ms a message.
"""

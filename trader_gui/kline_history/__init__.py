"""Klines of any symbol and interval, as far back as the venue has them: what a chart draws from.

A `KlineStore` holds closed klines by *slot*: the number of the kline since 1970, so that a kline's place never depends
on which others are loaded, and what is missing is an empty slot. `Pyramid` answers for the extremes of any stretch of
slots in time that grows with the answer, not with the stretch.

The engine's own series is not kept here and does not depend on anything here: charts may load, drop and switch what
they like while a session trades.
"""

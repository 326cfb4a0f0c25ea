"""Collected data in, named true / false values out.

In: closes of closed klines as float64, one by one (`extend`) or at once (`reset`), and the price of now. Out:
`Condition` records with the numbers that made them; `indicators` has the same figures as arrays, for charts and for
the past.

Invariants: the live form equals the array form bit for bit, because both add in the same order; a window is summed anew
each time, never as a difference of running totals (those flip decisions); what is not ready is False and says how many
klines it needs.

Decided 2026-11-22: all that depends on closed klines alone is computed once a kline, so a message of the open kline
costs four comparisons. Refused: population deviation (the strategy is defined with the sample deviation).
"""

"""Conditions in, one wish at most out: the rules by position state.

In: the named conditions and a `DecisionContext` (position as the venue told it, own open orders, times of events).
Out: an `Evaluation` that says which rules held and which order is wanted, and `stop_price`, where the stop belongs that
lives at the exchange; that it is there is the affair of `risk.protection`. Nothing here sends anything, and nothing
reads a clock: `now_ms` is the newest event time.

Invariants: an exit is reduce-only, sized by the true position, and barred by no pause; the engine manages only a
position that its own fills made; one strategy is one entry of `registry`, made of parameters and conditionals, and no
other file knows its rules.

Decided 2026-11-22: exits by the rules are software limits as the strategy defines them, and behind them one
STOP_MARKET with closePosition rests at the exchange, so that a lost connection does not mean a position without a stop.
"""

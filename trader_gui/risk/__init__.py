"""The only door to the exchange: wishes in, approved orders or refusals out.

In: an `OrderIntent` or `CancelIntent`, by rules or by hand, and a `RiskContext`. Out: `ApprovedOrder`,
`ApprovedCancel`, or a `Refusal` with a code, its numbers and the nearest value that would pass. Only `gate` can make
an approved one.

`legs` fits every wish to the account's position mode, before any rule sees it.

Invariants: every order passes every rule, whoever asks; an order is *opening* unless its flags or its leg let
it only reduce, whatever purpose it names; no rule about money, time or feed bars an order that can only reduce; while
the outcome of an order is unknown, its owner sends no other for the same purpose.

What keeps the engine's position under a stop at the exchange is `protection`: it wishes, as a strategy does, and passes
the same gate. `cover` tells which stops cover a position. `brackets` keeps the exits of entries by hand: each has a
policy of that kind for its stop, and `target` for its target; `exits` judges them with the entry.

Decided 2026-11-22: limits are off unless set (None); an order by hand is refused rather than altered, but for the
quantity of a reduce-only order, which is cut to the position.
Decided 2026-12-01: the exits of a bracket are conditional orders of a quantity, the target a TAKE_PROFIT_MARKET. A
limit order as target was refused: it rests in the book as reduce-only, where it makes the venue refuse other closes, is
taken by the dead man's switch, and can be left half executed. What somebody closes is taken from the newest bracket.
"""

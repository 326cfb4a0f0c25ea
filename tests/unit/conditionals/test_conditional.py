"""Every conditional keeps to what the base promises: the same names in the same order, ready or not."""

import numpy as np
import pytest

from trader_gui.conditionals.bb import BBConditional
from trader_gui.conditionals.conditional import Conditional
from trader_gui.conditionals.rv import RVConditional


@pytest.mark.parametrize("conditional", [BBConditional(20, 1.0, 2.0), RVConditional(10, 20)], ids=["bb", "rv"])
def test_names_never_change_and_extending_equals_starting_anew(conditional: Conditional):
    close = 100 + np.cumsum(np.random.default_rng(5).normal(size=80))
    conditional.reset(close[:0])
    empty = conditional.evaluate(100.0)
    assert not any(condition.ready or condition.value for condition in empty)
    for price in close:
        conditional.extend(float(price))
    extended = conditional.evaluate(101.5)
    assert [c.name for c in extended] == [c.name for c in empty]
    assert all(c.ready for c in extended)
    conditional.reset(close)
    assert conditional.evaluate(101.5) == extended

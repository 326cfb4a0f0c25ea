"""Steps are numbered without a gap, whatever they are of, and tell a finding once."""

from tests.core_rig import Rig
from tests.unit.callback.test_quotes import WATCHED, ether_order
from trader_gui.callback.step_maker import StepMaker
from trader_gui.domain.step import Tick


def test_numbers_rise_by_one_with_every_step_of_whatever_kind():
    rig = Rig()
    for message in WATCHED:
        rig.send(message)
    rig.tick(100_010)
    rig.look()
    rig.steps.append(rig.callback.request([ether_order()]))
    numbers = [step.sequence for step in rig.steps]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_was_found_before_is_no_news():
    callback = Rig().callback
    maker = StepMaker(callback.protection, callback.brackets)
    before = maker.findings()
    step = maker.whole(Tick(1, 2), 2, ((), None), (), (), before)
    assert (step.sequence, step.protection, step.brackets) == (1, None, ())
    assert maker.quiet(Tick(1, 2), 7).event_time_ms == 2

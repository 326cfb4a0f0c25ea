import time

from trader_gui.simulated_exchange.request_clock import RequestClock


def test_jumps_add_up_and_can_be_taken_back() -> None:
    clock = RequestClock()
    assert abs(clock() - time.time_ns() // 1_000_000) < 1_000
    clock.jump(3_600_000)
    clock.jump(-600_000)
    assert abs(clock() - time.time_ns() // 1_000_000 - 3_000_000) < 1_000
    clock.jump(-3_000_000)
    assert clock.offset_ms == 0

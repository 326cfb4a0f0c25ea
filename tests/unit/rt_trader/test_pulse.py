"""How often a route usually speaks."""

from trader_gui.rt_trader.pulse import Pulse

S = 1_000_000_000


def speak(pulse: Pulse, start_s: float, end_s: float, every_s: float) -> None:
    now_s = start_s
    while now_s <= end_s:
        pulse.note(int(now_s * S))
        now_s += every_s


def test_a_busy_market_may_be_silent_for_the_least_time_only() -> None:
    pulse = Pulse()
    assert pulse.longest_usual_ns(3 * S) == 3 * S
    speak(pulse, 100, 200, 0.1)
    assert pulse.longest_usual_ns(3 * S) == 3 * S


def test_a_quiet_one_for_longer_and_that_is_remembered_for_a_minute_or_two() -> None:
    pulse = Pulse()
    speak(pulse, 100, 300, 10)
    assert pulse.longest_usual_ns(3 * S) == 30 * S
    speak(pulse, 300.1, 360, 0.1)
    assert pulse.longest_usual_ns(3 * S) >= 3 * S
    speak(pulse, 360.1, 500, 0.1)
    assert pulse.longest_usual_ns(3 * S) == 3 * S


def test_the_pause_of_a_lost_connection_is_not_the_markets() -> None:
    pulse = Pulse()
    speak(pulse, 100, 110, 0.1)
    pulse.pause()
    speak(pulse, 170, 180, 0.1)
    assert pulse.longest_usual_ns(3 * S) == 3 * S

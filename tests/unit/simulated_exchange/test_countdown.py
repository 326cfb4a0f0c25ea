from trader_gui.simulated_exchange.countdown import Countdowns


def test_a_countdown_runs_out_once_unless_it_is_renewed_or_stopped() -> None:
    countdowns = Countdowns()
    assert not countdowns.is_running
    countdowns.set("ETHUSDT", 300, 1000)
    countdowns.set("BTCUSDT", 200, 1000)
    countdowns.set("XRPUSDT", 100, 1000)
    countdowns.set("XRPUSDT", 0, 1050)
    assert countdowns.take_due(1199) == []
    countdowns.set("BTCUSDT", 200, 1150)
    assert countdowns.take_due(1299) == []
    assert countdowns.take_due(1400) == ["ETHUSDT", "BTCUSDT"]
    assert not countdowns.is_running
    assert countdowns.take_due(9999) == []

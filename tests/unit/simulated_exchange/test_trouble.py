from pathlib import Path

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.latency import NO_LATENCY
from trader_gui.simulated_exchange.options import ExchangeOptions
from trader_gui.simulated_exchange.server import SimulatedExchange
from trader_gui.simulated_exchange.trouble import read_trouble


def test_nothing_asked_for_is_nothing() -> None:
    assert read_trouble(None, "", is_paced=True) == (None, NO_LATENCY)


def test_latency_comes_from_the_file_or_the_option_and_not_at_speed_max(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text('{"latency": "order=5"}')
    plan, latency = read_trouble(file, "", is_paced=False)
    assert plan is not None
    assert latency == plan.delays != NO_LATENCY
    with pytest.raises(UserError, match="given twice"):
        read_trouble(file, "cancel=1", is_paced=False)
    for named, text in ((file, ""), (None, "order=5")):
        with pytest.raises(UserError, match="not possible at speed max"):
            read_trouble(named, text, is_paced=True)
    with pytest.raises(UserError, match=r"^latency: 'reply=5'.*order"):
        read_trouble(None, "reply=5", is_paced=False)


def test_an_exchange_refuses_a_broken_plan_before_it_listens(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text('{"faults": [{"kind": "html_403", "every": "often"}]}')
    with pytest.raises(UserError, match=r"^plan\.json: fault 0, field 'every'"):
        SimulatedExchange(ExchangeOptions(faults=file))

from msgspec.structs import replace

from tests.core_records import RULES, dec
from trader_gui.collectors.symbol_rules import SymbolRulesCollector
from trader_gui.domain.symbol import RulesUpdate, is_multiple

ETH = replace(RULES, symbol="ETHUSDT", tick_size=dec("0.01"))


def test_rules_are_kept_by_symbol_and_only_news_counts():
    collector = SymbolRulesCollector(RULES)
    assert collector.of("ETHUSDT").is_unknown and not collector.of("BTCUSDT").is_unknown
    assert collector.apply(RulesUpdate((RULES, ETH), 0))
    assert (collector.of("ETHUSDT"), collector.revision) == (ETH, 1)
    assert not collector.apply(RulesUpdate((ETH,), 0))
    assert collector.revision == 1
    halted = replace(ETH, status="SETTLING")
    assert collector.apply(RulesUpdate((halted,), 0))
    assert collector.all == {"BTCUSDT": RULES, "ETHUSDT": halted}
    assert list(collector.frame()["symbol"]) == ["BTCUSDT", "ETHUSDT"]


def test_unknown_rules_bound_nothing_and_divide_by_nothing():
    unknown = SymbolRulesCollector(RULES).of("XYZ")
    assert unknown.snap_price(dec("1.23456")) == dec("1.23456")
    assert is_multiple(dec("0.1"), unknown.step_size)

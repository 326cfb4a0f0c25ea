"""The symbol that a row speaks of, whatever the row is."""

from types import SimpleNamespace

from trader_gui.widgets.symbol_links import symbol_of


def test_a_row_names_its_symbol_itself_or_by_what_it_holds() -> None:
    ether = SimpleNamespace(symbol="ETHUSDT")
    for row in (ether, SimpleNamespace(order=ether), SimpleNamespace(fill=ether)):
        assert symbol_of(row) == "ETHUSDT"
    assert symbol_of(None) == symbol_of(SimpleNamespace(symbol="")) == ""

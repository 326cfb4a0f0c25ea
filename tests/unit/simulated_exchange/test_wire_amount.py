from decimal import Decimal as D

from trader_gui.simulated_exchange.wire_amount import bare_money, money, price


def test_amounts_are_cut_and_never_rounded() -> None:
    assert [money(D(v)) for v in ("0", "500", "-1.999999999", "1E-7")] == [
        "0.00000000",
        "500.00000000",
        "-1.99999999",
        "0.00000010",
    ]
    assert [bare_money(D(v)) for v in ("0", "0.00", "500.5")] == ["0", "0", "500.50000000"]
    assert [price(D(v)) for v in ("0", "60000", "60012.50", "23846.66363636363", "0.0000001")] == [
        "0.0",
        "60000.0",
        "60012.5",
        "23846.66363636",
        "0.0000001",
    ]

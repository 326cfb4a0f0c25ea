"""Of many errors at once, the one that is this program's own is told."""

from trader_gui.errors import UserError, VenueError, first_error


def test_our_own_error_is_found_inside_nested_groups():
    ours = UserError("bad file")
    group = ExceptionGroup("tasks", [ValueError("x"), ExceptionGroup("inner", [KeyError("y"), ours])])
    assert first_error(group) is ours


def test_without_one_of_ours_the_first_is_told():
    first = ValueError("x")
    assert first_error(ExceptionGroup("tasks", [ExceptionGroup("inner", [first]), KeyError("y")])) is first


def test_a_venue_error_names_code_and_text():
    assert str(VenueError(-2019, "Margin is insufficient.")) == "-2019: Margin is insufficient."
    assert str(VenueError(None, "cannot connect")) == "cannot connect"

"""Every code that the program emits has a sentence, and every sentence is whole."""

import ast
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import trader_gui
from trader_gui import i18n
from trader_gui.domain.order import OrderOutcome, OutcomeKind
from trader_gui.domain.step import Refusal
from trader_gui.errors import OutcomeUnknownError, UserError, VenueError
from trader_gui.orders.reconcile import RowState
from trader_gui.rt_trader import claims

SOURCE = Path(trader_gui.__file__).parent


def calls_of(name: str, folders: tuple[str, ...]) -> Iterator[ast.Call]:
    for folder in folders:
        for path in sorted((SOURCE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                    yield node


def texts_in(*nodes: ast.AST) -> set[str]:
    """Every string that stands in these expressions, both arms of a condition included."""
    found = (n.value for node in nodes for n in ast.walk(node) if isinstance(n, ast.Constant))
    return {text for text in found if isinstance(text, str)}


def test_every_refusal_of_gate_and_session_has_a_sentence() -> None:
    emitted = set().union(*(texts_in(call.args[0]) for call in calls_of("Refusal", ("risk", "rt_trader")) if call.args))
    assert len(emitted) > 15, "the search finds the codes"
    assert emitted - i18n.sentences()["refusal"].keys() == set()


def test_every_problem_of_the_ticket_has_a_sentence_and_no_sentence_is_left_over() -> None:
    emitted = {
        text
        for call in calls_of("Problem", ("models",))
        for text in texts_in(*call.args[1:2])
        if re.fullmatch(r"[a-z_]+", text)
    }
    source = "".join(path.read_text(encoding="utf-8") for path in (SOURCE / "models").glob("ticket_*checks.py"))
    emitted |= {code for code in i18n.sentences()["problem"] if f'"{code}"' in source}
    assert emitted == i18n.sentences()["problem"].keys()


def test_every_hold_has_its_three_sentences() -> None:
    source = (SOURCE / "models" / "ticket_checks.py").read_text(encoding="utf-8")
    held = source[source.index("def hold_code") : source.index("def _make_intent")]
    codes = set(re.findall(r'return "([a-z_]+)"', held))
    sections = i18n.sentences()
    assert codes == sections["hold"].keys() == sections["held"].keys() == sections["held_more"].keys()


def test_every_reason_of_the_strategy_and_the_session_has_a_sentence() -> None:
    from trader_gui.decision import bb_rv

    assert bb_rv.BbRvDecision.__doc__ is not None
    told = set(re.findall(r"`([a-z_]+)`", bb_rv.BbRvDecision.__doc__.split("Reasons told:")[1]))
    session = "".join(path.read_text(encoding="utf-8") for path in (SOURCE / "rt_trader").glob("*.py"))
    told |= set(re.findall(r'(?:\.halt|set_mode)\([^"\n]*"([a-z_]+)"\)', session))
    assert {"entry_long", "stop_loss", "bug", "expired"} <= told
    assert told - i18n.sentences()["reason"].keys() == set()


def test_every_way_in_which_a_stop_goes_and_every_reason_of_its_policy_has_a_sentence() -> None:
    from trader_gui.domain.order import OrderStatus
    from trader_gui.risk import protection

    over = {status.value.lower() for status in OrderStatus if status.is_terminal} - {"expired_in_match"}
    assert {*over, "unknown", "triggered"} == i18n.sentences()["no_stop"].keys()
    source = Path(protection.__file__).read_text(encoding="utf-8")
    reasons = set(re.findall(r'"(protect\w*|close_now)"', source))
    assert len(reasons) == 7
    assert reasons - i18n.sentences()["reason"].keys() == set()


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("", ""),
        ("-4045", "(−4045)"),
        ("canceled", "It was cancelled."),
        ("not_trading", "not open for trading"),
        ("not_at_venue", "it was not placed"),
        ("not sent: the exchange asked for a pause, 3 s left", "Not sent: the exchange asked for a pause"),
    ],
)
def test_a_missing_stop_is_explained_whatever_the_cause(cause: str, words: str) -> None:
    assert words in i18n.no_stop_words(cause)
    assert bool(i18n.no_stop_words(cause)) == bool(cause)


def test_every_cause_of_a_difference_has_a_sentence_and_no_sentence_is_left_over() -> None:
    source = "".join(
        (SOURCE / "rt_trader" / f"{name}.py").read_text(encoding="utf-8") for name in ("claims", "truth_table")
    )
    states = {state.value for state in RowState if state.is_past} - {RowState.EXPLAINED.value}
    sentences = i18n.sentences()["cause"].keys()
    emitted = {code for code in sentences if f'"{code}"' in source} | states
    emitted |= set(re.findall(r'(?:return|cause =|_PROGRAM =) "([a-z_]+)"', source))
    emitted |= {code for _, code in (*claims._BY_PREFIX, *claims._BY_INCOME)}
    assert emitted == sentences


@pytest.mark.parametrize("section", i18n.SECTIONS)
def test_sentences_are_whole(section: str) -> None:
    for code, sentence in i18n.sentences()[section].items():
        assert sentence == sentence.strip() != "", code
        assert sentence.count("{") == len(re.findall(r"\{[a-z_]+\}", sentence)), code
        if section != "hold":  # those stand on a button
            assert not sentence[0].islower() and sentence.endswith("."), code


def test_the_file_names_each_code_once() -> None:
    def no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), sorted({n for n in names if names.count(n) > 1})
        return dict(pairs)

    json.loads(i18n.read_text("i18n", "en.json"), object_pairs_hook=no_twins)


def test_values_keep_their_decimals_and_get_separators() -> None:
    values = {"cost": Decimal("10302.80"), "available": Decimal("-0.50"), "asset": "USDT", "nearest": "N"}
    sentence = i18n.words("problem", "not_enough_margin", values)
    assert "10,302.80" in sentence
    assert "−0.50 USDT" in sentence
    assert sentence.endswith("Largest size at ×: N.")


def test_a_refusal_tells_its_nearest_value_even_when_the_sentence_has_no_place_for_it() -> None:
    assert "Nearest: 108,451.1" in i18n.refusal_words(Refusal("off_tick", "0.10", Decimal("108451.1")))
    assert i18n.refusal_words(Refusal("order_quantity_limit", "0.05", Decimal("0.050"))).endswith("Nearest: 0.050.")
    assert i18n.refusal_words(Refusal("brand_new_rule", "42")) == "Brand new rule: 42"


def test_what_the_exchange_answers_is_never_hidden() -> None:
    assert i18n.venue_error_words(-2021) == ("The stop would trigger at once: the price is past it already. (−2021)")
    assert i18n.venue_error_words(-9999, "Odd thing.") == "The exchange answered −9999: Odd thing."
    assert i18n.venue_error_words(None, "<html>") == "The exchange answered: <html>"
    own = "not sent: the exchange asked for a pause, 9 s left"
    assert i18n.venue_error_words(None, own) == "Not sent: the exchange asked for a pause, 9 s left."
    refused = OrderOutcome(
        "x", OutcomeKind.REFUSED, False, 0, error_code=-2019, error_message="Margin is insufficient."
    )
    assert i18n.outcome_words(refused).startswith("The margin is too small")


def test_errors_in_words() -> None:
    assert i18n.error_words(UserError("no such symbol: X")) == "no such symbol: X"
    assert "asked" in i18n.error_words(OutcomeUnknownError(-1007, "Timeout"))
    assert i18n.error_words(VenueError(-4048, "...")).startswith("The margin type cannot change")

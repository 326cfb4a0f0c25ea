"""Strategies by name, each with its parameters and what to make of them; forms and sweeps read it."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import msgspec

from trader_gui.conditionals.bb import BBConditional
from trader_gui.conditionals.conditional import Conditional
from trader_gui.conditionals.rv import RVConditional
from trader_gui.decision.bb_rv import BbRvDecision, BbRvParameters
from trader_gui.decision.decision import Decision
from trader_gui.errors import UserError

Value: TypeAlias = Decimal | int
Strategy: TypeAlias = tuple[Decision, tuple[Conditional, ...]]


class ParameterSpec(msgspec.Struct, frozen=True):
    """One parameter: whole number when `default` is an int, decimal otherwise; bounds are included.

    `unit` is a code: `base`, `fraction`, `ms`, `klines` or `deviations`.
    """

    name: str
    default: Value
    minimum: Value
    maximum: Value
    unit: str

    def read(self, text: str | Value) -> Value:
        """Return the value of a text or number.

        Raises:
            UserError: It is no such number, or out of bounds.
        """
        try:
            value: Value = int(str(text)) if isinstance(self.default, int) else Decimal(str(text))
            is_within = self.minimum <= value <= self.maximum
        except (ValueError, InvalidOperation):  # the latter also when NaN is compared
            raise UserError(f"{self.name}: {text!r} is not a number of the kind that is needed") from None
        if not is_within:
            raise UserError(f"{self.name}: {value} is not between {self.minimum} and {self.maximum}")
        return value


class StrategySpec(msgspec.Struct, frozen=True):
    """One strategy: its title, its parameters, and `build`, which takes a symbol and a value for each."""

    name: str
    title: str
    parameters: tuple[ParameterSpec, ...]
    build: Callable[[str, Mapping[str, Value]], Strategy]

    def values(self, given: Mapping[str, str | Value]) -> dict[str, Value]:
        """Return a value for every parameter: the given ones checked, defaults for the rest.

        Raises:
            UserError: An unknown name, or a value that cannot be used.
        """
        known = {spec.name: spec for spec in self.parameters}
        for name in given:
            if name not in known:
                raise UserError(f"{self.name} has no parameter {name!r}; it has {', '.join(known)}")
        return {name: spec.read(given.get(name, spec.default)) for name, spec in known.items()}

    def make(self, given: Mapping[str, str | Value], symbol: str) -> Strategy:
        """Return the decision for one symbol and its conditionals.

        Raises:
            UserError: As `values`.
        """
        return self.build(symbol, self.values(given))


def make_strategy(name: str, symbol: str, parameters: Mapping[str, str | Value] | None = None) -> Strategy:
    """Return decision and conditionals of the strategy `name`, with defaults for what is not given.

    Raises:
        UserError: No such strategy or parameter, or a value that cannot be used.
    """
    if name not in STRATEGIES:
        raise UserError(f"no strategy {name!r}; there are {', '.join(STRATEGIES)}")
    return STRATEGIES[name].make(parameters or {}, symbol)


_BANDS = (
    ParameterSpec("band_window", 20, 2, 500, "klines"),
    ParameterSpec("inner_deviations", Decimal(1), Decimal("0.1"), Decimal(10), "deviations"),
    ParameterSpec("outer_deviations", Decimal(2), Decimal("0.1"), Decimal(10), "deviations"),
    ParameterSpec("rv_window", 10, 1, 500, "klines"),
    ParameterSpec("rv_range_window", 20, 1, 500, "klines"),
)
_DEFAULTS = BbRvParameters()
_RULES = (
    ParameterSpec("quantity", _DEFAULTS.quantity, Decimal("0.00001"), Decimal(1_000_000), "base"),
    ParameterSpec("stop_fraction", _DEFAULTS.stop_fraction, Decimal("0.0001"), Decimal("0.5"), "fraction"),
    ParameterSpec("target_fraction", _DEFAULTS.target_fraction, Decimal("0.0001"), Decimal("0.5"), "fraction"),
    ParameterSpec("limit_offset_fraction", _DEFAULTS.limit_offset_fraction, Decimal(0), Decimal("0.01"), "fraction"),
    ParameterSpec("pause_ms", _DEFAULTS.pause_ms, 0, 86_400_000, "ms"),
    ParameterSpec(
        "protective_stop_fraction", _DEFAULTS.protective_stop_fraction, Decimal("0.0002"), Decimal("0.5"), "fraction"
    ),
    ParameterSpec("entry_patience_ms", _DEFAULTS.entry_patience_ms, 2_000, 3_600_000, "ms"),
    ParameterSpec("exit_patience_ms", _DEFAULTS.exit_patience_ms, 2_000, 3_600_000, "ms"),
    ParameterSpec("retry_ms", _DEFAULTS.retry_ms, 500, 60_000, "ms"),
)


def _build_bb_rv(symbol: str, values: Mapping[str, Value]) -> Strategy:
    if values["protective_stop_fraction"] <= values["stop_fraction"]:
        raise UserError("protective_stop_fraction must be larger than stop_fraction: it is the net behind the stop")
    if values["outer_deviations"] <= values["inner_deviations"]:
        raise UserError("outer_deviations must be larger than inner_deviations")
    rules = msgspec.convert({spec.name: values[spec.name] for spec in _RULES}, BbRvParameters)
    bands = BBConditional(
        int(values["band_window"]), float(values["inner_deviations"]), float(values["outer_deviations"])
    )
    return BbRvDecision(symbol, rules), (bands, RVConditional(int(values["rv_window"]), int(values["rv_range_window"])))


STRATEGIES: dict[str, StrategySpec] = {
    "bb_rv": StrategySpec("bb_rv", "BB + RV", _BANDS + _RULES, _build_bb_rv),
}
"""Every strategy that can be chosen, by name."""

"""Level lines over the klines: last price, position, orders, break-even, liquidation; their tags keep apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter

from trader_gui.domain.order import Origin, Side
from trader_gui.kline_history.pyramid import Row
from trader_gui.models.series import SeriesModel
from trader_gui.models.series_lines import LineKind, OrderLine, PositionLine
from trader_gui.widgets import format as text
from trader_gui.widgets.chart.labels import TAG_HEIGHT, AxisTag, Chip, Faces, Run, Tag, paint_runs, paint_tag, tag_width
from trader_gui.widgets.chart.primitives import line_pen
from trader_gui.widgets.chart.viewport import Viewport, spread
from trader_gui.widgets.theme import Theme

TAG_LEFT, _CHIP_MARGIN = 14.0, 9.0
_ORIGIN_ICON = {Origin.ENGINE: "gear", Origin.HAND: "hand", Origin.OTHER: "globe"}
_KIND_ICON = {LineKind.STOP: "shield", LineKind.TARGET: "target"}
_KIND_WORD = {LineKind.STOP: "Stop loss", LineKind.TARGET: "Take profit"}


@dataclass(frozen=True)
class Level:
    """One horizontal line.

    Attributes:
        price: Where.
        name: Short name for a chip when the price is out of sight.
        color, dashes: Of the line; no dashes is solid.
        tag: At the left, over the oldest klines.
        axis_tag: On the price axis.
        solid_from_x: From this x on the line is solid whatever `dashes` say; None never.
        line: What it stands for: an order's line, the position's, or None for one that nobody can move.
    """

    price: float
    name: str
    color: QColor
    dashes: tuple[float, ...]
    tag: Tag
    axis_tag: AxisTag
    solid_from_x: float | None = None
    line: OrderLine | PositionLine | None = None


@dataclass(frozen=True)
class Handle:
    """Where a line is taken hold of: its tag, in pixels of the pane."""

    level: Level
    box: QRectF
    line_y: float


def levels(series: SeriesModel, theme: Theme) -> list[Level]:
    """Return the lines of positions, orders and liquidation, in the order in which they are painted."""
    if series.rules is None:
        return []
    decimals = (series.rules.price_decimals, series.rules.quantity_decimals)
    made = [order_level(order, series, theme) for order in series.orders]
    for price in sorted({p.liquidation_price for p in series.positions if p.liquidation_price is not None}):
        made.append(_liquidation_level(series, price, theme, decimals[0]))
    made += [_position_level(series, position, theme, decimals) for position in series.positions]
    return made


def near_prices(made: Sequence[Level], low: float, high: float) -> list[float]:
    """Return the prices of lines that lie within half a height of the klines `low`..`high`: worth making room for."""
    reach = (high - low) / 2
    return [level.price for level in made if low - reach <= level.price <= high + reach]


def last_price_tag(series: SeriesModel, theme: Theme) -> AxisTag | None:
    """Return the filled tag of the last price, with the time until the kline closes; None before the first price."""
    price, kline = series.last_price, series.open_kline
    if price is None or series.rules is None:
        return None
    words = [text.price(price, series.rules.price_decimals)]
    if kline is not None:
        words.append(text.duration(-(-(kline.close_time_ms + 1 - series.now_ms) // 1000)))
    fill = theme.direction(is_rising(series), "button")
    return AxisTag(float(price), tuple(words), theme.color("on_fill"), fill)


def is_rising(series: SeriesModel) -> bool:
    """Tell whether the newest kline stands at or above its open."""
    if series.open_kline is not None:
        return series.open_kline.close >= series.open_kline.open
    if not len(series.store):
        return True
    newest = series.store.rows(series.store.end - 1, series.store.end)
    return bool(newest[Row.CLOSE, 0] >= newest[Row.OPEN, 0])


def paint_lines(painter: QPainter, series: SeriesModel, made: Sequence[Level], view: Viewport, theme: Theme) -> None:
    """Draw the lines that are seen, without their tags."""
    for level in made:
        y = round(view.py(level.price))
        if not 0 <= y < view.height:
            continue
        solid = view.width if level.solid_from_x is None else min(max(view.px(level.solid_from_x), 0.0), view.width)
        painter.setPen(line_pen(level.color, 1.0, level.dashes))
        painter.drawLine(QLineF(0.0, y, solid, y))
        if solid < view.width:
            painter.fillRect(round(solid), y, round(view.width - solid), 2, level.color)
    price = series.last_price
    if price is not None:
        y = round(view.py(float(price)))
        painter.setPen(line_pen(theme.direction(is_rising(series), "line"), 1.0, (2.0, 2.0)))
        painter.drawLine(QLineF(0.0, y, view.width, y))


def paint_break_even(painter: QPainter, series: SeriesModel, view: Viewport, theme: Theme, faces: Faces) -> None:
    """Draw a short dotted line at each break-even price, with its note above."""
    for position in series.positions:
        price = position.break_even_price
        if price is None or series.rules is None:
            continue
        y = round(view.py(float(price)))
        if not 14 <= y < view.height:
            continue
        words = f"break-even {text.price(price, series.rules.price_decimals)}"
        words += " after fees and funding" if position.is_break_even_whole else ""
        note = Run(words, theme.color("text2"), "mini")
        left = view.width - faces.width([note]) - 6
        painter.fillRect(QRectF(left - 3, y - 15, view.width - left, 13), theme.color("bg0"))
        painter.setPen(line_pen(theme.color("text2"), 1.0, (1.0, 3.0)))
        painter.drawLine(QLineF(left, y, view.width, y))
        paint_runs(painter, faces, left, y - 8, [note])


def tag_middles(made: Sequence[Level], view: Viewport, top: float) -> list[tuple[Level, float, float]]:
    """Return (level, pixel of its line, middle of its tag) of the lines that are seen; the tags do not overlap.

    Args:
        made: The lines.
        view: Of the pane.
        top: The legend reaches down to this pixel; no tag reaches above it.
    """
    seen = [level for level in made if 0 <= view.py(level.price) < view.height]
    wanted = [view.py(level.price) for level in seen]
    middles = spread(wanted, [TAG_HEIGHT] * len(seen), top, view.height - 2)
    return list(zip(seen, wanted, middles, strict=True))


def handles(made: Sequence[Level], view: Viewport, faces: Faces, top: float) -> list[Handle]:
    """Return the handles of the lines that are seen, the topmost line first; they do not overlap.

    Args:
        made: The lines.
        view: Of the pane.
        faces: Fonts of the tags.
        top: As for `tag_middles`.
    """
    return [
        Handle(level, QRectF(TAG_LEFT, middle - TAG_HEIGHT / 2, tag_width(faces, level.tag), TAG_HEIGHT), line_y)
        for level, line_y, middle in tag_middles(made, view, top)
    ]


def paint_tags(
    painter: QPainter, made: Sequence[Level], view: Viewport, theme: Theme, faces: Faces, top: float
) -> None:
    """Draw the tags of lines that are seen, with a leader where one was moved, and chips for those that are not."""
    for handle in handles(made, view, faces, top):
        middle = handle.box.center().y()
        if abs(middle - handle.line_y) > TAG_HEIGHT / 2:
            painter.setPen(line_pen(handle.level.color))
            painter.drawLine(QLineF(TAG_LEFT / 2, round(handle.line_y), TAG_LEFT / 2, round(middle)))
            painter.drawLine(QLineF(TAG_LEFT / 2, round(middle), TAG_LEFT, round(middle)))
        paint_tag(painter, theme, faces, handle.level.tag, TAG_LEFT, middle)
    above = sorted((level for level in made if view.py(level.price) < 0), key=lambda level: -level.price)
    below = sorted((level for level in made if view.py(level.price) >= view.height), key=lambda level: level.price)
    for chips, first, step, arrow in (
        (above, TAG_HEIGHT / 2 + 6, TAG_HEIGHT + 3, "↑"),
        (below, view.height - TAG_HEIGHT / 2 - 6, -TAG_HEIGHT - 3, "↓"),
    ):
        for index, level in enumerate(chips):
            chip = _chip(level, arrow)
            left = view.width - tag_width(faces, chip) - _CHIP_MARGIN
            paint_tag(painter, theme, faces, chip, left, first + index * step)


def _chip(level: Level, arrow: str) -> Tag:
    runs = (Run(arrow, level.color, gap=5.0), Run(level.name, level.color, gap=0.0))
    return Tag("", runs, level.color, is_dashed=True)


def _position_level(series: SeriesModel, line: PositionLine, theme: Theme, decimals: tuple[int, int]) -> Level:
    strong = theme.color("text1")
    runs = [
        Run(f"{'LONG' if line.is_long else 'SHORT'} {text.quantity(line.quantity, decimals[1])}", strong, "head"),
        Run(f"{text.money(line.unrealized_pnl)} {_quote(series)}", _result(line.unrealized_pnl, theme)),
    ]
    if line.r_multiple is not None:
        runs.append(Run(text.r_multiple(line.r_multiple), _result(line.r_multiple, theme)))
    price = text.price(line.entry_price, decimals[0])
    icon = _ORIGIN_ICON.get(line.origin, "") if line.origin is not None else ""
    return Level(
        price=float(line.entry_price),
        name=f"Entry {price}",
        color=strong,
        dashes=(1.0, 3.0),
        tag=Tag(icon, tuple(runs), strong),
        axis_tag=AxisTag(float(line.entry_price), (price,), theme.color("bg0"), strong),
        solid_from_x=None if line.entry_time_ms is None else float(series.grid.slot_of(line.entry_time_ms)),
        line=line,
    )


def line_word(line: OrderLine) -> str:
    """Return what an order's line is called: `Stop loss` where it leaves a position, else `Stop Buy`, `Limit Sell`."""
    if line.money is not None and line.kind in _KIND_WORD:
        return _KIND_WORD[line.kind]
    return f"{_KIND_WORD.get(line.kind, 'Limit').split()[0]} {'Buy' if line.side is Side.BUY else 'Sell'}"


def order_level(line: OrderLine, series: SeriesModel, theme: Theme) -> Level:
    """Return the level of an order's line, with what the order brings there on its tag."""
    rules = series.rules
    assert rules is not None  # there is no line of an unknown symbol
    decimals = rules.price_decimals, rules.quantity_decimals
    if line.money is not None and line.kind is not LineKind.LIMIT:
        color = theme.direction(line.kind is LineKind.TARGET, "text")
    else:
        color = theme.direction(line.side is Side.BUY, "text")
    price = text.price(line.price, decimals[0])
    word = line_word(line)
    runs = [Run(f"{word} {text.quantity(line.quantity, decimals[1])}", color, "head")]
    if word not in _KIND_WORD.values():
        runs.append(Run(f"@ {price}", color))
    runs += _distance_runs(line, series, theme, decimals[0])
    if line.money is not None:
        runs.append(Run(text.money(line.money), _result(line.money, theme)))
    if line.r_multiple is not None:
        runs.append(Run(text.r_multiple(line.r_multiple), theme.color("text1")))
    if not line.is_confirmed:
        runs.append(Run("not confirmed", theme.color("warn")))
    return Level(
        price=float(line.price),
        name=f"{word} {price}",
        color=color,
        dashes=(6.0, 4.0),
        tag=Tag(_KIND_ICON.get(line.kind, _ORIGIN_ICON[line.origin]), tuple(runs), color, chips=_chips(line, theme)),
        axis_tag=AxisTag(float(line.price), (price,), color),
        line=line,
    )


def _distance_runs(line: OrderLine, series: SeriesModel, theme: Theme, decimals: int) -> list[Run]:
    """Return how far the line lies from the position's entry, or else from the market."""
    from_price = line.entry_price if line.entry_price is not None else series.last_price
    if not from_price:
        return []
    away = line.price - from_price
    fraction = away / from_price if line.distance_fraction is None else line.distance_fraction
    away = away.copy_abs().copy_sign(fraction)
    color = theme.color("text1" if line.distance_fraction is not None else "text2")
    return [Run(text.percent(fraction), color), Run(text.number(away, decimals, sign=True), theme.color("text2"))]


def _chips(line: OrderLine, theme: Theme) -> tuple[Chip, ...]:
    """An order that is known to rest can be cancelled at its line."""
    return (Chip("cancel", theme.color("text2"), icon="cross"),) if line.is_confirmed else ()


def _liquidation_level(series: SeriesModel, price: Decimal, theme: Theme, decimals: int) -> Level:
    color = theme.color("danger")
    words = f"Liquidation {text.price(price, decimals)}"
    if series.last_price:
        words += f" · {text.percent(price / series.last_price - 1, 1)}"
    return Level(
        price=float(price),
        name=words,
        color=color,
        dashes=(6.0, 4.0),
        tag=Tag("octagon", (Run(words, color),), color),
        axis_tag=AxisTag(float(price), (text.price(price, decimals),), color),
    )


def _result(value: Decimal, theme: Theme) -> QColor:
    return theme.direction(value > 0, "text") if value else theme.color("text1")


def _quote(series: SeriesModel) -> str:
    return series.rules.quote_asset if series.rules is not None else ""

"""The kline chart: candles, indicators, own lines and fills, and the hand on them.

A `KlineChart` is a head (symbol, interval, tools) over a `ChartView`: one pyqtgraph graphics view with items laid out
by hand on whole pixels. A `PaneStack` holds the panes (klines, volume, one for each indicator that is no overlay), each
with an axis of values; one axis of time lies below them all. All paint in pixels through a `Viewport`.

Work follows pixels, not klines. An `Eye` finds the `Sight`: a candle for each kline that is seen or, where they lie
denser than pixels, one for each column of device pixels, from the pyramid of the store; columns that were seen before
are kept while the chart is panned. What rests on closed klines is painted once into the pane's `Canvas` and kept until
view, closed klines or looks change; the open kline, lines, tags and the crosshair are painted over it. So a tick costs
one copy of a picture and a few strokes. Indicators are computed block by block where somebody looks, for a few
milliseconds a frame.

Colours are opaque, strokes one pixel, candles whole-pixel rectangles: translucency, wide smoothed lines and outlines
cost more than all the rest (measured 2026-11). pyqtgraph's own plot furniture is not used: half of its frame goes to
axes, and its view boxes work in data coordinates, where crisp pixels and tags that keep apart cannot be had.
"""

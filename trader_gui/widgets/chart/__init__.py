"""The kline chart: candles, bands, volume, volatility, own lines and fills.

A `KlineChart` is one pyqtgraph graphics view with items laid out by hand on whole pixels: three panes (klines, volume,
volatility), an axis of values beside each, and one axis of time. All paint in pixels through a `Viewport`, the part of
the series that is seen. What rests on closed klines is painted once into a pixmap of the pane and kept until the view,
the closed klines or the theme change; the open kline, lines, tags and the crosshair are painted over it. So a tick
costs one copy of a pixmap and a few strokes, and a pan costs the visible klines alone, at most one candle per pixel.

Colours are opaque, strokes one pixel, candles without antialiasing: translucency and smoothing cost more than the rest.
pyqtgraph's own plot furniture is not used: half of its frame goes to axes, and its view boxes work in data coordinates,
where crisp pixels and tags that keep apart cannot be had.
"""

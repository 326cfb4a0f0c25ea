"""Indicators that charts show and no strategy here decides by: arrays in, arrays of the same length out, NaN not ready.

Averages that never forget are begun with a plain mean of their first values, and from there on go value by value.
"""

import math

import numpy as np

from trader_gui.collectors.ring import FloatArray, IntArray


def ema(close: FloatArray, window: int) -> FloatArray:
    """Return the exponential moving average.

    Args:
        close: Shape (n,), oldest first; NaN at its beginning counts as not ready.
        window: A value's weight is 2 / (window + 1) of what is left, >= 1.

    Returns:
        Shape (n,), unit of `close`; the first `window - 1` ready values give NaN, then comes their plain mean.

    Raises:
        ValueError: `window` < 1, or `close` is not one-dimensional.
    Source:
        The common definition, e.g. TA-Lib's EMA with its default (classic) seed.
    """
    _check(close, window)
    return _smoothed(close, window, 2.0 / (window + 1))


def rsi(close: FloatArray, window: int) -> FloatArray:
    """Return the relative strength index.

    Args:
        close: Shape (n,), oldest first.
        window: Changes that are averaged, >= 1.

    Returns:
        Shape (n,), 0 to 100; 50 where no price has changed. The first `window` entries are NaN.

    Raises:
        ValueError: `window` < 1, or `close` is not one-dimensional.
    Source:
        J. Welles Wilder, New Concepts in Technical Trading Systems (1978): averages smoothed by 1 / window, begun with
        a plain mean.
    """
    _check(close, window)
    change = np.diff(close)
    gain = _smoothed(np.maximum(change, 0.0), window, 1.0 / window)
    loss = _smoothed(np.maximum(-change, 0.0), window, 1.0 / window)
    both = gain + loss
    index = np.divide(100.0 * gain, both, out=np.where(np.isnan(both), np.nan, 50.0), where=both > 0)
    return np.concatenate((np.full(min(1, len(close)), np.nan), index))


def macd(close: FloatArray, fast: int, slow: int, signal: int) -> tuple[FloatArray, FloatArray]:
    """Return (difference, signal): of a fast and a slow exponential average, and the average of that difference.

    Args:
        close: Shape (n,), oldest first.
        fast: Window of the fast average, >= 1.
        slow: Window of the slow average, >= 1.
        signal: Window of the difference's average, >= 1.

    Returns:
        Two arrays of shape (n,), unit of `close`; NaN before the slow average (and then the signal) is ready.

    Raises:
        ValueError: A window is < 1, or `close` is not one-dimensional.
    Source:
        Gerald Appel's definition; each average begins with its own first values.
    """
    difference = ema(close, fast) - ema(close, slow)
    return difference, ema(difference, signal)


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Return the true range: high to low, or from the close before where that is further; shape (n,), quote asset."""
    before = np.concatenate((close[:1], close[:-1]))
    reach = np.maximum(high, before) - np.minimum(low, before)
    reach[:1] = high[:1] - low[:1]
    return reach


def atr(high: FloatArray, low: FloatArray, close: FloatArray, window: int) -> FloatArray:
    """Return the average true range.

    Args:
        high: Shape (n,), oldest first, quote asset.
        low: As `high`.
        close: As `high`.
        window: Ranges that are averaged, >= 1.

    Returns:
        Shape (n,), quote asset; the first `window - 1` entries are NaN.

    Raises:
        ValueError: `window` < 1, or the arrays are not one-dimensional.
    Source:
        Wilder (1978), as for `rsi`; the first kline's range is from high to low.
    """
    _check(close, window)
    return _smoothed(true_range(high, low, close), window, 1.0 / window)


def vwap(price: FloatArray, volume: FloatArray, session: IntArray) -> FloatArray:
    """Return the average price by volume since the session began.

    Args:
        price: Shape (n,), oldest first, quote asset; commonly (high + low + close) / 3.
        volume: Shape (n,), base asset, >= 0.
        session: Shape (n,), a number for each kline that never falls; where it changes the average begins anew.

    Returns:
        Shape (n,), quote asset; NaN while nothing was traded in the session.

    Raises:
        ValueError: The arrays are not one-dimensional.
    """
    _check(price, 1)
    made = np.full(len(price), np.nan)
    edges = np.flatnonzero(np.diff(session)) + 1
    for begin, end in zip((0, *edges), (*edges, len(price)), strict=True):
        traded = np.cumsum(volume[begin:end])
        paid = np.cumsum(price[begin:end] * volume[begin:end])
        np.divide(paid, traded, out=made[begin:end], where=traded > 0)
    return made


def memory(weight: float) -> int:
    """Return after how many values an average of that weight has forgotten what it began with (to 1e-13 of it)."""
    return 0 if weight >= 1 else math.ceil(-30.0 / math.log1p(-weight))


def _smoothed(values: FloatArray, window: int, weight: float) -> FloatArray:
    """Return the average that moves by `weight` of the way to each value, begun with the mean of the first ones."""
    made = np.full(len(values), np.nan)
    ready = np.flatnonzero(~np.isnan(values))
    first = int(ready[0]) + window if len(ready) else len(values) + 1
    if first > len(values):
        return made
    average = float(values[first - window : first].mean())
    averages = [average]
    for value in values[first:].tolist():
        average += weight * (value - average)
        averages.append(average)
    made[first - 1 :] = averages
    return made


def _check(values: FloatArray, window: int) -> None:
    if window < 1:
        raise ValueError(f"window must be at least 1, not {window}")
    if values.ndim != 1:
        raise ValueError(f"one dimension expected, not {values.ndim}")

"""Indicators: arrays in, arrays of the same length out, NaN where not ready.

Every window is added up anew, oldest value first. Sums as differences of a running total are faster and differ in the
last digits, which is enough to flip a comparison; so they are not used.
"""

import numpy as np

from trader_gui.collectors.ring import FloatArray


def sma(close: FloatArray, window: int) -> FloatArray:
    """Return the simple moving average.

    Args:
        close: Shape (n,), oldest first.
        window: Values per average, >= 1.

    Returns:
        Shape (n,), unit of `close`; the first `window - 1` entries are NaN.

    Raises:
        ValueError: `window` < 1, or `close` is not one-dimensional.
    """
    _check(close, window, 1)
    return _padded(_window_sum(close, window) / window, len(close))


def bollinger(close: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return (middle, deviation): moving average and sample deviation (ddof=1) of the same window.

    Args:
        close: Shape (n,), oldest first.
        window: Values per band, >= 2.

    Returns:
        Two arrays of shape (n,), unit of `close`; a band is `middle + k * deviation`; the first `window - 1` are NaN.

    Raises:
        ValueError: `window` < 2, or `close` is not one-dimensional.
    Source:
        Two passes: the mean first, then the squared distances from it. Published figures for population bands are met
        by scaling with sqrt((window - 1) / window).
    """
    _check(close, window, 2)
    middle = _window_sum(close, window) / window
    count = len(middle)
    total = np.zeros(count)
    for offset in range(window):
        distance = close[offset : offset + count] - middle
        total += distance * distance
    return _padded(middle, len(close)), _padded(np.sqrt(total / (window - 1)), len(close))


def realized_volatility(close: FloatArray, window: int) -> FloatArray:
    """Return the realised volatility: square root of the sum of squared log returns.

    Args:
        close: Shape (n,), > 0, oldest first.
        window: Returns per value, >= 1.

    Returns:
        Shape (n,), fraction over the whole window (0.001 is 10 bps); the first `window` entries are NaN.

    Raises:
        ValueError: `window` < 1, or `close` is not one-dimensional.
    """
    _check(close, window, 1)
    returns = np.log(close[1:] / close[:-1])
    return _padded(np.sqrt(_window_sum(returns * returns, window)), len(close))


def former_range(values: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return (low, high) of the `window` values *before* each index; the value at the index takes no part.

    Args:
        values: Shape (n,), oldest first; NaN at its beginning counts as not ready.
        window: Values per range, >= 1.

    Returns:
        Two arrays of shape (n,), unit of `values`; NaN where a value of the window is NaN or missing.

    Raises:
        ValueError: `window` < 1, or `values` is not one-dimensional.
    """
    _check(values, window, 1)
    before = values[:-1]
    if len(before) < window:
        return np.full(len(values), np.nan), np.full(len(values), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(before, window)
    return _padded(windows.min(axis=1), len(values)), _padded(windows.max(axis=1), len(values))


def _window_sum(values: FloatArray, window: int) -> FloatArray:
    """Return the sums of all full windows, each added from its oldest value on; shape (n - window + 1,) or (0,)."""
    count = max(0, len(values) - window + 1)
    total = np.zeros(count)
    for offset in range(window):
        total += values[offset : offset + count]
    return total


def _padded(values: FloatArray, length: int) -> FloatArray:
    return np.concatenate((np.full(length - len(values), np.nan), values))


def _check(values: FloatArray, window: int, smallest: int) -> None:
    if window < smallest:
        raise ValueError(f"window must be at least {smallest}, not {window}")
    if values.ndim != 1:
        raise ValueError(f"one dimension expected, not {values.ndim}")

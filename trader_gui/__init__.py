"""Trader GUI: a desktop application that trades Binance USDⓈ-M futures by hand and by a decision engine."""

__version__ = "0.1.0"

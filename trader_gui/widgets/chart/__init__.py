"""The kline chart: cached candles, bands, volume, volatility, lines and fills."""

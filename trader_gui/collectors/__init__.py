"""Message in, `Change` out: typed, bounded series and tables that are always up to date (pure)."""

"""Collected data into named true / false values (pure)."""

"""SQLite record of intents, steps, orders, fills: on disk before it matters."""

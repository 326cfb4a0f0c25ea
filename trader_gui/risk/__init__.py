"""The one gate that every order passes, by hand or by engine (pure)."""

"""Rules by position state: conditions in, a wish for an order out (pure)."""

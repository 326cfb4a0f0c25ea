"""An order's life: sending, merging answers and events, unknown outcomes, reconciliation."""

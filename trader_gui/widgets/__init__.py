"""What the user sees and touches; knows models, never machinery."""

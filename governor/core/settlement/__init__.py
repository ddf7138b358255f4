"""What a usage event means for the ledger: the settlement table, as pure functions."""

"""What we remember: tables, the ledger, and one file per noun."""

"""Tests of the ledgers: one contract for all of them."""

"""Exceptions asked for and decided: who decides, what counts as decided, and every step on record."""

"""Whom we call: clocks, price catalogues and other systems."""

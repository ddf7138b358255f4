"""Measurements: one command each, printing ratios and CPU per decision."""

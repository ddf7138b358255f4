"""Shapes to the values of the core: units, dates, names and references resolved, problems at their places."""

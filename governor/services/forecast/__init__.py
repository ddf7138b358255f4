"""Forecasting: from what was used, hour by hour, to where each budget will end, and how good such forecasts are."""

"""Traffic, and the forecasts that are made of it."""

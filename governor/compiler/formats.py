"""Every format that a field of the schema can have, and the function that reads it."""

from collections.abc import Callable, Mapping

from governor.compiler import forecast_quantities, quantities, working_quantities

PARSERS: Mapping[str, Callable[[str], object]] = {
    "amount": quantities.parse_amount,
    "tokens": quantities.parse_tokens,
    "money": quantities.parse_money,
    "price": quantities.parse_price,
    "cost-per-outcome": quantities.parse_cost_per_outcome,
    "percent": quantities.parse_percent,
    "soft-limit": quantities.parse_soft_limit,
    "duration": quantities.parse_duration,
    "day": quantities.parse_date,
    "month-day": quantities.parse_month_day,
    "time-zone": quantities.parse_time_zone,
    "working-span": working_quantities.parse_span,
    "length": working_quantities.parse_length,
    "automatic-cap": working_quantities.parse_cap,
    "uses": working_quantities.parse_uses,
    "characters": working_quantities.parse_characters,
    "clock-time": working_quantities.parse_clock_time,
    "horizon": forecast_quantities.parse_horizon,
    "change": forecast_quantities.parse_change,
    "growth": forecast_quantities.parse_growth,
    "weekdays": working_quantities.parse_weekdays,
}
"""Formats of the schema and the functions that read them."""

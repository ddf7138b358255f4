"""Examples for the OpenAPI document of what is foreseen."""

from typing import Any

FORECASTS: dict[str, Any] = {
    "forecasts": [
        {
            "policy": "Quota/department-monthly-spend",
            "scope": {"department": "marketing"},
            "unit": "USD",
            "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
            "made_at": "2026-11-20T09:00:00Z",
            "limit": "12000",
            "used": "8120.44",
            "held": "3.2",
            "total": {"lower": "11480.2", "median": "12610.75", "upper": "14022.9"},
            "interval_percent": 80,
            "exceeds_probability": 0.74,
            "runs_out_at": "2026-11-28T19:12:00Z",
            "spend_usd": {"lower": "11480.2", "median": "12610.75", "upper": "14022.9"},
            "tokens": {"lower": "2190000000", "median": "2405000000", "upper": "2674000000"},
            "history_days": 212,
            "insufficient_data": False,
            "method": "combined: exponential smoothing 21%, weekdays median 18%, weekdays multiplied 17%",
            "baselines": {"run_rate": "12490.1", "naive": "13120.4", "seasonal_naive": "12702.3"},
            "ahead": [
                {
                    "period": {"start": "2026-11-30T23:00:00Z", "end": "2026-12-31T23:00:00Z"},
                    "limit": "12000",
                    "total": {"lower": "11020.6", "median": "12933.4", "upper": "15604.1"},
                }
            ],
            "actual": None,
            "accuracy": {
                "basis": "backtest",
                "count": 9,
                "median_error": 0.061,
                "wape": 0.066,
                "bias": -0.012,
                "mase": 0.93,
                "run_rate_median_error": 0.104,
                "run_rate_wape": 0.109,
                "run_rate_bias": 0.021,
                "run_rate_mase": 1.31,
                "naive_median_error": 0.131,
                "naive_wape": 0.127,
                "naive_bias": 0.034,
                "naive_mase": 1.46,
                "seasonal_naive_median_error": 0.083,
                "seasonal_naive_wape": 0.088,
                "seasonal_naive_bias": 0.009,
                "seasonal_naive_mase": 1.08,
                "coverage": 0.778,
                "improvement": 0.413,
                "target": 0.15,
                "within_target": True,
            },
        }
    ],
    "next": None,
    "pending": 0,
}

SCENARIO_REQUEST: dict[str, Any] = {
    "name": "peak",
    "price_changes": [{"provider": "anthropic", "percent": 20, "from": "2027-01-01T00:00:00Z"}],
    "shifts": [{"from_model": "gpt-4o", "to_model": "gpt-4o-mini", "percent": 40}],
    "productions": [
        {
            "use_case": "support-triage",
            "model": "gpt-4o-mini",
            "requests_per_month": 600000,
            "input_tokens": 1800,
            "output_tokens": 300,
            "department": "support",
        }
    ],
    "department": "support",
}

SCENARIO_ANSWER: dict[str, Any] = {
    "scenario": "peak",
    "assumes": [
        "use grows by 25% in each month, beside the trend that is forecast",
        "retries, contexts and tools make 1.7 times of the use so far",
    ],
    "numbers": {},
    "budgets": [
        {
            "policy": "Quota/department-monthly-spend",
            "scope": {"department": "support"},
            "unit": "USD",
            "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
            "limit": "18000",
            "used": "9120.4",
            "forecast": {"lower": "12480.2", "median": "13610.75", "upper": "15022.9"},
            "total": {"lower": "15120.8", "median": "17260.1", "upper": "19980.6"},
            "runs_out_at": None,
            "breaks_at": "2026-12-21T08:40:00Z",
            "ahead": [
                {
                    "period": {"start": "2026-11-30T23:00:00Z", "end": "2026-12-31T23:00:00Z"},
                    "limit": "18000",
                    "forecast": {"lower": "11310.8", "median": "14120.3", "upper": "17030"},
                    "total": {"lower": "21020.6", "median": "27933.4", "upper": "35604.1"},
                    "breaks": True,
                }
            ],
            "insufficient_data": False,
        }
    ],
    "next": None,
    "pending": 0,
}

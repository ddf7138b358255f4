"""The answer for a budget of which nothing was forecast: what it has taken, going on as it went, marked as a guess."""

from datetime import datetime, timedelta
from math import ceil

from governor.core.decisions.decision import BudgetView
from governor.core.forecasts.forecast import MILLION, Band, Baselines, Forecast, PeriodAhead
from governor.core.forecasts.run_rate import run_rate
from governor.services.forecast.tasks import RUN_RATE_WORDS, Asked
from governor.store.use_series import DAY_S


def guessed(view: BudgetView, asked: Asked, now: datetime, *, goes_on: bool) -> Forecast:
    """Return a forecast from the balance alone.

    Args:
        view: The budget with its balance.
        asked: How it would be forecast.
        now: The instant.
        goes_on: Whether it goes on at the average of its period so far, because its forecast is still being made, or
            because it only lasts hours; else nothing was used behind it yet, and nothing is expected.
    """
    taken, remaining = view.used + view.held, asked.remaining_days(now)
    elapsed = max((now.timestamp() - view.budget.period_start_s) / DAY_S, 0.0)
    is_rate = goes_on and view.budget.period_end_s is not None and elapsed > 0
    rate = view.used / elapsed if is_rate else 0.0
    end = max(round(run_rate(view.used, elapsed, elapsed + remaining)), taken) if is_rate else taken
    nothing, horizon_s = Band(0, 0, 0), int(now.timestamp()) + asked.rule.horizon_days * DAY_S
    days = max(ceil(remaining), asked.rule.horizon_days, 1)
    return Forecast(
        budget=view.budget,
        department=asked.attributes.get("department", ""),
        team=asked.attributes.get("team", ""),
        user=asked.attributes.get("user", ""),
        made_at=now,
        limit=view.carried_limit,
        used=view.used,
        held=view.held,
        total=Band(end, end, end),
        interval_percent=asked.rule.interval_percent,
        exceeds_ppm=MILLION if end > view.carried_limit else 0,
        runs_out_at=_runs_out_at(view, rate, remaining, now),
        history_days=0,
        insufficient_data=True,
        method=RUN_RATE_WORDS,
        baselines=Baselines(end, end, end),
        # A path even where it is flat, so that a scenario has days to which it can add.
        daily=tuple(_same(round(rate * day)) for day in range(1, days + 1)),
        ahead=tuple(
            PeriodAhead(
                start_s,
                min(end_s, horizon_s),
                _same(round(rate * (min(end_s, horizon_s) - start_s) / DAY_S)) if rate else nothing,
                limit,
            )
            for start_s, end_s, limit in asked.ahead
        ),
    )


def _same(amount: int) -> Band:
    return Band(amount, amount, amount)


def _runs_out_at(view: BudgetView, rate: float, remaining: float, now: datetime) -> datetime | None:
    room = view.carried_limit - view.used
    if room < view.held:
        return now
    return now + timedelta(days=room / rate) if rate and room < rate * remaining else None

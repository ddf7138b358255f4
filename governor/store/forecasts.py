"""Forecasts as rows: one a day for each budget, the day's latest; what happened is added when the period is over."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select, tuple_, update

from governor.core.forecasts.forecast import Band, Baselines, Forecast, ModelShare, PeriodAhead
from governor.core.ledger.budget import BudgetKey
from governor.core.money import AMOUNT_MAX
from governor.core.units import Unit
from governor.store.dialects import insert_into
from governor.store.records import decode_scope, encode_scope
from governor.store.tables import FORECASTS

DAY_S = 86_400

ASKED_AT_ONCE = 500
"""Digests in one statement: SQLite takes a limited number of parameters."""


class ForecastRecord(msgspec.Struct, array_like=True, frozen=True):
    """What a forecast's row keeps in its ``record``: numbers without names, for there are many of them.

    Bands are lower, median, upper; a period ahead is its start, its end, its limit and its band.
    """

    spend: tuple[int, int, int] | None
    tokens: tuple[int, int, int] | None
    daily: tuple[tuple[int, int, int], ...]
    ahead: tuple[tuple[int, int, int, tuple[int, int, int]], ...]
    past: tuple[int, ...] = ()
    mix: tuple[tuple[str, str, int, int], ...] = ()
    week: tuple[int, ...] = ()
    baseline_errors: tuple[int | None, int | None] = (None, None)
    naive: int | None = None
    naive_error: int | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ForecastRecord)


def keep_forecasts(connection: Connection, forecasts: Sequence[Forecast]) -> None:
    """Keep forecasts; each replaces what was forecast of its budget earlier on the same UTC day."""
    if not forecasts:
        return
    insert = insert_into(connection, FORECASTS)
    kept = [column.name for column in FORECASTS.c if not column.primary_key]
    # A forecast that was made earlier and arrives later (two processes) does not replace the newer one.
    statement = insert.on_conflict_do_update(
        index_elements=["digest", "day_s"],
        set_={name: insert.excluded[name] for name in kept},
        where=FORECASTS.c.made_at_s <= insert.excluded.made_at_s,
    )
    ordered = sorted(forecasts, key=lambda forecast: forecast.budget.digest)
    connection.execute(statement, [_values(forecast) for forecast in ordered])


def read_latest_forecasts(
    connection: Connection, digests: Sequence[bytes], before_s: int | None = None
) -> dict[bytes, Forecast]:
    """Return the latest forecast of each of some budgets; those without one are left out.

    Args:
        connection: A reading connection.
        digests: The budgets, in the period that is meant: a digest is of one period.
        before_s: Only forecasts made before this instant (Unix seconds), or None: all.
    """
    found: dict[bytes, Forecast] = {}
    for asked in _pieces(digests):
        latest = select(FORECASTS.c.digest, func.max(FORECASTS.c.day_s)).where(FORECASTS.c.digest.in_(asked))
        if before_s is not None:
            latest = latest.where(FORECASTS.c.made_at_s < before_s)
        latest = latest.group_by(FORECASTS.c.digest)
        query = select(FORECASTS).where(tuple_(FORECASTS.c.digest, FORECASTS.c.day_s).in_(latest))
        found |= {bytes(row.digest): _from_row(row) for row in connection.execute(query)}
    return found


def read_forecasts_of(connection: Connection, digest: bytes) -> list[Forecast]:
    """Return every forecast that was kept of one budget in one period, the oldest first."""
    query = select(FORECASTS).where(FORECASTS.c.digest == digest).order_by(FORECASTS.c.day_s)
    return _all(connection, query)


def read_unclosed(connection: Connection, ended_by_s: int, limit: int) -> list[bytes]:
    """Return budgets whose period ended by an instant and whose forecasts were not yet compared with what happened."""
    columns = FORECASTS.c
    query = (
        select(columns.digest)
        .where(columns.actual.is_(None), columns.period_end_s.is_not(None), columns.period_end_s <= ended_by_s)
        .group_by(columns.digest)
        .limit(limit)
    )
    return [bytes(digest) for digest in connection.execute(query).scalars()]


def close_forecast(connection: Connection, forecast: Forecast) -> None:
    """Add what happened to a forecast."""
    made_at_s = int(forecast.made_at.timestamp())
    connection.execute(
        update(FORECASTS)
        .where(FORECASTS.c.digest == forecast.budget.digest, FORECASTS.c.day_s == made_at_s - made_at_s % DAY_S)
        .values(actual=forecast.actual, path_error=forecast.path_error, record=_record(forecast))
    )


def read_closed(connection: Connection, since_s: int, policies: Sequence[str] = ()) -> Iterator[Forecast]:
    """Yield forecasts whose period is over, made since an instant; of some policies, or of all."""
    query = select(FORECASTS).where(FORECASTS.c.actual.is_not(None), FORECASTS.c.day_s >= since_s - since_s % DAY_S)
    if policies:
        query = query.where(FORECASTS.c.policy.in_(list(policies)))
    return map(_from_row, connection.execute(query))


def _all(connection: Connection, query: Select[Any]) -> list[Forecast]:
    return [_from_row(row) for row in connection.execute(query)]


def _pieces(digests: Sequence[bytes]) -> Iterator[list[bytes]]:
    wanted = list(dict.fromkeys(digests))
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        yield wanted[start : start + ASKED_AT_ONCE]


def _values(forecast: Forecast) -> dict[str, Any]:
    made_at_s = int(forecast.made_at.timestamp())
    budget, total = forecast.budget, forecast.total
    values = {
        "digest": budget.digest,
        "day_s": made_at_s - made_at_s % DAY_S,
        "made_at_s": made_at_s,
        "policy": budget.policy,
        "scope": encode_scope(budget.scope),
        "department": forecast.department,
        "team": forecast.team,
        "user": forecast.user,
        "unit": budget.unit.value,
        "period_start_s": budget.period_start_s,
        "period_end_s": budget.period_end_s,
        "limit_amount": forecast.limit,
        "used": forecast.used,
        "held": forecast.held,
        "lower": total.lower,
        "median": total.median,
        "upper": total.upper,
        "interval_percent": forecast.interval_percent,
        "exceeds_ppm": forecast.exceeds_ppm,
        "runs_out_at_s": None if forecast.runs_out_at is None else int(forecast.runs_out_at.timestamp()),
        "history_days": forecast.history_days,
        "insufficient_data": int(forecast.insufficient_data),
        "method": forecast.method,
        "run_rate": forecast.baselines.run_rate,
        "seasonal_naive": forecast.baselines.seasonal_naive,
        "actual": forecast.actual,
        "path_error": forecast.path_error,
        "scale": forecast.scale,
        "record": _record(forecast),
    }
    return {name: _countable(value) for name, value in values.items()}


def _record(forecast: Forecast) -> bytes:
    baselines = forecast.baselines
    record = ForecastRecord(
        spend=_numbers(forecast.spend) if forecast.spend is not None else None,
        tokens=_numbers(forecast.tokens) if forecast.tokens is not None else None,
        daily=tuple(_numbers(day) for day in forecast.daily),
        ahead=tuple((ahead.start_s, ahead.end_s, ahead.limit, _numbers(ahead.total)) for ahead in forecast.ahead),
        past=forecast.past,
        mix=tuple((share.model, share.provider, share.cost_nano_usd, share.tokens) for share in forecast.mix),
        week=forecast.week,
        baseline_errors=(baselines.run_rate_path_error, baselines.seasonal_naive_path_error),
        naive=baselines.naive,
        naive_error=baselines.naive_path_error,
    )
    return _encoder.encode([_countable(value) for value in msgspec.structs.astuple(record)])


def _countable(value: Any) -> Any:
    """Return a value with the most that a budget can count instead of more: one wild series stops no other's."""
    match value:
        case int():
            return max(-AMOUNT_MAX, min(value, AMOUNT_MAX))
        case tuple():
            return tuple(_countable(each) for each in value)
    return value


def _from_row(row: Row[Any]) -> Forecast:
    record = _decoder.decode(row.record)
    scope, unit = decode_scope(row.scope), Unit(row.unit)
    return Forecast(
        budget=BudgetKey(bytes(row.digest), row.policy, scope, unit, row.period_start_s, row.period_end_s),
        department=row.department,
        team=row.team,
        user=row.user,
        made_at=datetime.fromtimestamp(row.made_at_s, UTC),
        limit=row.limit_amount,
        used=row.used,
        held=row.held,
        total=Band(row.lower, row.median, row.upper),
        interval_percent=row.interval_percent,
        exceeds_ppm=row.exceeds_ppm,
        runs_out_at=None if row.runs_out_at_s is None else datetime.fromtimestamp(row.runs_out_at_s, UTC),
        history_days=row.history_days,
        insufficient_data=bool(row.insufficient_data),
        method=row.method,
        baselines=Baselines(
            row.run_rate, row.seasonal_naive, record.naive, *record.baseline_errors, record.naive_error
        ),
        spend=Band(*record.spend) if record.spend is not None else None,
        tokens=Band(*record.tokens) if record.tokens is not None else None,
        daily=tuple(Band(*day) for day in record.daily),
        ahead=tuple(PeriodAhead(start_s, end_s, Band(*total), limit) for start_s, end_s, limit, total in record.ahead),
        past=record.past,
        week=record.week,
        mix=tuple(ModelShare(*share) for share in record.mix),
        scale=row.scale,
        actual=row.actual,
        path_error=row.path_error,
    )


def _numbers(band: Band) -> tuple[int, int, int]:
    return band.lower, band.median, band.upper

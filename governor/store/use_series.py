"""What was used day by day and hour by hour up to an instant, for everybody at once: what forecasts are made from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func, select

from governor.store.tables import USAGE_HOURLY

DAY_S = 86_400
HOUR_S = 3_600

USE_SUMS = ("cost_nano_usd", "input_tokens", "output_tokens", "reasoning_tokens", "requests")
"""The sums of a row, in their order."""

MODEL_SUMS = (
    "cost_nano_usd",
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
"""The sums of a row of ``read_use_by_model``: what a price needs."""

UseRow = tuple[int, tuple[str, ...], tuple[int, ...]]
"""How many whole steps before the end, the values of ``by``, and the sums in the order of ``USE_SUMS``."""


_ANY: Mapping[str, Collection[str]] = MappingProxyType({})

Only = Mapping[str, Collection[str]]
"""Which values of some dimensions are wanted; of the others any."""


def read_use_steps(
    connection: Connection, by: Sequence[str], *, until_s: int, steps: int, step_s: int, only: Only = _ANY
) -> Iterator[UseRow]:
    """Yield what was used in each step before an instant, grouped.

    Args:
        connection: A reading connection.
        by: Dimensions of the rollups, in order.
        until_s: The instant, at a full hour; steps are counted back from here, so that none is only half over.
        steps: How many of them.
        step_s: Their length: ``DAY_S`` or ``HOUR_S``.
        only: Which rows are looked at.
    """
    hour = USAGE_HOURLY.c.hour_s
    back = ((until_s - 1 - hour) // step_s).label("back")
    columns = [USAGE_HOURLY.c[name] for name in by]
    query = (
        select(back, *columns, *_sums(USE_SUMS))
        .where(hour < until_s, hour >= until_s - steps * step_s, *_wanted(only))
        .group_by(back, *columns)
    )
    for row in connection.execute(query):
        values: tuple[Any, ...] = tuple(row)
        yield (
            int(values[0]),
            tuple(str(key) for key in values[1 : 1 + len(by)]),
            tuple(int(value) for value in values[1 + len(by) :]),
        )


def read_use_by_model(
    connection: Connection, by: Sequence[str], *, from_s: int, until_s: int, only: Only = _ANY
) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Return the sums of ``MODEL_SUMS`` in ``[from_s, until_s)``, by some dimensions, of some of their values."""
    hour = USAGE_HOURLY.c.hour_s
    columns = [USAGE_HOURLY.c[name] for name in by]
    query = (
        select(*columns, *_sums(MODEL_SUMS)).where(hour >= from_s, hour < until_s, *_wanted(only)).group_by(*columns)
    )
    return [
        (tuple(str(key) for key in row[: len(by)]), tuple(int(value) for value in row[len(by) :]))
        for row in (tuple(found) for found in connection.execute(query))
    ]


def was_used(connection: Connection) -> bool:
    """Tell whether anything was ever used."""
    return connection.execute(select(USAGE_HOURLY.c.hour_s).limit(1)).first() is not None


def _wanted(only: Only) -> list[ColumnElement[bool]]:
    return [USAGE_HOURLY.c[name].in_(sorted(values)) for name, values in only.items()]


def _sums(names: Sequence[str]) -> list[Any]:
    # PostgreSQL sums 64-bit integers as decimals; the ledger keeps every sum within 64 bits.
    return [cast(func.coalesce(func.sum(USAGE_HOURLY.c[name]), 0), BigInteger) for name in names]

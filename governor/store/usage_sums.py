"""Sums of usage from the hourly rollups that every settlement keeps in its own transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Table, cast, func, select

from governor.core.ledger.changes import ROLLUP_SUMS
from governor.store.tables import USAGE_HOURLY, USAGE_UNITS_HOURLY

DIMENSIONS = ("department", "team", "user", "project", "environment", "use_case", "model", "provider")
"""What usage can be grouped and filtered by, beside time."""

Sums = tuple[int, ...]
"""In the order of ``ROLLUP_SUMS``."""


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Which usage is summed.

    Attributes:
        from_s: First hour, Unix seconds, or None.
        until_s: First hour that is left out, or None.
        equals: Dimension to the value that it must have.
        former_use_cases: The present name of a use case by every former one: rows say the name of their time.
    """

    from_s: int | None
    until_s: int | None
    equals: Mapping[str, str]
    former_use_cases: Mapping[str, str] = field(default_factory=dict)


def read_usage_sums(
    connection: Connection, wanted: UsageFilter, by: Sequence[str], *, hourly: bool
) -> list[tuple[int, tuple[str, ...], Sums]]:
    """Return one row for each group: hour (0 unless ``hourly``), values of ``by``, sums."""
    columns = [USAGE_HOURLY.c[name] for name in by]
    if hourly:
        columns.insert(0, USAGE_HOURLY.c.hour_s)
    # PostgreSQL sums 64-bit integers as decimals; the ledger keeps every sum within 64 bits.
    sums = [cast(func.coalesce(func.sum(USAGE_HOURLY.c[name]), 0), BigInteger) for name in ROLLUP_SUMS]
    query = _filtered(select(*columns, *sums), wanted, USAGE_HOURLY)
    if columns:
        query = query.group_by(*columns)
    found: dict[tuple[int, tuple[str, ...]], Sums] = {}
    for row in connection.execute(query):
        values: tuple[Any, ...] = tuple(row)
        hour_s = int(values[0]) if hourly else 0
        keys = values[1 : 1 + len(by)] if hourly else values[: len(by)]
        group = (hour_s, tuple(_named_now(name, str(key), wanted) for name, key in zip(by, keys, strict=True)))
        amounts = tuple(int(value) for value in values[-len(sums) :])
        before = found.get(group)
        # A renamed use case has rows under each of its names.
        found[group] = amounts if before is None else tuple(map(add, before, amounts))
    return [(hour_s, keys, amounts) for (hour_s, keys), amounts in found.items()]


def _named_now(dimension: str, value: str, wanted: UsageFilter) -> str:
    return wanted.former_use_cases.get(value, value) if dimension == "use_case" else value


def read_usage_units(
    connection: Connection, wanted: UsageFilter, by: Sequence[str], *, hourly: bool
) -> list[tuple[int, tuple[str, ...], tuple[str, int]]]:
    """Return, for each group as above, what it used of each unit that is no token; ``UNPRICED`` is among them."""
    table = USAGE_UNITS_HOURLY.c
    columns = [*([table.hour_s] if hourly else []), *[table[name] for name in by], table.unit]
    total = cast(func.sum(table.amount), BigInteger)
    rows = []
    for row in connection.execute(_filtered(select(*columns, total), wanted, USAGE_UNITS_HOURLY).group_by(*columns)):
        values: tuple[Any, ...] = tuple(row)
        hour_s, keys = (int(values[0]), values[1:-2]) if hourly else (0, values[:-2])
        named = tuple(_named_now(name, str(key), wanted) for name, key in zip(by, keys, strict=True))
        rows.append((hour_s, named, (str(values[-2]), int(values[-1]))))
    return rows


def read_hour_costs(connection: Connection, hours_s: Sequence[int], by: str) -> list[int]:
    """Return what each value of a dimension cost in each of some hours that it cost anything, in nano-USD."""
    total = cast(func.sum(USAGE_HOURLY.c.cost_nano_usd), BigInteger)
    dimension, hour = USAGE_HOURLY.c[by], USAGE_HOURLY.c.hour_s
    query = select(total).where(hour.in_(hours_s), dimension != "").group_by(hour, dimension).having(total > 0)
    return [int(cost) for cost in connection.execute(query).scalars()]


def read_costs_by_hour(
    connection: Connection, since_s: int, by: str, names: Collection[str]
) -> dict[str, dict[int, int]]:
    """Return what some values of a dimension cost in each hour since an instant that had any, in nano-USD."""
    total = cast(func.sum(USAGE_HOURLY.c.cost_nano_usd), BigInteger)
    dimension, hour = USAGE_HOURLY.c[by], USAGE_HOURLY.c.hour_s
    query = select(dimension, hour, total).where(hour >= since_s, dimension.in_(sorted(names)))
    costs: dict[str, dict[int, int]] = {name: {} for name in names}
    for name, hour_s, cost in connection.execute(query.group_by(dimension, hour)):
        costs[str(name)][int(hour_s)] = int(cost)
    return costs


def _filtered(query: Select[Any], wanted: UsageFilter, table: Table) -> Select[Any]:
    if wanted.from_s is not None:
        query = query.where(table.c.hour_s >= wanted.from_s)
    if wanted.until_s is not None:
        query = query.where(table.c.hour_s < wanted.until_s)
    for name, value in wanted.equals.items():
        present = _named_now(name, value, wanted)
        formers = [former for former, now in wanted.former_use_cases.items() if now == present]
        names = [present, *formers] if name == "use_case" else [value]
        query = query.where(table.c[name].in_(names))
    return query

"""Quota documents to core values."""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import UnsetType

from governor.compiler.build.alerts import build_alerts
from governor.compiler.build.ceilings import CeilingParts
from governor.compiler.build.header import Models, build_header, build_selector
from governor.compiler.build.reader import EPOCH, Reader
from governor.compiler.quantities import (
    Amount,
    parse_amount,
    parse_date,
    parse_days,
    parse_duration,
    parse_soft_limit,
    parse_time_zone,
)
from governor.compiler.shapes.quota import PeriodShape, QuotaShape
from governor.compiler.source import Path
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.kinds import DatedLimit, LimitFor, Quota
from governor.core.policy.organization import Organization
from governor.core.units import Counts, Unit

_NOTHING = Amount(0, Unit.USD)
_PLAIN_WORDS = frozenset(word.value for word in Every if word is not Every.DAYS)
_UNANCHORED = frozenset(
    {Every.MINUTE, Every.HOUR, Every.ONCE, Every.FISCAL_MONTH, Every.FISCAL_QUARTER, Every.FISCAL_YEAR}
)


def build_quota(shape: QuotaShape, reader: Reader, models: Models, organization: Organization) -> Quota:
    """Build a quota.

    Args:
        shape: As written.
        reader: For dates and problems.
        models: Canonicalises models.
        organization: Its calendar is the default.
    """
    plain = reader.read(parse_amount, shape.limit, ("limit",), _NOTHING)
    built = _QuotaParts(reader, plain.unit)
    ceilings = CeilingParts(shape, reader, plain.unit, built.amount)
    soft_percent, soft_amount = built.soft_limit(shape)
    if plain.unit is not Unit.TOKENS and shape.counts != "all":
        reader.add(
            "wrong-unit", "`counts` is about tokens", ("counts",), hint="leave it out, or give a limit in tokens"
        )
    return Quota(
        header=build_header("Quota", shape, reader, models),
        unit=plain.unit,
        limit=plain.amount,
        counts=Counts(shape.counts),
        per=_per(shape, reader),
        limits=built.limits(shape, models),
        schedule=built.schedule(shape),
        period=_period(shape, reader, organization, plain.unit),
        soft_limit_percent=soft_percent,
        soft_limit=soft_amount,
        when_reached=ceilings.when_reached(),
        downgrade=ceilings.downgrade(models),
        overage=ceilings.overage(),
        max_share=ceilings.max_share(),
        burst_percent=ceilings.burst_percent(),
        rollover=ceilings.rollover(),
        prorated=shape.first_period == "prorated",
        count_existing=shape.count_existing,
        hold_for_s=reader.read(parse_duration, shape.reserve.hold_for, ("reserve", "hold_for"), 600),
        charge_on_expiry=shape.reserve.on_expiry == "charge",
        learned=shape.reserve.output == "learned",
        fail_open=shape.on_ledger_failure == "allow",
        alerts=build_alerts(shape.alerts, reader),
        root=shape.formerly[0] if shape.formerly else shape.name,
    )


def _per(shape: QuotaShape, reader: Reader) -> tuple[str, ...]:
    if len(set(shape.per)) < len(shape.per):
        reader.add("duplicate-name", "an attribute is in `per` twice", ("per",), hint="keep one of them")
    return tuple(shape.per)


@dataclass(frozen=True, slots=True)
class _QuotaParts:
    """The parts of a quota whose amounts must have the unit of its limit."""

    reader: Reader
    unit: Unit

    def amount(self, text: str, path: Path) -> int:
        """Read an amount of the quota's unit."""
        found = self.reader.read(parse_amount, text, path, Amount(0, self.unit))
        if found.unit is not self.unit:
            message = f"`{text[:40]}` is in {found.unit}, but the limit of this quota is in {self.unit}"
            self.reader.add("wrong-unit", message, path, hint="use one unit for all limits of a quota")
        return found.amount

    def soft_limit(self, shape: QuotaShape) -> tuple[int | None, int | None]:
        """Return the soft limit as a percentage or as an amount; at most one of them."""
        if isinstance(shape.soft_limit, UnsetType):
            return None, None
        found = self.reader.maybe(parse_soft_limit, shape.soft_limit, ("soft_limit",))
        if found is None or isinstance(found, int):
            return found, None
        return None, self.amount(shape.soft_limit, ("soft_limit",))

    def limits(self, shape: QuotaShape, models: Models) -> tuple[LimitFor, ...]:
        """Return the limits for some scopes."""
        return tuple(self._limit_for(item, ("limits", index), models) for index, item in enumerate(shape.limits))

    def _limit_for(self, item: Mapping[str, str | list[str]], path: Path, models: Models) -> LimitFor:
        text = item.get("limit")
        limit = 0
        if isinstance(text, str):
            limit = self.amount(text, (*path, "limit"))
        else:
            self.reader.add("missing-field", "this entry needs the field `limit`", path, hint="write limit: 25k USD")
        if len(item) < 2:
            hint = "write whom it is for, such as department: engineering"
            self.reader.add("missing-field", "this limit is for everybody", path, hint=hint)
        return LimitFor(build_selector(item, self.reader, path, models, skip="limit"), limit)

    def schedule(self, shape: QuotaShape) -> tuple[DatedLimit, ...]:
        """Return the dated limits, which must be in order."""
        found: list[DatedLimit] = []
        for index, item in enumerate(shape.schedule):
            path: Path = ("schedule", index)
            from_at = self.reader.first_instant(item.from_, (*path, "from")) or EPOCH
            if found and from_at <= found[-1].from_at:
                hint = "write dated limits in the order of their dates"
                self.reader.add("wrong-date", "this date is not after the one before it", (*path, "from"), hint=hint)
            found.append(DatedLimit(from_at, self.amount(item.limit, (*path, "limit"))))
        return tuple(found)


def _period(shape: QuotaShape, reader: Reader, organization: Organization, unit: Unit) -> PeriodDefinition | None:
    written = shape.period
    if unit is Unit.CONCURRENT:
        if not isinstance(written, UnsetType):
            message = "a limit of concurrent requests has no period: it counts what runs now"
            reader.add("period-conflict", message, ("period",), hint="leave `period` out")
        return None
    if isinstance(written, UnsetType):
        hint = "write period: month"
        reader.add("period-conflict", f"a limit in {unit} needs a period", ("limit",), hint=hint)
        return None
    every, days = _every(written, reader)
    time_zone, anchor = organization.time_zone, None
    if isinstance(written, PeriodShape):
        own = reader.maybe(parse_time_zone, written.time_zone, ("period", "time_zone"))
        time_zone = own or time_zone
        anchor = reader.maybe(parse_date, written.from_, ("period", "from"))
        if anchor is not None and every in _UNANCHORED:
            message = f"a period of `{every}` is not counted from a date"
            reader.add("period-conflict", message, ("period", "from"), hint="leave `from` out")
        if every is Every.DAYS and isinstance(written.from_, UnsetType):
            hint = "write from: 2026-01-01"
            reader.add("period-conflict", "a period of days is counted from a date", ("period",), hint=hint)
        if every is Every.DAYS and anchor is None:
            anchor = EPOCH.date()
    return PeriodDefinition(every, time_zone, anchor, days, organization.week_starts, organization.fiscal_year_start)


def _every(written: str | PeriodShape, reader: Reader) -> tuple[Every, int]:
    word = written if isinstance(written, str) else written.every
    if word in _PLAIN_WORDS:
        return Every(word), 0
    return Every.DAYS, reader.read(parse_days, word, ("period", "every"), 30)

"""What moves a quota's ceiling, to core values."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import UnsetType

from governor.compiler.build.header import Models
from governor.compiler.build.named_models import named_models
from governor.compiler.build.reader import Reader
from governor.compiler.quantities import parse_soft_limit, parse_whole_percent
from governor.compiler.shapes.quota import QuotaShape
from governor.compiler.source import Path
from governor.core.policy.kinds import Downgrade, MaxShare, Overage, Rollover, WhenReached
from governor.core.units import Unit


@dataclass(frozen=True, slots=True)
class CeilingParts:
    """The parts of a quota that move its ceiling.

    Attributes:
        amount: Reads an amount of the quota's unit.
    """

    shape: QuotaShape
    reader: Reader
    unit: Unit
    amount: Callable[[str, Path], int]

    def when_reached(self) -> WhenReached:
        """Return which of the four; a mapping must hold exactly one."""
        written = self.shape.when_reached
        if isinstance(written, str):
            return WhenReached(written)
        stated = [name for name in ("downgrade", "overage") if not isinstance(getattr(written, name), UnsetType)]
        if len(stated) != 1:
            hint = "write {downgrade: {to: [group:economy]}} or {overage: {up_to: 2k USD}}"
            self.reader.add("wrong-value", "`when_reached` needs one of them", ("when_reached",), hint=hint)
            return WhenReached.DENY
        return WhenReached(stated[0])

    def downgrade(self, models: Models) -> Downgrade | None:
        """Return the models that are offered, and from when on."""
        written = self.shape.when_reached
        if isinstance(written, str) or isinstance(written.downgrade, UnsetType):
            return None
        path: Path = ("when_reached", "downgrade")
        percent = self.reader.read(parse_whole_percent, written.downgrade.from_, (*path, "from"), 100)
        return Downgrade(named_models(written.downgrade.to, self.reader, models, (*path, "to")), min(percent, 100))

    def overage(self) -> Overage | None:
        """Return how far the budget may go beyond its limit, and who pays."""
        written = self.shape.when_reached
        if isinstance(written, str) or isinstance(written.overage, UnsetType):
            return None
        shape, path = written.overage, ("when_reached", "overage")
        surcharge = 0
        if not isinstance(shape.surcharge, UnsetType):
            surcharge = self.reader.read(parse_whole_percent, shape.surcharge, (*path, "surcharge"), 0)
        fund = "" if isinstance(shape.from_, UnsetType) else shape.from_.removeprefix("Quota/")
        if fund and surcharge:
            message = "a fund pays for what does not fit, so nothing is used beyond the limit"
            self.reader.add("wrong-value", message, (*path, "surcharge"), hint="leave `surcharge` or `from` out")
        return Overage(self.amount(shape.up_to, (*path, "up_to")), surcharge, fund)

    def max_share(self) -> MaxShare | None:
        """Return whose share is limited."""
        shape = self.shape.max_share
        if isinstance(shape, UnsetType):
            return None
        if shape.per in self.shape.per:
            message = f"each {shape.per} has a budget of its own here, so there is nothing to share"
            self.reader.add("wrong-value", message, ("max_share", "per"), hint="name an attribute that is not in `per`")
        return MaxShare(shape.per, shape.percent)

    def burst_percent(self) -> int | None:
        """Return the pace in percent of an even day's part."""
        shape = self.shape.pace
        if isinstance(shape, UnsetType):
            return None
        percent = round(shape.burst * 100)
        if abs(percent - shape.burst * 100) > 1e-6:
            message = f"`burst: {shape.burst}` has more than two decimals"
            self.reader.add("wrong-number", message, ("pace", "burst"), hint="write burst: 1.5")
        return percent

    def rollover(self) -> Rollover | None:
        """Return what a period leaves to the next."""
        shape = self.shape.rollover
        if isinstance(shape, UnsetType):
            return None
        overspend = shape.overspend == "carry"
        if isinstance(shape.unused, UnsetType):
            if not overspend:
                hint = "write unused: {up_to: 20%}, or overspend: carry"
                self.reader.add("missing-field", "this rollover carries nothing", ("rollover",), hint=hint)
            return Rollover(overspend=overspend)
        path: Path = ("rollover", "unused", "up_to")
        found = self.reader.maybe(parse_soft_limit, shape.unused.up_to, path)
        if found is None or isinstance(found, int):
            return Rollover(unused_percent=found or 0, overspend=overspend)
        return Rollover(unused_amount=self.amount(shape.unused.up_to, path), overspend=overspend)

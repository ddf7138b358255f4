"""When a budget speaks up, and to whom."""

from dataclasses import dataclass
from enum import StrEnum


class AlertOf(StrEnum):
    """What is compared with a part of the limit: what was used so far, or what the period will come to."""

    USED = "used"
    FORECAST = "forecast"


OWNER = "owner"
"""In ``notify``: the policy's owner."""

WEBHOOK = "webhook"
LOG = "log"
SLACK_PREFIX = "slack:"
EMAIL_PREFIX = "email:"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Told once for each scope and period, when a budget comes to a part of its limit with what was carried.

    Attributes:
        at_percent: Which part.
        of: What is compared.
        notify: Groups (also ``department-leads``, ``team-leads``), people, ``owner``, ``slack:...``, ``email:...``,
            ``webhook``, ``log``.
    """

    at_percent: int
    of: AlertOf
    notify: tuple[str, ...]

    @property
    def key(self) -> str:
        """What tells it from the quota's other alerts: ``"used 80"``."""
        return f"{self.of} {self.at_percent}"

    @property
    def words(self) -> str:
        """The rule as it is named to people: ``"80% of used"``."""
        return f"{self.at_percent}% of {self.of}"

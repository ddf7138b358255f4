"""How alerts go out here: by which ways, to whom, and when not."""

from dataclasses import dataclass
from datetime import time

from governor.core.alerts.quiet import QuietHours
from governor.core.alerts.recipients import Channels

NO_CHANNELS = Channels()
"""Only the log."""


@dataclass(frozen=True, slots=True)
class AlertTerms:
    """What the settings say.

    Attributes:
        channels: Which ways there are.
        notify: Who is told of what no policy names anybody for: unusual spend, drift.
        digest_notify: Who gets digests; empty: there are none.
        digest_at: The time of the organisation's day from which on they go out.
        quiet: When nobody is told what can wait, or None.
    """

    channels: Channels = NO_CHANNELS
    notify: tuple[str, ...] = ("log",)
    digest_notify: tuple[str, ...] = ()
    digest_at: time = time(8)
    quiet: QuietHours | None = None

"""The present snapshot, and since when it has been the present one."""

from datetime import datetime, timedelta

from governor.core.decisions.blocks import Blocks
from governor.core.decisions.output_estimates import OutputEstimates
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import Grants


class Snapshots:
    """Holds the snapshot that decides. A change is one assignment; whoever reads ``current`` keeps a whole one.

    Args:
        snapshot: The first one.
        confirmed_at: When its source was last seen to be as it says (aware UTC).
        policy_age_max: Past this age decisions say ``stale_policy``; None: never.
    """

    def __init__(self, snapshot: Snapshot, confirmed_at: datetime, policy_age_max: timedelta | None = None) -> None:
        self.current = snapshot
        self.confirmed_at = confirmed_at
        self.policy_age_max = policy_age_max

    def swap(self, snapshot: Snapshot, now: datetime) -> None:
        """Let other policies decide from now on, under the same blocks and grants and with the same estimates."""
        known = self.current
        self.current = snapshot.with_blocks(known.blocks).with_grants(known.grants).with_estimates(known.estimates)
        self.confirmed_at = now

    def block(self, blocks: Blocks) -> None:
        """Let other blocks act from now on, over the same policies."""
        self.current = self.current.with_blocks(blocks)

    def grant(self, grants: Grants) -> None:
        """Let other grants act from now on, beside the same policies."""
        self.current = self.current.with_grants(grants)

    def learn(self, estimates: OutputEstimates) -> None:
        """Let other estimates count from now on, for the same policies."""
        self.current = self.current.with_estimates(estimates)

    def confirm(self, now: datetime) -> None:
        """Note that the source was looked at and says what the present snapshot says."""
        self.confirmed_at = now

    def age_s(self, now: datetime) -> float:
        """Return the seconds since the policies were last seen to be what their source says."""
        return max(0.0, (now - self.confirmed_at).total_seconds())

    def stale(self, now: datetime) -> bool:
        """Tell whether the policies are older than permitted."""
        return self.policy_age_max is not None and now - self.confirmed_at > self.policy_age_max

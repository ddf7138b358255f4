"""What every ledger can do: the in-memory one and the SQL one pass the same contract suite."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from governor.core.ledger.book import Outcome
from governor.core.ledger.budget import Balance
from governor.core.ledger.commands import Command


class Ledger(Protocol):
    """Applies commands atomically, durably and in order."""

    async def start(self) -> None:
        """Make ready to take commands."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of the storage."""
        ...

    async def submit(self, command: Command, *, deadline_s: float | None = None) -> Outcome:
        """Apply one command.

        Args:
            command: What to do.
            deadline_s: Seconds to wait at most, or None. Past it the command is withdrawn or, if it was placed in the
                meantime, its hold is released: the caller has been told that there was no answer.

        Raises:
            LedgerUnavailableError: The deadline passed, the queue is full, or the storage failed.
        """
        ...

    async def submit_many(self, commands: Sequence[Command], *, deadline_s: float | None = None) -> list[Outcome]:
        """Apply commands in order; each stands alone.

        Raises:
            LedgerUnavailableError: As for ``submit``, if one of them got no answer; holds of the others are released.
        """
        ...

    async def balances(self, digests: Sequence[bytes]) -> Mapping[bytes, Balance]:
        """Read balances at the ledger's present instant without locks; a budget that nobody touched is left out."""
        ...

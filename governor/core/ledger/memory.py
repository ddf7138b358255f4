"""The ledger in memory: the reference for every other one, and the ledger of replay, simulation and policy tests."""

from collections.abc import Callable, Mapping, Sequence

from governor.core.ledger.book import Book, Outcome
from governor.core.ledger.budget import Balance
from governor.core.ledger.changes import Changes
from governor.core.ledger.commands import Command


class MemoryLedger:
    """Keeps everything in one ``Book`` for good; lost when the process ends.

    Args:
        clock: Returns Unix seconds; replays pass the clock of the recording.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.book = Book(complete=True)
        self._clock = clock

    async def start(self) -> None:
        """Do nothing: there is nothing to open."""

    async def close(self) -> None:
        """Do nothing: every command was applied before it was answered."""

    def apply(self, command: Command) -> Outcome:
        """Apply one command at once, for callers without an event loop."""
        book = self.book
        book.now_s = self._clock()
        outcome = book.apply(command)
        # Nobody writes these changes back; forgetting them keeps what is remembered to what is known.
        book.changes = Changes()
        return outcome

    async def submit(self, command: Command, *, deadline_s: float | None = None) -> Outcome:  # noqa: ARG002 - the port's signature; memory never makes anybody wait
        """Apply one command; see ``Ledger.submit``."""
        return self.apply(command)

    async def submit_many(self, commands: Sequence[Command], *, deadline_s: float | None = None) -> list[Outcome]:  # noqa: ARG002 - as above
        """Apply commands in order; each stands alone."""
        return [self.apply(command) for command in commands]

    async def balances(self, digests: Sequence[bytes]) -> Mapping[bytes, Balance]:
        """Read balances now; a budget that nobody touched is left out."""
        self.book.now_s = self._clock()
        found = ((digest, self.book.find_balance(digest)) for digest in digests)
        return {digest: balance for digest, balance in found if balance is not None}

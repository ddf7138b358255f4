"""A recorded request that ends at once: placed and settled in one step, because nobody could see its hold.

The general way goes through the ledger's ``Place`` and ``Settle``, which make the records that a server needs. A replay
keeps no records, so it asks the same rules (``admit``, dated prices, one rounding) and posts on the same counters. A
test holds both ways against each other on random recordings.
"""

from datetime import datetime
from typing import NamedTuple

from governor.core.decisions.plan import Candidate, Plan
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.admit import admit
from governor.core.ledger.book import Book
from governor.core.ledger.commands import Admission, Hold
from governor.core.ledger.counter import Counter
from governor.core.money import Rounding
from governor.core.prices import cost_nano_usd
from governor.core.settlement.postings import Actual
from governor.core.usage import Usage


class AtOnce(NamedTuple):
    """What became of a request: the candidate given (None: refused) and its cost in nano-USD."""

    given: Candidate | None
    admission: Admission
    cost_nano_usd: int


def decide_at_once(book: Book, snapshot: Snapshot, plan: Plan, usage: Usage, now: datetime) -> AtOnce | None:
    """Take the first candidate that fits and post what it used.

    Args:
        book: The working set of the replay; its clock says which holds still count.
        snapshot: Prices.
        plan: What ``evaluate`` made.
        usage: What the recording says was used.
        now: When.

    Returns:
        The outcome, or None if the cost is not known: then nothing was changed, and the general way must be taken.
    """
    admission = admit(plan.options(), book.find_balance)
    if admission.chosen is None:
        return AtOnce(None, admission, 0)
    given = plan.candidates[admission.chosen]
    model = given.prepared.model
    price = snapshot.price(model.id, model.provider, now)
    cost = cost_nano_usd(price, usage, Rounding.HALF_UP) if price is not None else None
    if cost is None:
        return None
    actual = Actual(usage, cost, 1)
    now_s, counters = book.now_s, book.counters
    for hold in admission.placed:
        counter = counters.get(hold.budget.digest) or _new_counter(book, hold)
        counter.fold(now_s)
        counter.used += actual.amount(hold.budget.unit, hold.terms.counts)
    return AtOnce(given, admission, cost)


def _new_counter(book: Book, hold: Hold) -> Counter:
    counter = book.counters[hold.budget.digest] = Counter(hold.budget)
    return counter

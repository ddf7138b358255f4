"""The grants that a case is given: into the snapshot, with what they have paid into its ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from governor.core.decisions.grant_budgets import money_budget
from governor.core.decisions.snapshot import Snapshot
from governor.core.decisions.suites import GivenGrant
from governor.core.globs import is_glob
from governor.core.grants import Grant, Grants
from governor.core.ledger.book import Book
from governor.core.ledger.counter import Counter
from governor.services.grant_terms import problems_of_lifts


def with_given(snapshot: Snapshot, given: Sequence[GivenGrant]) -> Snapshot:
    """Return a snapshot in which exactly these grants stand; names are those that decisions use."""
    return snapshot.with_grants(Grants(_canonical(snapshot, one.grant) for one in given)) if given else snapshot


def pay_given(book: Book, snapshot: Snapshot, given: Sequence[GivenGrant]) -> Iterator[str]:
    """Book what grants have paid, and say what is wrong with them."""
    for one in given:
        yield from (f"given: {problem}" for _, problem in problems_of_lifts(snapshot, one.grant))
        budget = money_budget(one.grant)
        counter = book.counters.setdefault(budget.digest, Counter(budget))
        counter.fold(book.now_s)
        counter.used += one.used_nano_usd


def _canonical(snapshot: Snapshot, grant: Grant) -> Grant:
    people = snapshot.organization.person_ids
    scope = tuple((key, people.get(name.lower(), name) if key == "user" else name) for key, name in grant.scope)
    models = tuple(name if is_glob(name) else snapshot.model(name, "").id for name in grant.models)
    return replace(grant, scope=scope, models=models)

"""The envelope of a policy in words: whom it concerns, how seriously it is meant, who answers for it."""

from collections.abc import Iterator

from governor.core.policy.header import Enforcement, Header
from governor.core.wording.phrases import begin_words, date_words, last_day_words, listed
from governor.core.wording.selectors import concern_words
from governor.core.wording.statements import Statement

ENFORCEMENT_WORDS = {
    Enforcement.ENFORCE: "it is enforced",
    Enforcement.WARN: "it warns and lets through",
    Enforcement.AUDIT: "it only writes down what it would refuse",
}
"""How seriously a policy is taken."""


def envelope_statements(header: Header, time_zone: str) -> Iterator[Statement]:
    """Yield what the envelope of a rule says."""
    yield Statement("applies_to", "whom it concerns", concern_words(header))
    yield Statement("enforcement", "how it is meant", ENFORCEMENT_WORDS[header.enforcement])
    yield Statement("exceptions", "exceptions", "can be asked for" if header.exceptions_allowed else "are never made")
    if header.effective_from is not None:
        yield Statement("effective_from", "first day in force", begin_words(header.effective_from, time_zone))
    if header.effective_until is not None:
        yield Statement("effective_until", "last day in force", last_day_words(header.effective_until, time_zone))
    yield from about(header)


def about(header: Header) -> Iterator[Statement]:
    """Yield what is said about a document, which decides nothing."""
    texts = {"description": header.description, "owner": header.owner, "reason": header.reason}
    for key, text in texts.items():
        if text:
            yield Statement(key, key, f"“{' '.join(text.split())}”" if key != "owner" else text, decides=False)
    if header.review_by is not None:
        yield Statement("review_by", "next review", date_words(header.review_by), decides=False)
    if header.formerly:
        yield Statement("formerly", "former names", listed(header.formerly), decides=False)

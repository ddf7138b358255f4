"""Who somebody in Slack is: one rule for clicks, commands, mentions and links."""

from datetime import UTC, datetime

import pytest

from governor.core.policy.header import Source
from governor.core.policy.organization import Organization, Person, Placement

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLACE = (Placement("engineering", "platform"),)
PEOPLE = (
    Person("eve", PLACE, slack="U0EVE"),
    Person("ada", PLACE, slack="U0ADA", until_at=NOW),
    Person("ada2", PLACE, slack="U0ADA", from_at=NOW),
    Person("kim", PLACE, slack="U0TWO"),
    Person("fay", PLACE, slack="U0TWO"),
    Person("gil", PLACE, slack="U0GIL", until_at=NOW),
    Person("hal", PLACE),
)
ACME = Organization("acme", Source("organization.yaml", 1, 1), people={person.user: person for person in PEOPLE})


@pytest.mark.parametrize(
    ("slack_id", "who"),
    [("U0EVE", "eve"), ("U0ADA", "ada2"), ("U0TWO", None), ("U0GIL", None), ("U0NEW", None), ("", None)],
)
def test_somebody_is_who_alone_has_their_slack_id_now(slack_id: str, who: str | None) -> None:
    """Whoever left is nobody, who came back is one person, and an id that two have is nobody's."""
    person = ACME.person_in_slack(slack_id, NOW)

    assert who == (person.user if person is not None else None)

"""What a card shows beside the case: who is who in Slack, and where the whole case stands."""

from datetime import datetime

from governor.clients.slack_blocks.card import CardFacts
from governor.core.policy.organization import Organization
from governor.services.approvals.facts import FactFinder
from governor.services.approvals.links import case_page
from governor.services.snapshots import Snapshots


class CardFinder:
    """Puts together what Slack shows of a request.

    Args:
        facts: What is known about it.
        snapshots: Who is who.
        public_url: How people reach this server, or ``""``.
    """

    def __init__(self, facts: FactFinder, snapshots: Snapshots, public_url: str) -> None:
        self._facts = facts
        self._snapshots = snapshots
        self._public_url = public_url

    async def about(self, request_id: str, now: datetime) -> CardFacts:
        """Return everything about a request as of now.

        Raises:
            NotFoundError: If there is none with this id.
        """
        case = await self._facts.about(request_id, now)
        organization = self._snapshots.current.organization
        ids = slack_ids(organization)
        return CardFacts(
            case,
            organization.time_zone,
            slack_ids=ids,
            unreachable=[user for user in sorted(case.approvers) if user not in ids],
            page=case_page(self._public_url, request_id),
        )


def slack_ids(organization: Organization) -> dict[str, str]:
    """Return the Slack id of everybody who has one, by user name."""
    return {person.user: person.slack for person in organization.people.values() if person.slack}

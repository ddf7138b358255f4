"""Who has which Slack id: proposals for the Organization, for a person to review."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governor.core.policy.organization import Organization, Person


@dataclass(frozen=True, slots=True)
class Proposal:
    """A Slack id that somebody in the Organization probably has, for review.

    Attributes:
        user: The person, by the Organization's name.
        slack_id: The id, or ``""`` if nobody in Slack has the person's address.
        listed: The id in the Organization, or ``""``.
        name: What Slack calls whoever has the id.
        note: What a reviewer should know.
    """

    user: str
    slack_id: str
    listed: str
    name: str
    note: str


def propose_slack_ids(
    organization: Organization, members: Iterable[Mapping[str, Any]], now: datetime
) -> list[Proposal]:
    """Compare the Organization with the people of a workspace; nothing is changed, a person reviews it.

    Args:
        organization: Who we are.
        members: The workspace's users, as Slack lists them.
        now: Who has left by now is not proposed.
    """
    alive = [one for one in members if not one.get("deleted") and not one.get("is_bot")]
    by_address = {str((one.get("profile") or {}).get("email", "")).lower(): one for one in alive}
    by_id = {str(one["id"]): one for one in alive}
    by_address.pop("", None)
    here = [person for person in organization.people.values() if person.is_active(now)]
    holders = Counter(person.slack for person in here if person.slack)
    proposals = []
    for person in here:
        member = next((by_address[name] for name in _names(person) if name in by_address), None)
        proposal = _compare(person, member, by_id.get(person.slack), shared=holders[person.slack] > 1)
        if proposal is not None:
            proposals.append(proposal)
    return proposals


def _names(person: Person) -> list[str]:
    return [person.user.lower(), *(name.lower() for name in person.ids)]


def _compare(
    person: Person, member: Mapping[str, Any] | None, holder: Mapping[str, Any] | None, *, shared: bool
) -> Proposal | None:
    """Return what a reviewer should look at, or None if all is as it should be."""
    found = str(member["id"]) if member is not None else ""
    name = _name(member or holder)
    if not person.slack:
        note = "same address in Slack" if member is not None else "nobody in Slack has this address"
        return Proposal(person.user, found, "", name, note)
    if shared:
        return Proposal(person.user, found, person.slack, name, "two people are listed with this id: it is nobody's")
    if holder is None:
        note = "the id that is listed is nobody's in this workspace, or its account was deactivated"
        return Proposal(person.user, found, person.slack, name, note)
    if member is not None and found != person.slack:
        note = "the id that is listed is somebody else's than the address"
        return Proposal(person.user, found, person.slack, name, note)
    return None


def _name(member: Mapping[str, Any] | None) -> str:
    if member is None:
        return ""
    return str((member.get("profile") or {}).get("real_name") or member.get("name") or "")

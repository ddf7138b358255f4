"""Who is told: from the words of a policy to people, channels and addresses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governor.core.approvals.groups import Home, members_of
from governor.core.policy.alert_rule import EMAIL_PREFIX, LOG, OWNER, SLACK_PREFIX, WEBHOOK
from governor.core.policy.approval_rule import DEPARTMENT_LEADS, TEAM_LEADS
from governor.core.policy.organization import Organization, Person


class Channel(StrEnum):
    """By which way an alert goes out."""

    SLACK = "slack"
    EMAIL = "email"
    WEBHOOK = "webhook"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One end of a channel: a Slack conversation or person, a mail address; ``""`` where there is only one."""

    channel: Channel
    address: str = ""


@dataclass(frozen=True, slots=True)
class Channels:
    """Which ways there are, by the settings; the log is always there."""

    slack: bool = False
    email: bool = False
    webhook: bool = False


RELATIVE = frozenset({TEAM_LEADS, DEPARTMENT_LEADS})
"""Groups that follow from whose budget it is."""


def people_told(
    organization: Organization, name: str, whose: Mapping[str, str], owner: str, now: datetime
) -> frozenset[str]:
    """Return the people whom a word of ``notify`` means, by canonical user name; empty if it means nobody.

    Args:
        organization: Who is who.
        name: A group, a person, or ``owner``.
        whose: What is known of the budget's scope.
        owner: The policy's owner.
        now: People who have left are told nothing.
    """
    if name == OWNER:
        name = owner
    if name in organization.groups or name in RELATIVE:
        home = Home(whose.get("department", ""), whose.get("team", ""))
        return members_of(organization, name, home, now)
    user = organization.person_ids.get(name.lower(), name.lower())
    person = organization.people.get(user)
    return frozenset({user}) if person is not None and person.is_active(now) else frozenset()


def is_channel(name: str) -> bool:
    """Tell whether a word of ``notify`` names a channel and not people."""
    return name in {WEBHOOK, LOG} or name.startswith((SLACK_PREFIX, EMAIL_PREFIX))


def recipients(
    organization: Organization,
    notify: Iterable[str],
    whose: Mapping[str, str],
    owner: str,
    now: datetime,
    *,
    channels: Channels,
) -> tuple[Recipient, ...]:
    """Return where an alert goes, each end once.

    What has no way out (no token, no mail server) and what means nobody goes to the log: nothing is lost in silence.
    """
    found: dict[Recipient, None] = {}
    for name in notify:
        if is_channel(name):
            found[_end(name, channels)] = None
            continue
        told = people_told(organization, name, whose, owner, now)
        if not told and name == OWNER and "@" in owner:
            # The owner of a policy may be a mailbox that is nobody of the organisation.
            found[_end(f"{EMAIL_PREFIX}{owner}", channels)] = None
        elif not told:
            found[Recipient(Channel.LOG)] = None
        for user in sorted(told):
            found[_way_to(organization.people[user], channels)] = None
    return tuple(found)


def _end(name: str, channels: Channels) -> Recipient:
    if name.startswith(SLACK_PREFIX) and channels.slack:
        return Recipient(Channel.SLACK, name.removeprefix(SLACK_PREFIX))
    if name.startswith(EMAIL_PREFIX) and channels.email:
        return Recipient(Channel.EMAIL, name.removeprefix(EMAIL_PREFIX))
    if name == WEBHOOK and channels.webhook:
        return Recipient(Channel.WEBHOOK)
    return Recipient(Channel.LOG)


def _way_to(person: Person, channels: Channels) -> Recipient:
    """Return how somebody is reached: in Slack where they are there, else by mail."""
    if person.slack and channels.slack:
        return Recipient(Channel.SLACK, person.slack)
    if "@" in person.user and channels.email:
        return Recipient(Channel.EMAIL, person.user)
    return Recipient(Channel.LOG)

"""Whether Slack is set up so that everybody who should hear something does: scopes, channels, people, settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governor.clients.slack import SlackClient, SlackError, SlackUnavailableError
from governor.clients.slack.manifest import SCOPES
from governor.core.approvals.groups import Home, members_of
from governor.core.decisions.snapshot import PolicySet
from governor.core.policy.alert_rule import SLACK_PREFIX
from governor.core.policy.approval_rule import RELATIVE_GROUPS
from governor.core.policy.organization import Organization
from governor.services.slack.card_facts import slack_ids


@dataclass(frozen=True, slots=True)
class SlackSetup:
    """What is configured, beside the bot token.

    Attributes:
        signing_secret: Whether there is one.
        app_token: For Socket Mode, or ``""``.
        public_url: How people reach this server, or ``""``.
    """

    signing_secret: bool
    app_token: str
    public_url: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: A word or two.
        ok: Whether it is as it should be.
        says: What was found, and what to do about it.
    """

    what: str
    ok: bool
    says: str


async def check_slack(client: SlackClient, policies: PolicySet, setup: SlackSetup, now: datetime) -> list[Check]:
    """Look at everything, and go on after what fails.

    Args:
        client: With the bot token.
        policies: Which channels and people are named.
        setup: What else is configured.
        now: Who has left by now need not be in Slack.
    """
    try:
        bot = await client.introduce()
    except (SlackError, SlackUnavailableError) as error:
        return [
            Check("bot token", ok=False, says=f"{error.message}; check GOVERNOR_SLACK_BOT_TOKEN"),
            *_listening(setup),
        ]
    checks = [Check("bot token", ok=True, says=f"the app is {bot.user} of {bot.team} ({bot.url})")]
    checks += _scopes(bot.scopes)
    checks += _listening(setup)
    if setup.app_token:
        checks.append(await _socket(client, setup.app_token))
    checks += await _channels(client, channels_named(policies))
    checks += _deciders(policies, now)
    return checks


def channels_named(policies: PolicySet) -> dict[str, list[str]]:
    """Return every channel that policies post to (``#ai-exceptions``), with the policies that name it."""
    named: dict[str, list[str]] = {}
    for rule in policies.approval_rules:
        if rule.channel:
            named.setdefault(rule.channel, []).append(rule.ref)
    for quota in policies.quotas:
        words = (word for alert in quota.alerts for word in alert.notify)
        for channel in (word.removeprefix(SLACK_PREFIX) for word in words if word.startswith(f"{SLACK_PREFIX}#")):
            named.setdefault(channel, []).append(quota.header.ref)
    return {channel: list(dict.fromkeys(refs)) for channel, refs in named.items()}


def _scopes(given: frozenset[str]) -> Iterator[Check]:
    missing = [scope for scope in SCOPES if scope not in given]
    for scope in missing:
        yield Check(f"scope {scope}", ok=False, says=f"missing: {SCOPES[scope]}; add it, and install the app again")
    if not missing:
        yield Check("scopes", ok=True, says=f"all {len(SCOPES)} are there")


def _listening(setup: SlackSetup) -> Iterator[Check]:
    if setup.app_token:
        yield Check("listening", ok=True, says="over Socket Mode")
    elif setup.signing_secret:
        where = f"{setup.public_url}/slack/events" if setup.public_url else "POST /slack/events"
        yield Check("listening", ok=True, says=f"at {where}")
    else:
        says = "nothing is listened to: set GOVERNOR_SLACK_SIGNING_SECRET, or GOVERNOR_SLACK_APP_TOKEN for Socket Mode"
        yield Check("listening", ok=False, says=says)
    if not setup.public_url:
        says = "links lead nowhere: set GOVERNOR_PUBLIC_URL, which also lets large amounts be decided on a page"
        yield Check("public address", ok=False, says=says)


async def _socket(client: SlackClient, app_token: str) -> Check:
    try:
        await client.socket_address(app_token)
    except (SlackError, SlackUnavailableError) as error:
        hint = "check GOVERNOR_SLACK_APP_TOKEN: an app-level token with the scope connections:write"
        return Check("app token", ok=False, says=f"{error.message}; {hint}")
    return Check("app token", ok=True, says="Socket Mode connects")


async def _channels(client: SlackClient, named: Mapping[str, list[str]]) -> list[Check]:
    if not named:
        return []
    try:
        known: dict[str, Mapping[str, Any]] = {f"#{one['name']}": one for one in await client.channels()}
    except (SlackError, SlackUnavailableError) as error:
        return [Check("channels", ok=False, says=error.message)]
    return [_channel(name, known.get(name), by) for name, by in sorted(named.items())]


def _channel(name: str, channel: Mapping[str, Any] | None, by: list[str]) -> Check:
    policies = ", ".join(by)
    if channel is None:
        says = f"there is none, or it is private and the app is not in it ({policies} names it); invite the app"
        return Check(f"channel {name}", ok=False, says=says)
    if not channel.get("is_member"):
        says = f"the app is not in it ({policies} names it): type `/invite @Governor` there"
        return Check(f"channel {name}", ok=False, says=says)
    return Check(f"channel {name}", ok=True, says=f"the app is in it ({policies})")


def _deciders(policies: PolicySet, now: datetime) -> Iterator[Check]:
    """Name those who decide about exceptions and would get no card."""
    organization = policies.organization
    missing = sorted(_who_decides(policies, organization, now) - slack_ids(organization).keys())
    if missing:
        says = f"not mapped, so they get no cards: {', '.join(missing)}; see `governor slack people`"
        yield Check("people who decide", ok=False, says=says)
    elif policies.approval_rules:
        yield Check("people who decide", ok=True, says="all are mapped to their Slack ids")


def _who_decides(policies: PolicySet, organization: Organization, now: datetime) -> set[str]:
    groups = {group for rule in policies.approval_rules for group in rule.groups}
    people = {user for group in groups - RELATIVE_GROUPS for user in members_of(organization, group, Home(), now)}
    homes = [Home(team.placement(now).department, team.name) for team in organization.teams.values()]
    homes += [Home(name) for name in organization.departments]
    for group in groups & RELATIVE_GROUPS:
        people |= {user for home in homes for user in members_of(organization, group, home, now)}
    return people

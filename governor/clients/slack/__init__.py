"""Slack: its Web API, and what its app is made of."""

from governor.clients.slack.calls import SlackError, SlackUnavailableError
from governor.clients.slack.web import Introduction, Posted, SlackClient, open_slack_client

__all__ = ["Introduction", "Posted", "SlackClient", "SlackError", "SlackUnavailableError", "open_slack_client"]

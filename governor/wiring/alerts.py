"""The ways out of alerts, and the terms on which they go out, from the settings."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

import structlog

from governor.clients.mail import Mail, MailError
from governor.clients.slack.calls import SlackError, SlackUnavailableError
from governor.clients.slack.web import SlackClient, open_slack_client
from governor.clients.slack_blocks.alerts import alert_message
from governor.clients.webhook import Webhook, WebhookError
from governor.core.alerts.alert import Alert
from governor.core.alerts.document import alert_document, alert_text
from governor.core.alerts.recipients import Channel, Channels
from governor.services.alerts.deliver import Sender, SendError, Senders
from governor.services.alerts.terms import AlertTerms
from governor.services.slack.turns import SharedTurns
from governor.settings import Settings
from governor.store.database import Database

CLOCKS_APART_S = 60
"""How far Slack's clock may be behind ours: by its own it says when a message was posted."""

_log = structlog.get_logger("governor.alerts")


def alert_terms(settings: Settings) -> AlertTerms:
    """Return how alerts go out here."""
    channels = Channels(
        slack=settings.slack_bot_token is not None,
        email=bool(settings.smtp_url),
        webhook=bool(settings.alert_webhook_url),
    )
    return AlertTerms(
        channels=channels,
        notify=settings.alert_notify,
        digest_notify=settings.digest_notify,
        digest_at=settings.digest_at,
        quiet=settings.quiet_hours,
    )


@asynccontextmanager
async def open_senders(settings: Settings, database: Database) -> AsyncIterator[Senders]:
    """Open every way out that the settings name; the log is always there.

    Args:
        settings: With tokens and addresses.
        database: Where all workers take turns in Slack.
    """
    senders: dict[Channel, Sender] = {Channel.LOG: _ToLog()}
    async with AsyncExitStack() as stack:
        if settings.alert_webhook_url and settings.alert_webhook_secret is not None:
            secret = settings.alert_webhook_secret.get_secret_value()
            senders[Channel.WEBHOOK] = _ToWebhook(Webhook(settings.alert_webhook_url, secret))
        if settings.smtp_url is not None:
            senders[Channel.EMAIL] = _ToMail(Mail(settings.smtp_url.get_secret_value(), settings.mail_from))
        if settings.slack_bot_token is not None:
            token = settings.slack_bot_token.get_secret_value()
            senders[Channel.SLACK] = _ToSlack(
                await stack.enter_async_context(
                    open_slack_client(token, settings.slack_api_url, turns=SharedTurns(database))
                )
            )
        yield senders


class _ToLog:
    async def send(self, alert: Alert, address: str, now: datetime, *, again: bool) -> None:  # noqa: ARG002 - every way out is asked alike
        _log.warning("alert", **alert_document(alert))


class _ToWebhook:
    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook

    async def send(self, alert: Alert, address: str, now: datetime, *, again: bool) -> None:  # noqa: ARG002 - as above
        try:
            await self._webhook.send(alert.id.hex(), alert_document(alert), now)
        except WebhookError as error:
            raise SendError(str(error)) from error


class _ToMail:
    def __init__(self, mail: Mail) -> None:
        self._mail = mail

    async def send(self, alert: Alert, address: str, now: datetime, *, again: bool) -> None:  # noqa: ARG002 - as above
        try:
            await self._mail.send(address, f"[Governor] {alert.title}", alert_text(alert), alert.id.hex())
        except MailError as error:
            raise SendError(str(error)) from error


class _ToSlack:
    def __init__(self, client: SlackClient) -> None:
        self._client = client

    async def send(self, alert: Alert, address: str, now: datetime, *, again: bool) -> None:  # noqa: ARG002 - as above
        try:
            if not (again and await self._stands(alert, address)):
                await self._client.post(address, alert_message(alert), key=alert.id.hex())
        except (SlackError, SlackUnavailableError) as error:
            raise SendError(error.message) from error

    async def _stands(self, alert: Alert, address: str) -> bool:
        """Tell whether a try of which nobody knows what came of it posted the alert."""
        try:
            return await self._client.find(address, alert.id.hex(), alert.at.timestamp() - CLOCKS_APART_S) is not None
        except SlackError:
            # The app may post where it may not read: said twice is better than not at all.
            return False

"""Mail by SMTP: one message to one address."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 10.0
PORTS = {"smtp": 587, "smtps": 465}


class MailError(Exception):
    """The server did not take the message; it is sent again later."""


class Mail:
    """Sends messages by one server.

    Args:
        url: ``smtp://user:password@host:587``, encrypted if the server can, or ``smtps://...``, encrypted from the
            beginning.
        sender: The address that messages come from.
    """

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    async def send(self, to: str, subject: str, text: str, message_id: str) -> None:
        """Send one message.

        Args:
            to: The address.
            subject: One line.
            text: Plain text.
            message_id: The same when a message is sent again: mail programs show it once.

        Raises:
            MailError: If it was not taken, or nobody knows.
        """
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = subject
        message["Message-ID"] = f"<{message_id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        try:
            await asyncio.to_thread(self._send, message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailError(f"not taken ({_words(error)})") from error

    def _send(self, message: EmailMessage) -> None:
        with self._connected() as server:
            if self._scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)

    def _connected(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        server.ehlo()
        return server


def _words(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__

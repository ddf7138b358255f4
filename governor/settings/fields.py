"""Every setting: the variable ``GOVERNOR_<FIELD>``, with its unit, its default and its meaning."""

import ipaddress
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from governor.settings.words import (
    Duration,
    Instant,
    Place,
    QuietTimes,
    Size,
    TimeOfDay,
    Words,
    a_file,
    admin_key,
    filled,
    in_unit,
    long_enough,
    mail_server,
    sql_url,
    web_url,
    webhook_key,
)

PREFIX = "GOVERNOR_"


class Settings(BaseSettings):
    """Everything that can be set; each field is the variable ``GOVERNOR_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    database_url: Annotated[str, AfterValidator(sql_url)] = Field(
        "sqlite:///governor.db",
        description="Where money is remembered: a SQLite file, or a PostgreSQL database for several hosts.",
        json_schema_extra=in_unit("URL"),
    )
    policies: Place = Field(
        Path("policies"),
        description="The folder of policy files, watched while serving; or a branch of a repository, like "
        "`git+https://host/repo.git#branch:folder` (also ssh and file).",
        json_schema_extra=in_unit("path or git+URL"),
    )
    policies_webhook_secret: Annotated[SecretStr | None, AfterValidator(webhook_key)] = Field(
        None,
        description="What GitHub or GitLab sign `POST /policies/sync` with; without it only an admin's key opens it.",
        json_schema_extra=in_unit("secret"),
    )
    require_signed_commits: Annotated[Path | None, AfterValidator(a_file)] = Field(
        None,
        description="A file of principals and SSH keys (`ssh-keygen`'s allowed signers): only commits signed by one "
        "of them go live.",
        json_schema_extra=in_unit("path"),
    )
    host: str = Field("127.0.0.1", description="The address to listen on.", json_schema_extra=in_unit("address"))
    port: int = Field(
        8080,
        ge=0,
        le=65535,
        description="The port to listen on; 0 takes a free one.",
        json_schema_extra=in_unit("port"),
    )
    open_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="A port of its own for what needs no key: `/healthz`, `/readyz`, `/metrics` and `/docs`; they are "
        "then nowhere else, and nothing else is there. Absent: they are on the port of everything else.",
        json_schema_extra=in_unit("port"),
    )
    workers: int = Field(
        1, ge=1, le=64, description="Processes that share the port.", json_schema_extra=in_unit("processes")
    )
    auth: Literal["keys", "off"] = Field(
        "keys",
        description="`keys`: every call needs a bearer key; `off`: everybody is admin, only on a loopback address.",
        json_schema_extra=in_unit("word"),
    )
    bootstrap_key: Annotated[SecretStr | None, AfterValidator(admin_key)] = Field(
        None,
        description="An admin key that is valid while this is set: to make the first keys with.",
        json_schema_extra=in_unit("secret"),
    )
    scheduler: Literal["on", "off"] = Field(
        "on",
        description="Whether `governor serve` also runs the jobs; `off` where only `governor scheduler` runs them.",
        json_schema_extra=in_unit("word"),
    )
    decide_deadline_ms: int = Field(
        150,
        ge=1,
        le=60_000,
        description="How long `/decide` waits for the ledger before it answers `ledger_unavailable`; `/decide/batch` "
        "waits that long for each hundred of its requests; `/usage` waits ten times as long, then answers 503, and the "
        "same events can be sent again.",
        json_schema_extra=in_unit("milliseconds"),
    )
    queue_max: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="Commands that may wait for the ledger; more are refused at once.",
        json_schema_extra=in_unit("commands"),
    )
    max_policy_age: Duration = Field(
        None,
        description="Unready, and decisions marked `stale_policy`, once the policies were last confirmed longer ago.",
        json_schema_extra=in_unit("length of time, like `15 minutes`"),
    )
    keep_decisions: Annotated[Duration, AfterValidator(long_enough)] = Field(
        None,
        description="How long requests, answers and alerts are kept, at least `90 days`; what was used and paid is "
        "kept for ever. Absent: everything is.",
        json_schema_extra=in_unit("length of time, like `400 days`"),
    )
    request_size_max: Size = Field(
        1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="The largest request body that is read; larger ones are refused (413).",
        json_schema_extra=in_unit("bytes, KiB or MiB"),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe line that is logged.", json_schema_extra=in_unit("word")
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="One JSON object a line, or coloured text for people.", json_schema_extra=in_unit("word")
    )
    public_url: Annotated[str, AfterValidator(web_url)] = Field(
        "", description="How people reach this server, for links in answers.", json_schema_extra=in_unit("URL")
    )
    slack_bot_token: Annotated[SecretStr | None, AfterValidator(filled)] = Field(
        None,
        description="The Slack app's bot token (`xoxb-...`); without one nothing is posted to Slack.",
        json_schema_extra=in_unit("secret"),
    )
    slack_signing_secret: Annotated[SecretStr | None, AfterValidator(filled)] = Field(
        None,
        description="Proves that what arrives at `POST /slack/events` is from Slack; without it that route is closed.",
        json_schema_extra=in_unit("secret"),
    )
    slack_app_token: Annotated[SecretStr | None, AfterValidator(filled)] = Field(
        None,
        description="The Slack app's app-level token (`xapp-...`): listen over Socket Mode, without a public address.",
        json_schema_extra=in_unit("secret"),
    )
    slack_api_url: Annotated[str, AfterValidator(web_url)] = Field(
        "https://slack.com/api",
        description="Where Slack's Web API is; another one for a proxy or a test.",
        json_schema_extra=in_unit("URL"),
    )
    alert_notify: Words = Field(
        ("log",),
        description="Who is told of unusual spend and of drift, as in `alerts` of a Quota, separated by commas.",
        json_schema_extra=in_unit("words"),
    )
    digest_notify: Words = Field(
        (),
        description="Who gets the daily and weekly digests, likewise; without any there are none.",
        json_schema_extra=in_unit("words"),
    )
    digest_at: TimeOfDay = Field(
        time(8),
        description="When digests go out, by the Organization's clock; the weekly one on the first day of the week.",
        json_schema_extra=in_unit("time of the day"),
    )
    quiet_hours: QuietTimes = Field(
        None,
        description="When only urgent alerts go out, by the Organization's clock; the others follow at its end.",
        json_schema_extra=in_unit("two times, like `22:00-07:00`"),
    )
    alert_webhook_url: Annotated[str, AfterValidator(web_url)] = Field(
        "", description="Where alerts for `webhook` are posted.", json_schema_extra=in_unit("URL")
    )
    alert_webhook_secret: Annotated[SecretStr | None, AfterValidator(filled)] = Field(
        None, description="Signs what is posted there.", json_schema_extra=in_unit("secret")
    )
    smtp_url: Annotated[SecretStr | None, AfterValidator(mail_server)] = Field(
        None,
        description="The mail server, like `smtp://user:password@mail.acme.example:587` or `smtps://...`; without one "
        "nothing is mailed.",
        json_schema_extra=in_unit("secret"),
    )
    mail_from: str = Field(
        "governor@localhost", description="The address that mail comes from.", json_schema_extra=in_unit("address")
    )
    clock: Instant = Field(
        None,
        description="Start the server's clock here instead of now; only with GOVERNOR_AUTH=off.",
        json_schema_extra=in_unit("RFC 3339 instant"),
    )

    @model_validator(mode="after")
    def _open_only_at_home(self) -> "Settings":
        if self.auth == "off" and not _is_loopback(self.host):
            raise ValueError(
                f"GOVERNOR_AUTH=off is only allowed on a loopback address, and GOVERNOR_HOST is `{self.host}`; "
                "use 127.0.0.1 or keep GOVERNOR_AUTH=keys"
            )
        if self.clock is not None and self.auth != "off":
            raise ValueError("GOVERNOR_CLOCK is only allowed with GOVERNOR_AUTH=off: a moved clock moves budgets")
        return self

    @model_validator(mode="after")
    def _two_ports(self) -> "Settings":
        if self.open_port is not None and self.open_port == self.port:
            raise ValueError(
                f"GOVERNOR_OPEN_PORT and GOVERNOR_PORT are both {self.port}; leave GOVERNOR_OPEN_PORT out for one port"
            )
        return self

    @model_validator(mode="after")
    def _signed_webhook(self) -> "Settings":
        if self.alert_webhook_url and self.alert_webhook_secret is None:
            raise ValueError("GOVERNOR_ALERT_WEBHOOK_URL needs GOVERNOR_ALERT_WEBHOOK_SECRET: alerts are signed")
        return self

    def environment(self) -> dict[str, str]:
        """Return the variables that give these settings again: what a worker process is started with."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {f"{PREFIX}{name.upper()}": _raw(value) for name, value in given.items() if value is not None}


def _raw(value: object) -> str:
    """Render a value as a variable that reads as the same value, secrets included."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())} seconds"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

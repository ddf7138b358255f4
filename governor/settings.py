"""How a server is configured: environment variables ``GOVERNOR_*``, each with its unit, its default and its meaning."""

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from governor.core.errors import GovernorError
from governor.core.field_words import in_plain_words

PREFIX = "GOVERNOR_"

NOT_SETTINGS = ("GOVERNOR_KEY",)
"""Variables that are no settings but options of commands."""

LATER = frozenset(
    f"{PREFIX}{name}"
    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "SLACK_APP_TOKEN",
        "SLACK_API_URL",
        "REQUIRE_SIGNED_COMMITS",
    )
)
"""Settings of capabilities that this version lacks. An environment may be ready for them: ``serve`` says that nothing
reads them, and starts."""

OURS = ("GOVERNOR_TEST_", "GOVERNOR_BENCH_")
"""How the variables of the project's own tests and benchmarks begin."""

_SERVICE_LINK = re.compile(r"GOVERNOR_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)")
"""What Kubernetes tells every container about a service whose name begins with ``governor``."""

_DURATION = re.compile(r"(\d+)\s*(second|minute|hour|day)s?")
_BYTES = re.compile(r"(\d+)\s*(KiB|MiB)?")


class SettingsError(GovernorError):
    """A setting has a value that the server cannot work with; the message names the variable."""

    code = "invalid_settings"


def _duration(value: object) -> object:
    """Read ``15 minutes`` as a length of time; anything else is left to the type's own error."""
    if not isinstance(value, str):
        return value
    if value.strip() == "":
        return None
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"`{value[:40]}` is not a length of time; write it like `15 minutes`")
    return timedelta(**{f"{match[2]}s": int(match[1])})


def _size(value: object) -> object:
    """Read ``1 MiB`` or a plain number of bytes."""
    if not isinstance(value, str):
        return value
    match = _BYTES.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"`{value[:40]}` is not a size; write it like `1 MiB` or `65536`")
    return int(match[1]) * {"KiB": 1024, "MiB": 1024 * 1024}.get(match[2] or "", 1)


def _instant(value: object) -> object:
    """Read an RFC 3339 instant."""
    if not isinstance(value, str):
        return value
    if value.strip() == "":
        return None
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"`{value[:40]}` is not an instant; write it like `2026-10-25T00:59:00Z`") from None


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("an instant needs its offset; write it like `2026-10-25T00:59:00Z`")
    return value.astimezone(UTC) if value is not None else None


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("write `sqlite:///governor.db` or `postgresql://user@host/database`")
    return value


def _web_url(value: str) -> str:
    if value and urlsplit(value).scheme not in {"http", "https"}:
        raise ValueError("write it like `https://governor.acme.example`")
    return value.rstrip("/")


def _bootstrap_key(value: SecretStr | None) -> SecretStr | None:
    if value is None or value.get_secret_value() == "":
        return None
    if not re.fullmatch(r"gov_[A-Za-z0-9_-]{32,}", value.get_secret_value()):
        raise ValueError(
            "a key is `gov_` and at least 32 letters, digits, `-` or `_`; make one with `governor keys create`"
        )
    return value


Duration = Annotated[timedelta | None, BeforeValidator(_duration)]
Instant = Annotated[datetime | None, BeforeValidator(_instant), AfterValidator(_aware)]
Size = Annotated[int, BeforeValidator(_size)]


def _unit(unit: str) -> dict[str, Any]:
    """Attach the unit that ``governor settings`` prints."""
    return {"unit": unit}


class Settings(BaseSettings):
    """Everything that can be set; each field is the variable ``GOVERNOR_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        "sqlite:///governor.db",
        description="Where money is remembered: a SQLite file, or a PostgreSQL database for several hosts.",
        json_schema_extra=_unit("URL"),
    )
    policies: Path = Field(
        Path("policies"),
        description="The folder of policy files; watched while serving.",
        json_schema_extra=_unit("path"),
    )
    host: str = Field("127.0.0.1", description="The address to listen on.", json_schema_extra=_unit("address"))
    port: int = Field(
        8080, ge=0, le=65535, description="The port to listen on; 0 takes a free one.", json_schema_extra=_unit("port")
    )
    workers: int = Field(
        1, ge=1, le=64, description="Processes that share the port.", json_schema_extra=_unit("processes")
    )
    auth: Literal["keys", "off"] = Field(
        "keys",
        description="`keys`: every call needs a bearer key; `off`: everybody is admin, only on a loopback address.",
        json_schema_extra=_unit("word"),
    )
    bootstrap_key: Annotated[SecretStr | None, AfterValidator(_bootstrap_key)] = Field(
        None,
        description="An admin key that is valid while this is set: to make the first keys with.",
        json_schema_extra=_unit("secret"),
    )
    decide_deadline_ms: int = Field(
        150,
        ge=1,
        le=60_000,
        description="How long `/decide` waits for the ledger before it answers `ledger_unavailable`; `/usage` waits "
        "ten times as long, then answers 503, and the same events can be sent again.",
        json_schema_extra=_unit("milliseconds"),
    )
    queue_max: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="Commands that may wait for the ledger; more are refused at once.",
        json_schema_extra=_unit("commands"),
    )
    max_policy_age: Duration = Field(
        None,
        description="Unready, and decisions marked `stale_policy`, once the policies were last confirmed longer ago.",
        json_schema_extra=_unit("length of time, like `15 minutes`"),
    )
    request_size_max: Size = Field(
        1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="The largest request body that is read; larger ones are refused (413).",
        json_schema_extra=_unit("bytes, KiB or MiB"),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe line that is logged.", json_schema_extra=_unit("word")
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="One JSON object a line, or coloured text for people.", json_schema_extra=_unit("word")
    )
    public_url: Annotated[str, AfterValidator(_web_url)] = Field(
        "", description="How people reach this server, for links in answers.", json_schema_extra=_unit("URL")
    )
    clock: Instant = Field(
        None,
        description="Start the server's clock here instead of now; only with GOVERNOR_AUTH=off.",
        json_schema_extra=_unit("RFC 3339 instant"),
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
    return str(value)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment.

    Args:
        overrides: Values that win over the environment, by field name (what a command line says).

    Raises:
        SettingsError: If a value is wrong or a variable is misspelt; every one of them is named.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    problems = list(_misspelt(os.environ))
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problems += [_sentence(problem) for problem in error.errors(include_input=False)]
        raise SettingsError("; ".join(problems)) from None
    if problems:
        raise SettingsError("; ".join(problems))
    return settings


def _misspelt(environment: Mapping[str, str]) -> Iterator[str]:
    """Say of every variable with our prefix that is not a setting what was meant: ignored, it would protect nothing."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    linked = "KUBERNETES_SERVICE_HOST" in environment
    for variable in sorted(name.upper() for name, value in environment.items() if value):
        if not variable.startswith(PREFIX) or variable.startswith(OURS) or variable in {*known, *NOT_SETTINGS, *LATER}:
            continue
        if linked and _SERVICE_LINK.fullmatch(variable):
            continue
        near = get_close_matches(variable.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in known], n=1)
        hint = f"did you mean {PREFIX}{near[0]}" if near else f"the settings are {', '.join(known)}"
        yield f"{variable} is not a setting; {hint}"


def unread_settings(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that are set for capabilities which this version lacks."""
    return sorted(LATER & {name.upper() for name, value in environment.items() if value})


def _sentence(problem: Any) -> str:
    """Render one pydantic problem with the name of its variable; a rule of several variables names them itself."""
    if not problem["loc"]:
        return str(problem["msg"]).removeprefix("Value error, ")
    words = in_plain_words(problem["type"], problem["msg"], problem.get("ctx", {}))
    return f"{PREFIX}{str(problem['loc'][0]).upper()}: {words}"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as ``governor settings`` prints it; a secret's value is only said to be set."""

    name: str
    value: str
    unit: str
    default: str
    source: str
    description: str


def describe_settings(settings: Settings) -> list[SettingRow]:
    """List every setting with its unit, default and source (``environment`` or ``default``), secrets masked."""
    rows = []
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        unit = str(extra["unit"]) if isinstance(extra, dict) else ""
        rows.append(
            SettingRow(
                name=f"{PREFIX}{name.upper()}",
                value=_text(name, getattr(settings, name)),
                unit=unit,
                default=_text(name, field.default),
                source="environment" if name in settings.model_fields_set else "default",
                description=field.description or "",
            )
        )
    return rows


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "(set)"
    if name == "database_url":
        return _without_password(str(value))
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())} seconds"
    return str(value)


def _without_password(url: str) -> str:
    """Blank the password of a database URL, so that settings can be printed and logged."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", url)

"""How the value of a setting is written: lengths of time, sizes, instants, URLs, keys."""

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from governor.core.alerts.quiet import QuietHours
from governor.core.policy.place import PREFIX as GIT
from governor.core.policy.place import GitPlace, PolicyPlaceError, git_place
from governor.core.settlement.assess import AGE_MAX
from governor.core.signing_tokens import SIGNING_PREFIX, signing_key

_DURATION = re.compile(r"(\d+)\s*(second|minute|hour|day)s?")
_BYTES = re.compile(r"(\d+)\s*(KiB|MiB)?")


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


def long_enough(value: timedelta | None) -> timedelta | None:
    """Accept how long decisions are kept, if usage that may still be reported finds them."""
    if value is not None and value < AGE_MAX:
        days = f"{AGE_MAX.days} days"
        raise ValueError(f"usage may be reported for {days}; keep decisions for `{days}` or more")
    return value


def sql_url(value: str) -> str:
    """Accept the URL of a database that Governor works with."""
    if not value.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("write `sqlite:///governor.db` or `postgresql://user@host/database`")
    return value


def policy_place(value: object) -> object:
    """Read ``git+https://host/repository.git#branch:folder``; anything else is the path of a folder."""
    if not isinstance(value, str) or not value.startswith(GIT):
        return value
    try:
        return git_place(value)
    except PolicyPlaceError as error:
        raise ValueError(error.message) from None


def a_file(value: Path | None) -> Path | None:
    """Accept the path of a file that is there, or nothing."""
    if value is not None and not value.is_file():
        raise ValueError(f"there is no file `{value}`; name one that is there")
    return value


def web_url(value: str) -> str:
    """Accept the URL of a web server, or nothing."""
    if value and urlsplit(value).scheme not in {"http", "https"}:
        raise ValueError("write it like `https://governor.acme.example`")
    return value.rstrip("/")


def filled(value: SecretStr | None) -> SecretStr | None:
    """Accept a secret, or nothing: a variable that is there and empty sets none."""
    return value if value is not None and value.get_secret_value().strip() else None


def webhook_key(value: SecretStr | None) -> SecretStr | None:
    """Accept what a webhook is signed with, or nothing; a signing token has a key in it."""
    value = filled(value)
    if value is not None:
        try:
            signing_key(value.get_secret_value())
        except ValueError:
            raise ValueError(
                f"what begins with `{SIGNING_PREFIX}` is a signing token, which goes on with a key in Base64; "
                "copy the whole of it from GitLab, or choose a secret that begins otherwise"
            ) from None
    return value


def admin_key(value: SecretStr | None) -> SecretStr | None:
    """Accept a key that is long enough to be one, or nothing."""
    if value is None or value.get_secret_value() == "":
        return None
    if not re.fullmatch(r"gov_[A-Za-z0-9_-]{32,}", value.get_secret_value()):
        raise ValueError(
            "a key is `gov_` and at least 32 letters, digits, `-` or `_`; make one with `governor keys create`"
        )
    return value


def _words(value: object) -> object:
    """Read `finance, slack:#ai-spend` as words."""
    if not isinstance(value, str):
        return value
    return tuple(word for text in value.split(",") if (word := text.strip()))


def _time_of_day(value: object) -> object:
    """Read `08:00`."""
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value.strip()) is None:
        raise ValueError(f"`{value[:40]}` is not a time of the day; write it like `08:00`")
    return time.fromisoformat(value.strip())


def _quiet_times(value: object) -> object:
    """Read `22:00-07:00`."""
    if not isinstance(value, str):
        return value
    if value.strip() == "":
        return None
    from_, _, until = value.partition("-")
    try:
        return QuietHours(time.fromisoformat(from_.strip()), time.fromisoformat(until.strip()))
    except ValueError:
        raise ValueError(f"`{value[:40]}` is not a time of quiet; write it like `22:00-07:00`") from None


def mail_server(value: SecretStr | None) -> SecretStr | None:
    """Accept the URL of a mail server, or nothing."""
    if value is None or value.get_secret_value() == "":
        return None
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("write it like `smtp://user:password@mail.acme.example:587`")
    return value


Duration = Annotated[timedelta | None, BeforeValidator(_duration)]
Instant = Annotated[datetime | None, BeforeValidator(_instant), AfterValidator(_aware)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
QuietTimes = Annotated[QuietHours | None, NoDecode, BeforeValidator(_quiet_times)]
Size = Annotated[int, BeforeValidator(_size)]
Place = Annotated[Path | GitPlace, BeforeValidator(policy_place)]


def in_unit(unit: str) -> dict[str, Any]:
    """Attach the unit that ``governor settings`` prints."""
    return {"unit": unit}

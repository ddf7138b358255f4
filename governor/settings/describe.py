"""The settings as ``governor settings`` prints them."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from pydantic import SecretStr

from governor.core.policy.place import GitPlace
from governor.settings.fields import PREFIX, Settings


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
    if isinstance(value, GitPlace):
        return value.shown
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())} seconds"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


def _without_password(url: str) -> str:
    """Blank the password of a database URL, so that settings can be printed and logged."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", url)

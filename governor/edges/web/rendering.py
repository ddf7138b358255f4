"""Templates to responses: everything is escaped, nothing is loaded from elsewhere, nothing is cached."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from governor.core.money import nano_from_text
from governor.core.units import Unit, amount_words, rounded_words

ROOM = Path(__file__).parent
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


class Renderer:
    """Renders pages.

    Args:
        base: Path of the first page, as people reach it.
        time_zone: In which instants are shown.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self._templates = Environment(
            loader=FileSystemLoader(ROOM / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["dollars"] = dollars
        self._templates.filters["cents"] = cents
        self._templates.filters["sentence"] = sentence
        self._templates.filters["words"] = lambda text: str(text).replace("_", " ")

    def page(self, name: str, time_zone: str, *, status: int = 200, **facts: Any) -> Response:
        """Render a page; instants are shown in a zone."""

        def instant(at: datetime | None) -> str:
            return f"{at.astimezone(ZoneInfo(time_zone)):%-d %B %Y, %H:%M}" if at is not None else ""

        def day(at: datetime | None) -> str:
            return f"{at.astimezone(ZoneInfo(time_zone)):%-d %B %Y}" if at is not None else ""

        template = self._templates.get_template(name)
        text = template.render(base=self.base, instant=instant, day=day, time_zone=time_zone, **facts)
        return HTMLResponse(text, status, HEADERS)


def sentence(message: str) -> str:
    """Write a message as a sentence; a model's name at its beginning stays as it is."""
    first, _, _ = message.partition(" ")
    begun = message if "/" in first else f"{message[:1].upper()}{message[1:]}"
    return begun if begun[-1:] in ".!?" else f"{begun}."


def dollars(text: str | None) -> str:
    """Write an amount for people: ``1,200 USD``."""
    return amount_words(nano_from_text(text), Unit.USD) if text else ""


def cents(text: str | None) -> str:
    """Write an amount that was worked out, for people: to the cent."""
    return rounded_words(nano_from_text(text), Unit.USD) if text else ""

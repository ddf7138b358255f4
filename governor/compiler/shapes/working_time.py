"""The organisation's working hours and holidays as they are written."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.fields import ClockTime, Shape, Weekdays


class WorkingHoursShape(Shape, kw_only=True):
    """When people work: lengths of time such as `4 working hours` are counted in it."""

    days: Annotated[
        Weekdays | list[Weekdays],
        Meta(description="Working days: a range, a day, or several.", examples=["mon-fri", ["sun", "mon-wed"]]),
    ] = "mon-fri"
    from_: Annotated[
        ClockTime,
        Meta(description="When work begins, in the Organization's time zone, in quotes.", examples=["09:00"]),
    ] = field(default="09:00", name="from")
    until: Annotated[ClockTime, Meta(description="When work ends, in quotes.", examples=["18:00"])] = "18:00"


class HolidaysShape(Shape, kw_only=True):
    """The public holidays of a country or a part of it."""

    country: Annotated[
        str,
        Meta(
            pattern="^[A-Z]{2}$",
            extra_json_schema={"x-form": "two capital letters, such as DE"},
            description="The country, by its ISO 3166-1 code.",
            examples=["DE"],
        ),
    ]
    subdivision: Annotated[
        Annotated[str, Meta(pattern="^[A-Z0-9]{1,3}$", extra_json_schema={"x-form": "a code such as BE"})] | UnsetType,
        Meta(
            description="A part of the country with holidays of its own, by its ISO 3166-2 code without the country.",
            examples=["BE"],
        ),
    ] = UNSET

"""What is not counted in tokens: the names that requests and prices have for it, and what a price lacks.

A request says ``images`` or ``audio_seconds``, a price ``image`` or ``audio_minute``: singular and plural are one name,
and spoken time is converted exactly, so that it is rounded once, with the whole cost.
"""

from collections.abc import Mapping
from difflib import get_close_matches

USUAL_UNITS = ("images", "audio_seconds", "characters", "searches", "pages")
"""What gateways count; a price may name others."""

AUDIO_SECONDS = {"audio_second": 1, "audio_minute": 60, "audio_hour": 3600}
"""Spoken time, by the singular of its names."""


def singular(unit: str) -> str:
    """Return the name under which a unit is compared: ``searches`` and ``search`` are one."""
    return unit.removesuffix("es") if unit.endswith("ches") else unit.removesuffix("s")


def unit_rate(rates: Mapping[str, int], unit: str) -> tuple[int, int, int] | None:
    """Return what a unit costs.

    Args:
        rates: Nano-USD by priced unit.
        unit: As counted.

    Returns:
        Nano-USD, of how many units, for how many of ``unit``: ``(6_000_000, 60, 1)`` is 0.006 USD for sixty. None if
        it has no price.
    """
    name = singular(unit)
    for priced, rate in rates.items():
        if singular(priced) == name:
            return rate, 1, 1
    seconds = AUDIO_SECONDS.get(name)
    if seconds is None:
        return None
    timed = [(AUDIO_SECONDS[stem], rate) for each, rate in rates.items() if (stem := singular(each)) in AUDIO_SECONDS]
    if not timed:
        return None
    per, rate = min(timed)
    return rate, per, seconds


def misspelt_unit(name: str) -> str:
    """Return the usual unit, in the singular, that a name was probably meant to be; ``""`` if it is one, or none."""
    usual = dict.fromkeys((*(singular(unit) for unit in USUAL_UNITS), *AUDIO_SECONDS))
    if singular(name) in usual:
        return ""
    return next(iter(get_close_matches(singular(name), usual, n=1, cutoff=0.75)), "")


def gap_words(model_id: str, rates: Mapping[str, int] | None, used: Mapping[str, int]) -> str:
    """Say what has no price, and what to do about it.

    Args:
        model_id: Canonical id.
        rates: The units that the model's price names, or None if it has no price at all.
        used: Units of the request or the event.
    """
    if rates is None:
        return f"no price is known for {model_id}; add one to a PriceBook, or set unknown_price"
    missing = [unit for unit, count in used.items() if count and unit_rate(rates, unit) is None]
    if not missing:
        return f"the price of {model_id} has none for its tokens; add input and output to it, or set unknown_price"
    return "; ".join(_gap(model_id, rates, unit) for unit in missing)


def _gap(model_id: str, rates: Mapping[str, int], unit: str) -> str:
    known = dict.fromkeys((*USUAL_UNITS, *(f"{stem}s" for stem in AUDIO_SECONDS), *rates))
    said = f"no price is known for the unit `{unit}` of {model_id}"
    if singular(unit) not in {singular(name) for name in known}:
        near = get_close_matches(unit, known, n=1)
        if near:
            return f"{said}; did you mean `{near[0]}`?"
        return f"{said}; units are {', '.join(dict.fromkeys((*USUAL_UNITS, *rates)))}"
    return f"{said}; add it to the `units` of its price in a PriceBook, or set unknown_price"

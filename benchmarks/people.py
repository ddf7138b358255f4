"""The people of the example organisation, for whom benchmarks ask."""

import csv

from benchmarks.server import ROOT


def users(count: int = 100) -> list[str]:
    """Return users of the example organisation."""
    with (ROOT / "policies" / "people.csv").open(encoding="utf-8") as file:
        return [row["user"] for row in csv.DictReader(file)][:count]

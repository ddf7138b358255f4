"""``governor settings``: what is configured, and where each value comes from."""

from dataclasses import asdict

from governor.edges.cli.printing import Output, OutputOption, console, print_json, table
from governor.settings import describe_settings, load_settings

EXAMPLE = "Example: governor settings --output json"


def settings(output: OutputOption = Output.TABLE) -> None:
    """Print every setting with its value, unit, default and source; secrets are only said to be set."""
    rows = describe_settings(load_settings())
    if output is Output.JSON:
        print_json([asdict(row) for row in rows])
        return
    columns = ("setting", "value", "unit", "default", "source", "meaning")
    console().print(
        table(
            "Settings",
            columns,
            ((row.name, row.value, row.unit, row.default, row.source, row.description) for row in rows),
        )
    )

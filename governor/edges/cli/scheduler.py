"""``governor scheduler``: run the jobs without serving."""

from governor.edges.cli.options import DatabaseOption, PoliciesOption
from governor.edges.cli.printing import LogOption, log_format
from governor.settings import load_settings
from governor.wiring import schedule

EXAMPLE = "Example: governor scheduler --database postgresql://governor@db.acme.example/governor"


def scheduler(policies: PoliciesOption = None, database: DatabaseOption = None, output: LogOption = None) -> None:
    """Run the jobs without serving: those that `governor serve` runs too, unless GOVERNOR_SCHEDULER=off.

    Any number may run beside each other and beside servers: each job is run by one of them at a time, and another one
    takes over within seconds when that one dies.
    """
    schedule(load_settings(policies=policies, database_url=database, log_format=log_format(output)))

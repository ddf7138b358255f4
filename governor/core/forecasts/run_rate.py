"""The plainest forecast: it goes on as it went so far."""


def run_rate(used: float, elapsed: float, length: float) -> float:
    """Return a period's total if it goes on at its average so far.

    Args:
        used: Used so far.
        elapsed: How much of the period has passed, in any unit of time; nothing passed yet: ``used`` is all we know.
        length: How long the period is, in the same unit.
    """
    return used * length / elapsed if elapsed > 0 else used

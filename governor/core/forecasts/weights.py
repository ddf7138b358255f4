"""How much each of several forecasts of the same thing counts, and what they say together."""

from collections.abc import Sequence

SHRINKAGE = 2.0
"""Every method begins with so many average losses: one lucky or unlucky origin changes little."""

LEAST_LOSS = 1e-6
"""A method that was exactly right so far (a series of zeros) still leaves room for others."""


def weights_by_loss(losses: Sequence[Sequence[float | None]], methods: int, power: float) -> list[float]:
    """Weigh methods by how they did before.

    Args:
        losses: For each earlier origin the loss of each method; None where a method was not tried: it is judged
            by how it stood to the others where it was.
        methods: How many methods there are.
        power: 0 lets all count alike; the higher, the more the best ones count.

    Returns:
        Weights that add up to 1.
    """
    if not losses:
        return [1 / methods] * methods
    raw = [max(_relative_loss(losses, method), LEAST_LOSS) ** -power for method in range(methods)]
    total = sum(raw)
    return [weight / total for weight in raw]


def _relative_loss(losses: Sequence[Sequence[float | None]], method: int) -> float:
    """Return a method's loss as a share of the average loss at the origins from which it was tried."""
    own, average = 0.0, 0.0
    for loss in losses:
        tried = [one for one in loss if one is not None]
        mine = loss[method]
        if mine is not None:
            own += mine
            average += sum(tried) / len(tried)
    count = sum(loss[method] is not None for loss in losses)
    if average <= LEAST_LOSS:
        return 1.0
    return (own / average * count + SHRINKAGE) / (count + SHRINKAGE)


def weighted_quantile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    """Return the value below which a share of the weight lies, between two values by interpolation.

    With equal weights and a share of one half this is the median.
    """
    ordered = sorted(zip(values, weights, strict=True))
    total = sum(weights)
    below = 0.0
    before: tuple[float, float] | None = None
    for value, weight in ordered:
        # The middle of a value's own weight is where the value stands.
        here = (below + weight / 2) / total
        if here >= share:
            if before is None or here == before[0]:
                return value
            part = (share - before[0]) / (here - before[0])
            return before[1] + part * (value - before[1])
        before = (here, value)
        below += weight
    assert before is not None, "a quantile needs a value"
    return before[1]


def weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the value in the middle of the weights: one method that is far off moves it little."""
    return weighted_quantile(values, weights, 0.5)

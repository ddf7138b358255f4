"""Which commit of the policies is refused, and why, for Prometheus."""

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from governor.services.policies.state import PolicyState

PROBLEM_CHARACTERS_MAX = 200


def policy_refusal(state: PolicyState) -> Metric:
    """Return the commit that is refused with the first of its problems; nothing while what is served is the latest.

    Made for each scrape: a commit that is refused no longer leaves no series behind.
    """
    family = GaugeMetricFamily(
        "governor_policy_refused_info",
        "1 for the commit that is not served because it is refused, with the first of its problems.",
        labels=("commit", "problem"),
    )
    if state.refused:
        first = next(iter(state.problems), "")
        family.add_metric((state.refused, first[:PROBLEM_CHARACTERS_MAX]), 1)
    return family

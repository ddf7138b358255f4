"""How Python's collector of reference cycles treats a process that keeps much and makes little rubbish.

Values of the decision path hold no cycles: reference counting frees them. With the default thresholds the collector
walked through all policies again and again, which took a third of a replay.
"""

import gc

YOUNG_MAX = 50_000
"""Objects made since the last look before the collector looks at the young ones again."""


def settle_garbage_collector() -> None:
    """Leave alone for good what has been loaded, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 100)

"""Long reading and reckoning in a thread of a process that also decides."""

import time


def give_way() -> None:
    """Let other threads of this process go on: a decision waits for one step of it and not for all."""
    time.sleep(0)

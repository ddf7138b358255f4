"""Identifiers: UUIDs of version 7, never twice, in the order of their time."""

import os
from itertools import pairwise
from uuid import RFC_4122, UUID

from governor.services.ids import new_id


def test_ids_are_version_7_in_the_order_of_their_time() -> None:
    """The first 48 bits are the milliseconds; more ids than are drawn at once are all different."""
    ids = [new_id(at_ms) for at_ms in range(1_700_000_000_000, 1_700_000_002_000)]

    assert (2_000, sorted(ids)) == (len(set(ids)), ids)
    assert {(7, RFC_4122)} == {(UUID(bytes=each).version, UUID(bytes=each).variant) for each in ids}


def test_ids_of_one_millisecond_are_in_the_order_in_which_they_were_made() -> None:
    """So that entries and decisions of one instant are listed as they happened, however many there are."""
    ids = [new_id(1_700_000_000_000) for _ in range(2_000)]
    wrapped = sum(later < earlier for earlier, later in pairwise(ids))

    # The counter begins somewhere and wraps once in 67 million ids.
    assert (2_000, True) == (len(set(ids)), wrapped <= 1)


def test_a_forked_process_continues_with_bytes_of_its_own() -> None:
    """Workers that are forked must not hand out the ids of their parent."""
    new_id(0)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, new_id(0))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reader, 16)

    assert theirs != new_id(0)

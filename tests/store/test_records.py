"""What older versions wrote is still read."""

from governor.core.ledger.entry import Charge, RollupKey
from governor.core.usage import Usage
from governor.store.records import decode_entry

ENTRY_OF_THE_FIRST_VERSION = bytes.fromhex(
    "98a2653187ac696e7075745f746f6b656e7307b36361636865645f696e7075745f746f6b656e7300b263616368655f77726974655f746f6b656e"
    "7300b563616368655f77726974655f31685f746f6b656e7300ad6f75747075745f746f6b656e7300b0726561736f6e696e675f746f6b656e7300"
    "a5756e697473809182a6627564676574c41003030303030303030303030303030303a6616d6f756e740789a6686f75725f7300aa646570617274"
    "6d656e74a96d61726b6574696e67a47465616da0a475736572a0a770726f6a656374a0ab656e7669726f6e6d656e74a0a87573655f63617365a0"
    "a56d6f64656ca0a870726f7669646572a09182a36b657989a6686f75725f7300aa6465706172746d656e74a96d61726b6574696e67a47465616d"
    "a0a475736572a0a770726f6a656374a0ab656e7669726f6e6d656e74a0a87573655f63617365a0a56d6f64656ca0a870726f7669646572a0a761"
    "6d6f756e7473980107000000000007c2c281aa6465706172746d656e74a96d61726b6574696e67"
)


def test_an_entry_of_the_first_version_is_read() -> None:
    """It says what was posted, and nothing of how its budgets count."""
    entry = decode_entry(ENTRY_OF_THE_FIRST_VERSION)

    assert ("e1", Usage(input_tokens=7), (Charge(b"\3" * 16, 7),), RollupKey(0, department="marketing"), None) == (
        entry.root_event_id,
        entry.usage,
        entry.charges,
        entry.rollup,
        entry.charged,
    )

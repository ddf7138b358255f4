"""Money as commands show it to people: rounded to the cent."""

NANO_PER_CENT = 10_000_000


def cents(usd: str) -> str:
    """Shorten an exact amount of USD for people: ``"1234.567000000"`` is ``"1,234.57"``."""
    return _rounded(int(usd.replace(".", "")))


def signed_cents(amount: str | int) -> str:
    """The same for a change, with its sign: ``"+12.00"``; nano-USD may be given as an integer."""
    nano = amount if isinstance(amount, int) else int(amount.replace(".", ""))
    shown = _rounded(abs(nano))
    if nano == 0:
        return shown
    return f"{'-' if nano < 0 else '+'}{shown}"


def _rounded(nano: int) -> str:
    hundredths = (nano + NANO_PER_CENT // 2) // NANO_PER_CENT
    return f"{hundredths // 100:,}.{hundredths % 100:02d}"

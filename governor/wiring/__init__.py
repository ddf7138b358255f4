"""How a server is put together and run."""

from governor.wiring.open import Governor, open_governor
from governor.wiring.schedule import schedule
from governor.wiring.serve import serve

__all__ = ["Governor", "open_governor", "schedule", "serve"]

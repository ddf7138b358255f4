"""A message and a view, as they are sent."""

from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
"""One block of Block Kit."""

View = dict[str, Any]
"""A modal or an App Home."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted.

    Attributes:
        text: What notifications and screen readers say.
        blocks: What is shown.
    """

    text: str
    blocks: tuple[Block, ...] = ()

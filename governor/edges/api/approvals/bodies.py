"""Bodies of the routes of ``/exceptions`` for the OpenAPI document: shapes and examples."""

from typing import Any

from governor.edges.api.approvals import examples
from governor.edges.api.approvals.wire import (
    ApproveWire,
    CameOfItWire,
    DelegationWire,
    ExceptionWire,
    ExtensionWire,
    MaybeWhyWire,
    NothingWire,
    QuestionWire,
    ReviewWire,
    WhyWire,
)

APPROVAL_SHAPES: tuple[type[Any], ...] = (
    ExceptionWire,
    ApproveWire,
    WhyWire,
    MaybeWhyWire,
    NothingWire,
    QuestionWire,
    ExtensionWire,
    ReviewWire,
    CameOfItWire,
    DelegationWire,
)

_ASK = ("ExceptionWire", {"budget": examples.ASK, "model": examples.ASK_MODEL})
_ONE = "/exceptions/{exception_id}"

APPROVAL_BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "/exceptions": _ASK,
    "/exceptions/preview": _ASK,
    "/exceptions/break-glass": ("ExceptionWire", {"night": examples.GLASS}),
    "/exceptions/delegations": ("DelegationWire", {"holiday": examples.DELEGATE}),
    "/exceptions/delegations/end": ("NothingWire", {"nothing": {}}),
    f"{_ONE}/approve": ("ApproveWire", {"as_asked": {}, "less": examples.APPROVE}),
    f"{_ONE}/deny": ("WhyWire", {"why": examples.REASON}),
    f"{_ONE}/withdraw": ("NothingWire", {"nothing": {}}),
    f"{_ONE}/cancel": ("MaybeWhyWire", {"why": examples.REASON}),
    f"{_ONE}/revoke": ("WhyWire", {"why": examples.REASON}),
    f"{_ONE}/extend": ("ExtensionWire", {"longer": examples.EXTENSION}),
    f"{_ONE}/ask": ("QuestionWire", {"question": examples.QUESTION}),
    f"{_ONE}/review": ("ReviewWire", {"fine": examples.REVIEW}),
    f"{_ONE}/outcome": ("CameOfItWire", {"results": examples.CAME_OF_IT}),
}
"""Path to shape and examples."""

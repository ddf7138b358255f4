"""What a request is for: the use case that it names, looked up in the organisation's inventory."""

from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.policy.organization import Organization, Strictness
from governor.core.policy.use_case import Stage, UseCase
from governor.core.scopes import UNKNOWN_USER

_NAMED_MAX = 8
"""Registered use cases that a message lists; in a longer inventory they would hide the sentence."""


def look_up_use_case(organization: Organization, attributes: dict[str, str]) -> tuple[Reason, ...]:
    """Add stage and audience of the use case to the attributes, and say what is wrong with it.

    A request that names no use case is none that is unregistered. Where unregistered use is denied, all invented names
    share one, so that usage which is booked all the same mints no budgets.

    Returns:
        Why the Organization does not like it: refused or pointed out, as ``use_case_is_refused`` says.
    """
    name = attributes.get("use_case")
    if name is None:
        return ()
    use_case = organization.use_cases.get(name)
    if use_case is not None:
        attributes.update(use_case.attributes)
        return (_retired(use_case),) if use_case.stage is Stage.RETIRED else ()
    match organization.unregistered_use_case:
        case Strictness.ALLOW:
            return ()
        case Strictness.DENY:
            attributes["use_case"] = UNKNOWN_USER
    return (_unregistered(organization, name),)


def use_case_is_refused(organization: Organization) -> bool:
    """Tell whether unregistered and retired use cases are refused; otherwise they are only pointed out."""
    return organization.unregistered_use_case is Strictness.DENY


def _retired(use_case: UseCase) -> Reason:
    owner = f"; ask its owner {use_case.header.owner}, or name another" if use_case.header.owner else "; name another"
    message = f"the use case {use_case.name} is retired{owner}"
    return Reason(ReasonCode.RETIRED_USE_CASE, message, use_case.header.ref, str(use_case.header.source))


def _unregistered(organization: Organization, name: str) -> Reason:
    message = f"`{name}` is not a registered use case of {organization.name}; register it as a UseCase"
    serving = sorted(item.name for item in organization.use_cases.values() if item.stage is not Stage.RETIRED)
    if 0 < len(serving) <= _NAMED_MAX:
        message += f", or name one of {', '.join(serving)}"
    policy = f"Organization/{organization.name}"
    return Reason(ReasonCode.UNREGISTERED_USE_CASE, message, policy, str(organization.source))

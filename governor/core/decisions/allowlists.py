"""Whether a model may be used: denied by none, in every ``only``, allowed by at least one."""

from collections.abc import Sequence

from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.globs import matches_any
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import ModelAllowlist
from governor.core.policy.organization import Organization, Strictness

Findings = tuple[tuple[Reason, ...], tuple[Reason, ...]]
"""Reasons to refuse, and warnings."""


def check_allowlists(organization: Organization, allowlists: Sequence[ModelAllowlist], model_id: str) -> Findings:
    """Check a canonical model id against the allowlists that concern a request.

    Every list is looked at, also after one has refused: all reasons are given. Audit allowlists neither allow nor
    deny; what they would have refused is a warning.
    """
    reasons: list[Reason] = []
    warnings: list[Reason] = []
    for allowlist in allowlists:
        for code, message in _refusals(allowlist, model_id):
            _note(allowlist, code, message, reasons, warnings)
    _check_allowed(organization, allowlists, model_id, reasons, warnings)
    return tuple(reasons), tuple(warnings)


def _refusals(allowlist: ModelAllowlist, model_id: str) -> list[tuple[ReasonCode, str]]:
    found: list[tuple[ReasonCode, str]] = []
    if matches_any(allowlist.deny, model_id):
        found.append((ReasonCode.MODEL_DENIED, f"{allowlist.header.name} denies {model_id}"))
    if allowlist.only is not None and not matches_any(allowlist.only, model_id):
        allowed = ", ".join(allowlist.only[:5]) or "nothing"
        found.append((ReasonCode.MODEL_NOT_IN_ONLY, f"{allowlist.header.name} permits only {allowed}"))
    return found


def _check_allowed(
    organization: Organization,
    allowlists: Sequence[ModelAllowlist],
    model_id: str,
    reasons: list[Reason],
    warnings: list[Reason],
) -> None:
    listing = [allowlist for allowlist in allowlists if allowlist.allow is not None]
    binding = [allowlist for allowlist in listing if allowlist.header.enforcement is not Enforcement.AUDIT]
    if any(matches_any(allowlist.allow or (), model_id) for allowlist in binding):
        return
    names = ", ".join(allowlist.header.name for allowlist in listing)
    if binding:
        # Warn lists allow like enforced ones, but where only warn lists speak nobody is refused.
        enforced = [a for a in binding if a.header.enforcement is Enforcement.ENFORCE]
        first = (enforced or binding)[0]
        message = f"{model_id} is in none of the allowlists that concern this request ({names})"
        _note(first, ReasonCode.MODEL_NOT_ALLOWED, message, reasons, warnings)
    elif organization.unlisted is Strictness.DENY:
        reasons.append(
            Reason(
                ReasonCode.NO_ALLOWLIST_MATCHES,
                "no allowlist concerns this request, and the organisation denies what is unlisted; "
                "add an allowlist for this department or team",
                f"Organization/{organization.name}",
                str(organization.source),
            )
        )
    elif listing and not any(matches_any(allowlist.allow or (), model_id) for allowlist in listing):
        message = f"{model_id} is in none of the audited allowlists ({names})"
        _note(listing[0], ReasonCode.MODEL_NOT_ALLOWED, message, reasons, warnings)


def _note(
    allowlist: ModelAllowlist, code: ReasonCode, message: str, reasons: list[Reason], warnings: list[Reason]
) -> None:
    header = allowlist.header
    if header.enforcement is Enforcement.ENFORCE:
        reasons.append(Reason(code, message, header.ref, str(header.source)))
    else:
        warnings.append(Reason(code, message, header.ref, str(header.source), would_deny=True))

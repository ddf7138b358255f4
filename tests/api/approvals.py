"""The small organisation with leads, finance, and a rule that says who decides about exceptions."""

from pathlib import Path

from tests.api.world import POLICIES, QUOTAS, write_policies

PEOPLE = """\
  - {user: kim@acme.example, department: engineering}
  - {user: fin@acme.example, department: engineering}
  - {user: fay@acme.example, department: engineering}
groups:
  - {name: finance, members: [fin@acme.example, fay@acme.example]}
"""
RULE = """\
---
apiVersion: governor/v1
kind: ApprovalRule
name: everybody
routes:
  - {up_to: 10 USD, approve: automatic, at_most: 25 USD per month per department}
  - {up_to: 1k USD, require: [{group: department-leads, instead: finance}]}
  - {up_to: 5k USD, require: [{group: finance, at_least: 1}], decide_in: web}
justification: {at_least: 20 characters}
break_glass: {group: finance, up_to: 50 USD, for: 2 hours, at_most: 2 per week per person, review_within: 48 hours}
delegation: allowed
"""
LEADS = "  - {name: engineering, leads: [kim@acme.example], teams: [{name: platform}"


def write_company(folder: Path) -> Path:
    """Write its policies into a folder; engineering's budget is nearly nothing."""
    write_policies(folder)
    organization = POLICIES.replace("service_accounts:", f"{PEOPLE}service_accounts:")
    organization = organization.replace("  - {name: engineering, teams: [{name: platform}", LEADS)
    (folder / "organization.yaml").write_text(organization)
    (folder / "quotas.yaml").write_text(QUOTAS.replace("limit: 100 USD", "limit: 0.001 USD") + RULE)
    return folder

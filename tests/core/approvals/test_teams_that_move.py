"""A team moves to another department: who leads it, who is asked, who is told and who may look, before and after."""

from datetime import UTC, datetime, timedelta

import pytest

from governor.core.alerts.recipients import people_told
from governor.core.approvals.asking import asking
from governor.core.approvals.groups import Home, members_of
from governor.core.policy.header import Source
from governor.core.policy.organization import (
    Department,
    Organization,
    Person,
    Placement,
    ServiceAccount,
    Team,
    TeamPlacement,
)
from governor.core.policy.scope_attributes import scope_attributes
from governor.services.who_may_see import may_see

MOVES_AT = datetime(2027, 3, 31, 22, tzinfo=UTC)
BEFORE = MOVES_AT - timedelta(seconds=1)
MOVING = (Placement("marketing", "growth"), Placement("sales", "growth", MOVES_AT))
ORGANIZATION = Organization(
    name="acme",
    source=Source("company.yaml", 1),
    people={
        "mia": Person("mia", MOVING, teams=("growth",)),
        "max": Person("max", (Placement("marketing", "brand"),), teams=("brand", "growth")),
        "lena": Person("lena", (Placement("marketing", ""),)),
        "sam": Person("sam", (Placement("sales", ""),)),
    },
    person_ids={name: name for name in ("mia", "max", "lena", "sam")},
    service_accounts={"letters": ServiceAccount("letters", "mia", MOVING)},
    departments={
        "marketing": Department("marketing", leads=("lena",)),
        "sales": Department("sales", leads=("sam",), projects=("fair",)),
    },
    teams={
        "growth": Team(
            "growth", (TeamPlacement("marketing", ("lena",)), TeamPlacement("sales", ("sam",), "", MOVES_AT))
        )
    },
)


@pytest.mark.parametrize("scope", [("team", "growth"), ("user", "mia"), ("user", "letters")], ids="-".join)
@pytest.mark.parametrize(
    ("at", "department", "lead"), [(BEFORE, "marketing", "lena"), (MOVES_AT, "sales", "sam")], ids=["before", "after"]
)
def test_leads_of_the_department_of_the_day_are_asked(
    scope: tuple[str, str], at: datetime, department: str, lead: str
) -> None:
    """A request of the team, of its people and of its machines goes to who leads them at the time, and them alone."""
    asked = asking(ORGANIZATION, (scope,), "mia", at)

    assert (Home(department, "growth"), department) == (asked.home, asked.attributes["department"])
    for group in ("team-leads", "department-leads"):
        assert {lead} == members_of(ORGANIZATION, group, asked.home, at)
    assert asking(ORGANIZATION, (scope,), lead, at).lead
    assert not asking(ORGANIZATION, (scope,), "sam" if lead == "lena" else "lena", at).lead


def test_who_is_in_a_team_that_moves_belongs_to_its_projects() -> None:
    """A second team opens the projects of the department in which it is."""
    assert [False, True] == [
        asking(ORGANIZATION, (("project", "fair"),), "max", at).member for at in (BEFORE, MOVES_AT)
    ]


def test_alerts_and_refusals_are_the_business_of_whoever_leads_the_team() -> None:
    """Who is told of its budget, and who may look at its requests, changes with the move."""
    growth = (("team", "growth"),)
    attributes = {"user": "mia", "team": "growth"}

    assert [{"lena"}, {"sam"}] == [
        people_told(ORGANIZATION, "department-leads", scope_attributes(growth, ORGANIZATION, at), "", at)
        for at in (BEFORE, MOVES_AT)
    ]
    assert [(True, False), (False, True)] == [
        tuple(may_see(ORGANIZATION, ORGANIZATION.people[lead], attributes, at) for lead in ("lena", "sam"))
        for at in (BEFORE, MOVES_AT)
    ]

"""Budgets by use case, stage and audience, as ``GET /budgets`` lists them."""

from pathlib import Path

import pytest

from governor.core.keys import Role
from tests.api.test_outcomes import USE_CASES
from tests.api.world import StandingClock, question, running, settings_for, write_policies

QUOTA = """\
apiVersion: governor/v1
kind: Quota
name: by-use-case
per: {per}
limit: 100 USD
limits: [{{stage: experiment, limit: 5 USD}}]
period: month
"""


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        ("[use_case]", [("drafting", "5"), ("support-triage", "100")]),
        ("[stage, audience]", [("experiment, internal", "5"), ("production, customer", "100")]),
        # Each person with each use case would be a long list of nothing: these appear once they are used.
        ("[user, use_case]", []),
    ],
)
async def test_budgets_of_use_cases_are_listed_before_anybody_draws_on_them(
    sqlite_url: str, tmp_path: Path, standing: StandingClock, per: str, expected: list[tuple[str, str]]
) -> None:
    """Those that serve, with the limit of their stage; a retired one appears only if something is left on it."""
    folder = write_policies(tmp_path / "policies", QUOTA.format(per=per))
    (folder / "use_cases.yaml").write_text(USE_CASES)
    async with (
        running(settings_for(sqlite_url, folder), standing) as server,
        server.client(Role.VIEWER) as viewer,
    ):
        listed = (await viewer.get("/budgets")).json()["budgets"]

    assert expected == [(", ".join(budget["scope"].values()), budget["limit"]) for budget in listed]


async def test_a_budget_of_a_use_case_is_listed_as_it_was_decided(
    database_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """The limit that decides is the limit that is shown, also for a name that nobody registered."""
    folder = write_policies(tmp_path / "policies", QUOTA.format(per="[use_case]"))
    (folder / "use_cases.yaml").write_text(USE_CASES)
    async with running(settings_for(database_url, folder), standing) as server, server.client() as gateway:
        decided = [
            (await gateway.post("/decide", json=question(use_case=name))).json()["budgets"][0]
            for name in ("cooking", "drafting", "translation")
        ]
        listed = (await gateway.get("/budgets")).json()["budgets"]

    assert ["100", "5", "100"] == [budget["limit"] for budget in decided]
    assert decided == [budget for budget in listed if budget["scope"]["use_case"] != "support-triage"]

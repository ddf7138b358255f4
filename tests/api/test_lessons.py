"""What breaks in the systems that people use today, proved through the door that gateways use."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from governor.services.keys import rotate_key
from tests.api.test_reads import budgets
from tests.api.world import QUOTAS, StandingClock, question, running, settings_for, write_policies

NARROW = QUOTAS.replace("500 requests", "3 requests")


async def test_the_first_requests_of_a_stranger_share_one_budget(
    database_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """Eight at once, of people nobody has seen, at two workers: three are allowed (litellm#40095)."""
    policies = write_policies(tmp_path / "policies", NARROW)
    settings = settings_for(database_url, policies)
    async with running(settings, standing) as one, running(settings, standing, with_keys=False) as two:
        asked = [
            question(model="gpt-4o-mini", subject={"user": f"stranger-{number % 2}@x.example"}) for number in range(8)
        ]
        secret = one.keys[Role.GATEWAY]
        async with one.client() as first, two.client(secret=secret) as second:
            answers = await asyncio.gather(
                *((first, second)[number % 2].post("/decide", json=body) for number, body in enumerate(asked))
            )
            [shared] = await budgets(first, "quota=user-requests&user=(unknown)")

    assert Counter({"deny": 5, "allow": 3}) == Counter(answer.json()["verdict"] for answer in answers)
    assert "3" == shared["held"]


async def test_no_key_is_exempt(database_url: str, tmp_path: Path, standing: StandingClock) -> None:
    """An admin who asks is decided like everybody, and draws on the same budgets (buttercup#550: the master key)."""
    policies = write_policies(tmp_path / "policies", NARROW)
    async with (
        running(settings_for(database_url, policies), standing) as server,
        server.client(Role.GATEWAY) as gateway,
        server.client(Role.ADMIN) as admin,
    ):
        answers = [(await client.post("/decide", json=question())).json() for client in (gateway, admin, admin, admin)]
        forbidden = (await admin.post("/decide", json=question(model="gpt-4.5"))).json()

    assert ["allow", "allow", "allow", "deny"] == [answer["verdict"] for answer in answers]
    assert "deny" == forbidden["verdict"]


async def test_a_rotated_key_keeps_what_its_subject_has_used(
    database_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """A new secret, or another key of the same person, mints no budget (litellm#31079)."""
    policies = write_policies(tmp_path / "policies", NARROW)
    async with running(settings_for(database_url, policies), standing) as server:
        first = await server.make_key("eves", user="eve@acme.example")
        rotated = (await rotate_key(server.governor.database, "eves", server.governor.clock.now())).secret
        other = await server.make_key("eves-other", user="eve@acme.example")
        verdicts = []
        for secret in (first, rotated, other, rotated):
            async with server.client(secret=secret) as client:
                verdicts.append((await client.post("/decide", json=question(subject=None))).json()["verdict"])

    assert ["allow", "allow", "allow", "deny"] == verdicts


PROFILES: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "without keys": {"auth": "off"},
    "without jobs": {"scheduler": "off"},
    "with a policy age": {"max_policy_age": "1 day"},
    "in a hurry": {"decide_deadline_ms": 60_000, "log_level": "debug"},
}


@pytest.mark.parametrize("given", PROFILES.values(), ids=PROFILES)
async def test_an_exhausted_budget_denies_whatever_is_configured(
    database_url: str, tmp_path: Path, standing: StandingClock, given: dict[str, Any]
) -> None:
    """By every door, also where nobody has drawn on the budget yet (litellm#26672: bypassed in one release)."""
    policies = write_policies(tmp_path / "policies", QUOTAS.replace("500 requests", "0 requests"))
    async with running(settings_for(database_url, policies, **given), standing) as server:
        role = Role.GATEWAY if Role.GATEWAY in server.keys else None
        async with server.client(role) as client:
            asked = question()
            one = (await client.post("/decide", json=asked)).json()
            tried = (await client.post("/decide", json={**asked, "dry_run": True})).json()
            batch = (await client.post("/decide/batch", json={"requests": [asked, asked]})).json()
            headers = {"x-governor-user": "eve@acme.example", "x-governor-model": "claude-sonnet-4"}
            proxy = await client.post("/ext_authz/v1/chat/completions", headers=headers)

    assert [("deny", "quota_exceeded")] * 4 == [
        (answer["verdict"], answer["reasons"][0]["code"]) for answer in (one, tried, *batch["decisions"])
    ]
    assert 403 == proxy.status_code

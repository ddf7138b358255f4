"""Statements: written once when a period has ended, corrected by dated entries, and never changed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from governor.core.grants import Grant, GrantKind
from governor.core.keys import Role
from tests.api.statements import BOOKED_S, DECEMBER_S, QUOTAS, amounts, close, listed, one, parts, spend
from tests.api.test_usage import event, report
from tests.api.world import Server, StandingClock, question, running, settings_for, write_policies


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give an organisation whose budgets carry over, cost a surcharge, and end in several zones."""
    return write_policies(tmp_path / "policies", QUOTAS)


async def test_a_period_that_ended_has_a_statement(any_server: Server, standing: StandingClock) -> None:
    """What was used, by model, team and use case; each adds up to all of it, and the period is the quota's own."""
    mini = {"model": "gpt-4o-mini", "use_case": "support-triage"}
    await spend(
        any_server,
        event(),
        event(event_id="e-2", **mini),
        event(event_id="e-3", **{**mini, "subject": {"user": "mia@acme.example"}}),
    )
    standing.advance(DECEMBER_S + 3)
    await close(any_server)
    company = await one(any_server, "company")

    assert ("2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z") == (company["period"]["start"], company["period"]["end"])
    assert ("1000", "0.00411", "0.00411", "0", "0", "0") == amounts(
        company, "limit", "used", "on_time", "late", "held", "over"
    )
    assert {"anthropic/claude-sonnet-4": "0.00375", "openai/gpt-4o-mini": "0.00036"} == parts(company, "model")
    assert {"platform": "0.00393", "growth": "0.00018"} == parts(company, "team")
    assert {"": "0.00375", "support-triage": "0.00036"} == parts(company, "use_case")
    assert (3, [], False) == (company["requests"], company["corrections"], company["derived"])


async def test_periods_end_in_their_own_zone(server: Server, standing: StandingClock) -> None:
    """Tokyo's day ends at 15:00 UTC: what is used a second before and after lies in two statements."""
    standing.advance(3 * 3600 - 1)
    await spend(server)
    standing.advance(1)
    await spend(server, event(event_id="e-2"))
    standing.advance(86_400 + 3)
    await close(server)
    days = await listed(server, "quota=tokyo-requests")

    assert ["2026-11-20T15:00:00Z", "2026-11-21T15:00:00Z"] == [day["period"]["end"] for day in days]
    assert ["1", "1"] == [day["used"] for day in days]


async def test_a_statement_is_written_once(database_url: str, policies: Path, standing: StandingClock) -> None:
    """By two workers at the same instant, and again later: there is one for each budget."""
    settings = settings_for(database_url, policies)
    async with running(settings, standing) as one_, running(settings, standing, with_keys=False) as other:
        await spend(one_)
        standing.advance(DECEMBER_S + 3)
        await close(one_, other)
        first = await listed(one_)
        standing.advance(3600)
        await close(one_, other)

        assert 4 == len(first)
        assert first == await listed(one_)


async def test_parts_of_a_budget_have_no_statement_of_their_own(server: Server, standing: StandingClock) -> None:
    """A team's share and a day's pace are counters beside the whole, and parts of it."""
    await spend(server)
    standing.advance(DECEMBER_S + 3)
    await close(server)

    assert [({}, "1000")] == [(each["scope"], each["limit"]) for each in await listed(server, "quota=company")]


async def test_rate_limits_have_no_statements(sqlite_url: str, tmp_path: Path, standing: StandingClock) -> None:
    """What each minute came to is nobody's month end; an hour has one."""
    minute = "---\napiVersion: governor/v1\nkind: Quota\nname: {0}s\nlimit: 60 requests\nperiod: {0}\n"
    folder = write_policies(tmp_path / "rates", QUOTAS + minute.format("minute") + minute.format("hour"))
    async with running(settings_for(sqlite_url, folder), standing) as server:
        await spend(server)
        standing.advance(7200)
        await close(server)

        assert ["Quota/hours"] == [statement["policy"] for statement in await listed(server)]


async def test_overage_is_stated_with_its_surcharge(server: Server, standing: StandingClock) -> None:
    """What went beyond the limit costs a fifth more, on the statement alone."""
    await spend(server)
    standing.advance(DECEMBER_S + 3)
    await close(server)
    statement = await one(server, "paid-overage")

    assert ("0.001", "0.00375", "0.00275", "0.00055") == amounts(statement, "limit", "used", "over", "surcharge")


async def test_what_is_carried_is_what_the_ledger_allows(any_server: Server, standing: StandingClock) -> None:
    """The statement's carry, and the room that the next period's budget has beyond its limit, are one number."""
    spent = {"input_tokens": 2_400_000, "output_tokens": 0}
    await spend(any_server, event(usage=spent))
    standing.advance(DECEMBER_S + 3)
    await close(any_server)
    statement = await one(any_server, "department")
    async with any_server.client() as client:
        [budget] = (await client.get("/budgets?quota=department&department=engineering")).json()["budgets"]

    assert ("7.2", "0", "2.8") == amounts(statement, "used", "carried_in", "carried_out")
    assert Decimal(statement["carried_out"]) == Decimal(budget["ceiling"]) - Decimal(budget["limit"])


async def test_late_usage_corrects_a_statement_with_a_date(any_server: Server, standing: StandingClock) -> None:
    """What was stated stays as it was; the correction says when, why and by how much, and where that leads."""
    await spend(any_server)
    standing.advance(DECEMBER_S + 3)
    await close(any_server)
    before = await one(any_server, "department")
    standing.advance(3600)
    await spend(any_server, event(event_id="e-2", time="2026-11-20T12:00:00Z"))
    await close(any_server)
    after = await one(any_server, "department")
    standing.advance(BOOKED_S)
    await close(any_server)
    standing.advance(BOOKED_S)
    await close(any_server)
    [correction] = after["corrections"]

    assert before == {**after, "corrections": [], "final": before["final"]}
    assert ("2026-12-01T00:00:03Z", "usage was reported after the period's end") == (
        correction["at"],
        correction["reason"],
    )
    assert {"used": "0.00375", "late": "0.00375", "requests": 1} == correction["changes"]
    assert ("0.0075", "0.00375", "0.00375") == amounts(after["final"], "used", "on_time", "late")
    assert after == await one(any_server, "department")


async def test_a_correction_moves_what_later_periods_took_over(any_server: Server, standing: StandingClock) -> None:
    """November's late usage is December's smaller carry, also when December was stated already."""
    await spend(any_server, event(usage={"input_tokens": 2_400_000, "output_tokens": 0}))
    standing.advance(DECEMBER_S + 3)
    await spend(any_server, event(event_id="e-2"))
    standing.advance(31 * 86_400)
    await close(any_server)
    november, december = await listed(any_server, "quota=department")
    await spend(
        any_server,
        event(event_id="e-3", time="2026-11-20T12:00:00Z", usage={"input_tokens": 1_000_000, "output_tokens": 0}),
    )
    await close(any_server)
    corrected = await listed(any_server, "quota=department")

    assert [("2.8", "0"), ("5", "2.8")] == [(each["carried_out"], each["carried_in"]) for each in (november, december)]
    assert ["-0.2", "5"] == [each["final"]["carried_out"] for each in corrected]
    assert ["0", "-0.2"] == [each["final"]["carried_in"] for each in corrected]
    assert ["what the period before left was corrected"] == [
        correction["reason"] for correction in corrected[1]["corrections"]
    ]


async def test_calls_that_were_open_at_the_end_are_corrected_once_they_have_ended(
    any_server: Server, standing: StandingClock
) -> None:
    """Until then the statement says what is held, and carries as the ledger does: as if it were used."""
    standing.advance(DECEMBER_S - 60)
    async with any_server.client() as client:
        answers = [(await client.post("/decide", json=question(request_id=f"r-{n}"))).json() for n in range(3)]
        standing.advance(63)
        await close(any_server)
        stated = await one(any_server, "company")
        for answer in answers[:2]:
            standing.advance(1)
            await report(client, event(event_id=answer["decision_id"], decision_id=answer["decision_id"], subject=None))
            await close(any_server)
    open_still = await one(any_server, "company")
    standing.advance(3600)
    await close(any_server)
    ended = await one(any_server, "company")

    assert ("0", "0.0135", []) == (stated["used"], stated["held"], stated["corrections"])
    assert [] == open_still["corrections"]
    assert [{"used": "0.0075", "held": "-0.0135", "late": "0.0075", "requests": 2}] == [
        correction["changes"] for correction in ended["corrections"]
    ]


async def test_what_nobody_reported_is_named(tmp_path: Path, sqlite_url: str, standing: StandingClock) -> None:
    """A hold that is charged when it expires is used, and nobody knows by which call: the sums say so."""
    quotas = QUOTAS.replace("limit: 1,000 USD\n", "limit: 1,000 USD\nreserve: {on_expiry: charge}\n")
    folder = write_policies(tmp_path / "charging", quotas)
    async with running(settings_for(sqlite_url, folder), standing) as server:
        async with server.client() as client:
            await client.post("/decide", json=question())
        standing.advance(DECEMBER_S + 3)
        await close(server)
        statement = await one(server, "company")

    assert ("0.0045", "0", "0.0045", []) == (
        *amounts(statement, "used", "on_time", "unreported"),
        statement["by_model"],
    )


async def test_adjustments_have_a_line_of_their_own(server: Server, standing: StandingClock) -> None:
    """They are part of what was used, and no usage of anybody."""
    body = {"request_id": "a-1", "kind": "debit", "quota": "company", "amount": "5", "reason": "beside the gateway"}
    await spend(server)
    async with server.client(Role.ADMIN) as client:
        assert 200 == (await client.post("/adjustments", json=body)).status_code
    standing.advance(DECEMBER_S + 3)
    await close(server)
    statement = await one(server, "company")

    assert ("5.00375", "0.00375", "5") == amounts(statement, "used", "on_time", "adjusted")
    assert {"(adjustments)": "5", "platform": "0.00375"} == parts(statement, "team")


async def grant_of_platform(server: Server, standing: StandingClock) -> Grant:
    """Issue a grant of five dollars that lifts the department's quota for the team platform."""
    governor, now = server.governor, standing.now()
    grant = Grant(
        id="01990000-0000-7000-8000-000000000001",
        exception_id="x-1",
        kind=GrantKind.BUDGET,
        scope=(("team", "platform"),),
        lifts=("Quota/department",),
        amount_nano_usd=5 * 10**9,
        starts_at=now,
        ends_at=now + timedelta(days=3),
        issued_at=now,
    )
    await governor.grant_keeper.issue(grant, now)
    await governor.grants.refresh()
    return grant


async def test_what_an_exception_paid_for_stands_beside_the_budget(any_server: Server, standing: StandingClock) -> None:
    """A budget that is gone, and a grant that pays: named with its amount, and no part of what was used."""
    grant = await grant_of_platform(any_server, standing)
    await spend(any_server, event(usage={"input_tokens": 3_333_333, "output_tokens": 0}))
    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        await report(client, event(event_id="e-2", decision_id=decision["decision_id"], subject=None))
    standing.advance(DECEMBER_S + 3)
    await close(any_server)
    statement, company = await one(any_server, "department"), await one(any_server, "company")

    assert "allow" == decision["verdict"]
    assert [{"name": grant.ref, "amount_usd": "0.003750000", "requests": 1}] == statement["exceptions"]
    assert ("9.999999", "0", "0.003750000") == amounts(statement, "used", "unreported", "granted_usd")
    assert ("10.003749", []) == (company["used"], company["exceptions"])


async def test_what_an_exception_paid_late_is_a_correction(any_server: Server, standing: StandingClock) -> None:
    """Usage on a grant that is reported long after the period was closed corrects the statement beside it."""
    await grant_of_platform(any_server, standing)
    await spend(any_server, event(usage={"input_tokens": 3_333_333, "output_tokens": 0}))
    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
    standing.advance(DECEMBER_S + 3)
    await close(any_server)
    before = await one(any_server, "department")
    standing.advance(20 * 60)
    await close(any_server)
    async with any_server.client() as client:
        late = event(event_id="e-2", decision_id=decision["decision_id"], subject=None, time="2026-11-20T12:30:00Z")
        await report(client, late)
    standing.advance(BOOKED_S)
    await close(any_server)
    await close(any_server)
    after = await one(any_server, "department")

    assert ("0.000000000", []) == (before["granted_usd"], before["exceptions"])
    assert ("0.000000000", "0.003750000") == (after["granted_usd"], after["final"]["granted_usd"])
    assert 1 == len(after["corrections"])


async def test_a_corrected_model_moves_all_of_its_usage(any_server: Server, standing: StandingClock) -> None:
    """What was reported for the wrong model leaves that model's line altogether."""
    await spend(any_server)
    wrong = event(event_id="e-2", corrects="e-1", model="gpt-4o-mini")
    await spend(any_server, wrong)
    standing.advance(DECEMBER_S + 3)
    await close(any_server)
    statement = await one(any_server, "company")

    assert {"openai/gpt-4o-mini": "0.00018"} == parts(statement, "model")
    assert ("0.00018", "0") == amounts(statement, "used", "unreported")


def test_the_world_ends_november_in_berlin() -> None:
    """The constant of these tests is what it says."""
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()

    assert datetime(2026, 11, 30, 23, 0, tzinfo=UTC).timestamp() == noon + DECEMBER_S


SURCHARGED = """\
apiVersion: governor/v1
kind: Quota
name: department
per: [department]
limit: 10 USD
period: month
rollover: {unused: {up_to: 50%}, overspend: carry}
when_reached: {overage: {up_to: 100 USD, surcharge: 20%}}
"""

# Month, used (USD), carried in, over the limit and what was carried in, surcharge, carried out: by hand.
MONTHS = [
    # Four are left over.
    ("2026-11", 6, "0", "0", "0", "4"),
    # 18 of 14: four over, a fifth of which is the surcharge; of the eight over its own limit four were given.
    ("2026-12", 18, "4", "4", "0.8", "-4"),
    # 9 of 6: the debt lowers where the surcharge begins; it was paid, so nothing is owed and nothing left over.
    ("2027-01", 9, "-4", "3", "0.6", "0"),
    # 12 of 10: nothing was given for it.
    ("2027-02", 12, "0", "2", "0.4", "-2"),
    # 3 of 8: five are left over, and five are the most that is carried.
    ("2027-03", 3, "-2", "0", "0", "5"),
    # 15 of 15.
    ("2027-04", 15, "5", "0", "0", "0"),
]


async def test_a_surcharge_begins_beyond_what_was_carried_in(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """Unused budget puts it off, a debt brings it forward; and the next month's ceiling is what the statement says."""
    (policies / "quotas.yaml").write_text(SURCHARGED)
    assert await any_server.governor.publisher.reload()
    ceilings = []
    for month, used, *_ in MONTHS:
        standing.advance((datetime.fromisoformat(f"{month}-20T12:00:00Z") - standing.now()).total_seconds())
        async with any_server.client() as client:
            [budget] = (await client.get("/budgets?quota=department&department=engineering")).json()["budgets"]
        ceilings.append(budget["ceiling"])
        usage = {"input_tokens": used * 1_000_000 // 3, "output_tokens": 0}
        await spend(any_server, event(event_id=month, usage=usage))
    standing.advance(30 * 86_400)
    await close(any_server)
    stated = await listed(any_server, "quota=department")

    assert [tuple(str(figure) for figure in month[1:]) for month in MONTHS] == [
        amounts(statement, "used", "carried_in", "over", "surcharge", "carried_out") for statement in stated
    ]
    assert ceilings == [str(10 + int(carried_in) + 100) for _, _, carried_in, *_ in MONTHS]

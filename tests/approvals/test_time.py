"""What time brings about: reminders in working hours, escalation, expiry, ends, and people who leave."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governor.core.approvals.request import Act, State
from governor.core.errors import ConflictError, ForbiddenError, GovernorError
from governor.core.grants import GrantKind
from governor.core.ledger.memory import MemoryLedger
from governor.services.approvals.break_glass import break_glass
from governor.services.approvals.close import revoke
from governor.services.approvals.create import create
from governor.services.approvals.extend import extend
from governor.services.approvals.look_back import review, tell_outcome
from governor.services.approvals.read import RequestQuery, list_requests, read_case, read_one
from governor.services.approvals.tick import tick
from governor.services.approvals.vote import approve, deny
from tests.approvals.world import NOON, RULE, Office, actor, policies_in, snapshots_of, usd, user, wish

SECOND = timedelta(seconds=1)


async def asked(office: Office, amount_usd: int = 500, by: str = "ada", **changes: object) -> str:
    """Ask for something, and return the request's id."""
    created = await create(office.desk, wish(amount_usd, **changes), actor(by), office.now)
    return created.acted.request.id


async def acts(office: Office) -> list[Act]:
    """Let Governor look at the clock, and return what it noted."""
    ledger = MemoryLedger(office.now.timestamp)
    ticked = await tick(office.desk, ledger, office.now)
    again = await tick(office.desk, ledger, office.now)

    assert [] == again.happened, "a tick at the same instant changes nothing"
    return [transition.act for _, transition in ticked.happened]


async def at(office: Office, moment: datetime) -> list[Act]:
    """Go to an instant, and look at the clock there."""
    office.now = moment
    return await acts(office)


async def test_reminders_escalation_and_expiry_follow_working_hours(office: Office) -> None:
    """Asked on Friday at 13:00 in Berlin: reminded at 17:00, escalated on Monday at 13:00; Tuesday is a holiday."""
    request = await asked(office)
    friday_17 = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    monday_12 = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
    monday_13 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    thursday_13 = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)

    assert [] == await at(office, friday_17 - SECOND)
    assert [Act.REMINDED] == await at(office, friday_17)
    assert [] == await at(office, monday_12 - SECOND)
    assert [Act.REMINDED] == await at(office, monday_12)
    assert [Act.ESCALATED] == await at(office, monday_13)
    assert [Act.REMINDED] == await at(office, thursday_13 - SECOND), "one for all that were due"
    assert [Act.EXPIRED] == await at(office, thursday_13)
    assert State.EXPIRED == (await read_one(office.desk, request)).state


async def test_expiry_is_the_clocks_not_a_jobs(office: Office) -> None:
    """Nobody decides after it, whether or not a job has noted it; lists say so too."""
    request = await asked(office)
    office.now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    with pytest.raises(ConflictError) as caught:
        await approve(office.desk, request, actor("kim"), office.now)
    pending = await list_requests(office.desk, RequestQuery(state="pending"), office.now)
    expired = await list_requests(office.desk, RequestQuery(state="expired"), office.now)

    assert ("expired", (), [request]) == (
        caught.value.details["state"],
        pending.requests,
        [one.id for one in expired.requests],
    )


async def test_who_it_is_escalated_to_may_decide(office: Office) -> None:
    """Not before, and in place of those who were asked."""
    request = await asked(office)
    with pytest.raises(ForbiddenError):
        await approve(office.desk, request, actor("ina"), office.now)
    office.now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    done = await approve(office.desk, request, actor("ina"), office.now)

    assert (State.ACTIVE, Act.ESCALATED) == (done.request.state, done.transitions[0].act)


async def test_an_urgent_request_goes_faster(office: Office) -> None:
    """Reminded after five minutes, escalated after fifteen, at night as well."""
    office.now = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
    await asked(office, urgent=True)

    assert [Act.REMINDED] == await at(office, office.now + timedelta(minutes=5))
    assert [Act.ESCALATED, Act.REMINDED] == await at(office, office.now + timedelta(minutes=10))


@pytest.mark.parametrize("escalates", [True, False], ids=["to the board", "to nobody"])
async def test_a_quorum_that_became_impossible_is_reported_once_and_escalated(
    office: Office, tmp_path: Path, escalates: bool
) -> None:
    """Both leads leave: the board decides at once, instead of nobody for three days; without one it is told once."""
    if not escalates:
        rule = RULE.replace("escalate: {after: 1 working day, to: board}\n", "").replace(", escalate: 15 minutes", "")
        office.desk.snapshots.current = snapshots_of(policies_in(tmp_path / "other", rule)).current
    request = await asked(office)
    snapshots, organization = office.desk.snapshots, office.desk.snapshots.current.organization
    people = {
        name: replace(person, until_at=office.now) if name in {user("eve"), user("kim")} else person
        for name, person in organization.people.items()
    }
    # The group that decides instead would do: it has to be gone as well.
    groups = {**organization.groups, "finance": ()}
    snapshots.current.organization = replace(organization, people=people, groups=groups)
    office.later(minutes=1)
    first = await acts(office)
    office.later(minutes=1)
    second = await acts(office)

    assert ([Act.QUORUM_IMPOSSIBLE, Act.ESCALATED][: 1 + escalates], []) == (first, second)
    if escalates:
        done = await approve(office.desk, request, actor("ina"), office.now)

        assert State.ACTIVE == done.request.state


async def test_a_vote_of_somebody_who_left_does_not_count(office: Office) -> None:
    """Hal approved on Friday and leaves on Sunday: on Monday the board's vote is missing again."""
    request = await asked(office, 5000)
    await approve(office.desk, request, actor("hal"), office.now)
    office.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    waiting = await approve(office.desk, request, actor("fin"), office.now)
    done = await approve(office.desk, request, actor("ina"), office.now)

    assert (State.PENDING, State.ACTIVE) == (waiting.request.state, done.request.state)
    assert (user("fin"), user("ina")) == done.request.approved_by


async def test_a_denial_of_somebody_who_left_does_not_count(office: Office, tmp_path: Path) -> None:
    """Hal denied on Friday and left on Sunday: where two are needed, one more denies nothing yet."""
    rule = RULE.replace("deny_at: 1", "deny_at: 2")
    office.desk.snapshots.current = snapshots_of(policies_in(tmp_path / "other", rule)).current
    request = await asked(office, 5000)
    await deny(office.desk, request, actor("hal"), office.now, reason="too dear")
    office.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    first = await deny(office.desk, request, actor("fin"), office.now, reason="too dear")
    second = await deny(office.desk, request, actor("ina"), office.now, reason="too dear")

    assert (State.PENDING, State.DENIED) == (first.request.state, second.request.state)


async def test_a_grant_ends_and_its_requester_is_asked_once(office: Office) -> None:
    """At the end, not before; and what came of it is kept."""
    request = await asked(office, 100)
    ends_at = NOON + timedelta(days=10)

    assert [] == await at(office, ends_at - SECOND)
    assert [Act.ENDED, Act.OUTCOME_ASKED] == await at(office, ends_at)
    assert [] == await at(office, ends_at + timedelta(days=30))
    told = await tell_outcome(
        office.desk, request, actor("ada"), office.now, count=40, worth_nano_usd=usd(900), note="40 reports"
    )
    assert (State.ENDED, 40, usd(900)) == (
        told.request.state,
        told.request.outcome.count,
        told.request.outcome.worth_nano_usd,
    )


async def test_what_prolongs_a_grant_is_approved_until_it_begins(office: Office) -> None:
    """Not active before the first one has ended; then it is, noted or not, and once; revoked before, it never acts."""
    first = await asked(office, 100)
    longer = await extend(office.desk, first, actor("ada"), office.now, until_at=NOON + timedelta(days=20))
    request = longer.acted.request.id
    done = await approve(office.desk, request, actor("kim"), office.now)
    await at(office, NOON + timedelta(days=5))
    early = (await read_one(office.desk, request)).state_at(office.now)
    begins_at = done.request.terms.starts_at
    assert begins_at == NOON + timedelta(days=10)
    unnoted = (await read_one(office.desk, request)).state_at(begins_at)
    listed = await list_requests(office.desk, RequestQuery(state="active"), begins_at)
    noted = await at(office, begins_at)
    again = await at(office, begins_at + timedelta(seconds=20))

    assert ([Act.VOTED, Act.APPROVED], State.APPROVED) == ([one.act for one in done.transitions], early)
    assert (State.ACTIVE, [request]) == (unnoted, [one.id for one in listed.requests])
    assert (1, []) == (noted.count(Act.ACTIVATED), again)


async def test_a_month_without_a_tick_is_caught_up(office: Office) -> None:
    """Everything is noted as it was: expired, ended, asked about, each once."""
    await asked(office, 500)
    await asked(office, 100, "mia", scope=(("team", "growth"),))

    assert {Act.EXPIRED, Act.ENDED, Act.OUTCOME_ASKED} == set(await at(office, NOON + timedelta(days=31)))


async def glass(office: Office, by: str = "bob", **changes: object) -> str:
    """Break the glass for an hour, and return the request's id."""
    until_at = office.now + timedelta(hours=1)
    asked_for = wish(
        **{"amount_usd": 50, "until_at": until_at, "justification": "the nightly run stands still", **changes}
    )
    return (await break_glass(office.desk, asked_for, actor(by), office.now)).request.id


async def test_the_glass_is_broken_at_once_and_reviewed_by_others(office: Office) -> None:
    """For any team; the one who did so does not review it."""
    request = await glass(office, scope=(("team", "growth"),))
    with pytest.raises(ForbiddenError):
        await review(office.desk, request, actor("bob", admin=True), office.now, justified=True, note="it was fine")
    done = await review(office.desk, request, actor("lena"), office.now, justified=False, note="it could have waited")

    assert done.request.review is not None
    assert (State.ACTIVE, user("lena"), False) == (
        done.request.state,
        done.request.review.by,
        done.request.review.justified,
    )


MODEL: dict[str, object] = {"kind": GrantKind.MODEL, "lifts": ("ModelAllowlist/economy",), "models": ("large",)}


@pytest.mark.parametrize(
    ("by", "changes", "code"),
    [
        ("kim", {}, "forbidden"),
        ("bob", {"amount_usd": 51}, "invalid_request"),
        ("bob", {"amount_usd": None}, "invalid_request"),
        ("bob", {"until_at": NOON + timedelta(hours=2, seconds=1)}, "invalid_request"),
        ("bob", {"justification": ""}, "invalid_request"),
        ("bob", {"lifts": ("Quota/company-annual",)}, "never_lifted"),
        (
            "bob",
            {"kind": GrantKind.MODEL, "lifts": ("ModelAllowlist/economy",), "models": ("large",)},
            "invalid_request",
        ),
    ],
)
async def test_breaking_the_glass_has_limits(office: Office, by: str, changes: dict[str, object], code: str) -> None:
    """The group, the amount, the length; quotas only, and never one that is never lifted."""
    with pytest.raises(GovernorError) as caught:
        await glass(office, by, **changes)

    assert code == caught.value.code


async def test_the_glass_is_broken_twice_a_week_at_most(office: Office) -> None:
    """A person's own count: another one on call still may; on Monday the week begins anew."""
    reviewed = [await glass(office), await glass(office)]
    with pytest.raises(ForbiddenError):
        await glass(office)
    await glass(office, "ada")
    for request in (await list_requests(office.desk, RequestQuery(), office.now)).requests:
        await review(office.desk, request.id, actor("kim"), office.now, justified=True, note="fine")
    office.now = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)

    assert 2 == len(reviewed)
    assert await glass(office)


async def test_whose_glass_was_broken_for_them_has_their_own_left(office: Office) -> None:
    """What another one on call did for somebody is not counted as theirs."""
    for _ in range(2):
        await glass(office, "bob", scope=(("user", user("ada")),))

    assert await glass(office, "ada")


async def test_a_missed_review_suspends_breaking_the_glass(office: Office) -> None:
    """From the instant it was due, tick or not, for everybody; made up for, it works again."""
    request = await glass(office)
    office.later(hours=48)
    with pytest.raises(ConflictError) as caught:
        await glass(office, "ada")
    noted = await acts(office)
    await review(office.desk, request, actor("eve"), office.now, justified=True, note="late, but fine")

    assert ("break_glass_suspended", request) == (caught.value.code, caught.value.details["review"])
    assert Act.REVIEW_MISSED in noted
    assert await glass(office, "ada")


async def test_who_may_review_is_reminded_before_it_is_too_late(office: Office) -> None:
    """Once at half of the time, and when it is missed; it stands among what waits for them until somebody has."""
    request = await glass(office)
    waiting = [await waits_for(office, name) for name in ("kim", "eve", "bob", "fin")]
    reminded = [await at(office, moment) for moment in (NOON + timedelta(hours=23), NOON + timedelta(hours=24))]
    told = (await read_case(office.desk, request, office.now)).records[-1].transition
    missed = await at(office, NOON + timedelta(hours=48))
    late = await waits_for(office, "kim")
    await review(office.desk, request, actor("kim"), office.now, justified=True, note="late, but fine")
    quiet = await at(office, NOON + timedelta(days=9))

    assert [[request], [request], [], []] == waiting
    assert [Act.REMINDED] == [act for acts in reminded for act in acts if act is Act.REMINDED]
    assert (Act.REMINDED, (user("eve"), user("kim"))) == (told.act, told.details["people"])
    assert ([Act.REVIEW_MISSED], [request]) == ([act for act in missed if act is not Act.OUTCOME_ASKED], late)
    assert ([], []) == (quiet, await waits_for(office, "kim"))


async def waits_for(office: Office, name: str) -> list[str]:
    """Return what waits for somebody."""
    page = await list_requests(office.desk, RequestQuery(waits_for=user(name)), office.now)
    return [one.id for one in page.requests]


async def test_a_revoked_grant_is_looked_back_at_too(office: Office) -> None:
    """Who asked says what came of it, as for one that ended."""
    request = await asked(office, 100)
    await revoke(office.desk, request, actor("ada"), office.now, reason="done sooner")

    assert [Act.OUTCOME_ASKED] == await acts(office)


async def test_two_denials_are_needed_where_the_rule_says_so(office: Office, tmp_path: Path) -> None:
    """One denial leaves it open; a quorum that it makes impossible is reported."""
    rule = RULE.replace("deny_at: 1", "deny_at: 2")
    office.desk.snapshots.current = snapshots_of(policies_in(tmp_path / "other", rule)).current
    request = await asked(office)
    first = await deny(office.desk, request, actor("eve"), office.now, reason="too dear")
    second = await deny(office.desk, request, actor("kim"), office.now, reason="too dear")

    assert (State.PENDING, State.DENIED) == (first.request.state, second.request.state)

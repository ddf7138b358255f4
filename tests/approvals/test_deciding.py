"""From the question to the grant: routes by value, votes, lower terms, and who may not decide."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import pytest

from governor.core.approvals.request import Act, Door, State
from governor.core.decisions.snapshot import NO_CATALOGUES, Snapshot
from governor.core.errors import ConflictError, ForbiddenError, GovernorError, InvalidRequestError
from governor.core.grants import GrantKind
from governor.services.approvals.ask import ask
from governor.services.approvals.close import cancel, revoke
from governor.services.approvals.create import create
from governor.services.approvals.delegate import delegate, end_delegations
from governor.services.approvals.extend import extend
from governor.services.approvals.read import RequestQuery, list_requests, read_case, read_one
from governor.services.approvals.vote import LowerTerms, approve, deny, withdraw
from governor.store.grants import read_grant
from tests.approvals.world import NOON, Office, actor, usd, user, wish


async def asked(office: Office, amount_usd: int = 500, by: str = "ada", **changes: object) -> str:
    """Ask for something, and return the request's id."""
    created = await create(office.desk, wish(amount_usd, **changes), actor(by), office.now)
    return created.acted.request.id


async def refusal(act: Awaitable[object]) -> str:
    """Return the code with which an act is refused; the request stays as it was."""
    with pytest.raises(GovernorError) as caught:
        await act
    return caught.value.code


async def state(office: Office, request_id: str) -> State:
    """Return a request's state now."""
    return (await read_one(office.desk, request_id)).state_at(office.now)


async def test_what_costs_little_is_granted_at_once(office: Office) -> None:
    """The grant names what it lifts, has the request's id, and acts at once."""
    created = await create(office.desk, wish(100), actor("ada"), office.now)
    request = created.acted.request
    grant = await office.desk.database.read(lambda connection: read_grant(connection, request.id))

    assert [Act.REQUESTED, Act.APPROVED_AUTOMATICALLY, Act.ACTIVATED] == [one.act for one in created.acted.transitions]
    assert grant is not None
    assert (("Quota/team-spend",), (("team", "platform"),), usd(100), NOON, NOON + timedelta(days=10)) == (
        grant.lifts,
        grant.scope,
        grant.amount_nano_usd,
        grant.starts_at,
        grant.ends_at,
    )


async def test_a_lead_approves_and_nobody_their_own(office: Office) -> None:
    """Eve leads, so what she asks for is decided by the other lead; who joins does not decide either."""
    mine = await asked(office, by="eve")
    own = await refusal(approve(office.desk, mine, actor("eve"), office.now))
    outsider = await refusal(approve(office.desk, mine, actor("lena"), office.now))
    done = await approve(office.desk, mine, actor("kim"), office.now, reason="worth it")

    assert ("forbidden", "forbidden") == (own, outsider)
    assert (State.ACTIVE, (user("kim"),)) == (done.request.state, done.request.approved_by)


@pytest.mark.parametrize("door", list(Door))
async def test_nobody_approves_what_others_asked_for_them(office: Office, door: Door) -> None:
    """By no door: neither the one who asks nor the one whom it is for."""
    request = await asked(office, by="eve", scope=(("user", user("ada")),))
    codes = {await refusal(approve(office.desk, request, actor(who, door), office.now)) for who in ("eve", "ada")}
    case = await read_case(office.desk, request, office.now)

    assert {"forbidden"} == codes
    assert {user("kim")} == case.electorate.people


async def test_all_groups_must_agree_and_a_person_counts_once(office: Office) -> None:
    """Gil is in both groups: whichever the other one is in, he counts in the one that is missing."""
    by_board = await asked(office, 5000)
    first = await approve(office.desk, by_board, actor("gil"), office.now)
    twice = await approve(office.desk, by_board, actor("gil"), office.now)
    then = await approve(office.desk, by_board, actor("ina"), office.now)
    by_finance = await asked(office, 5000, "mia", scope=(("team", "growth"),))
    await approve(office.desk, by_finance, actor("fin"), office.now)
    alone = await state(office, by_finance)
    both = await approve(office.desk, by_finance, actor("fay"), office.now)
    done = await approve(office.desk, by_finance, actor("gil"), office.now)

    assert (State.PENDING, ()) == (first.request.state, twice.transitions)
    assert ("gil@acme.example for finance", "ina@acme.example for board") == then.transitions[1].details["counts"]
    assert [State.PENDING, State.PENDING, State.ACTIVE] == [alone, both.request.state, done.request.state]


async def test_large_amounts_are_not_decided_in_slack(office: Office) -> None:
    """The button opens the page instead; approving or denying in Slack changes nothing."""
    request = await asked(office, 5000)
    codes = [
        await refusal(approve(office.desk, request, actor("gil", Door.SLACK), office.now)),
        await refusal(deny(office.desk, request, actor("gil", Door.SLACK), office.now, reason="too dear")),
    ]
    on_page = await approve(office.desk, request, actor("gil", Door.WEB), office.now)

    assert ["decide_on_page", "decide_on_page"] == codes
    assert 1 == len(on_page.request.votes)


async def test_a_denial_needs_a_reason_and_ends_it(office: Office) -> None:
    """The requester reads why; nothing can be decided afterwards."""
    request = await asked(office)
    silent = await refusal(deny(office.desk, request, actor("kim"), office.now, reason=" "))
    denied = await deny(office.desk, request, actor("kim"), office.now, reason="use the small model")
    late = await refusal(approve(office.desk, request, actor("eve"), office.now))

    assert ("invalid_request", State.DENIED, "wrong_state") == (silent, denied.request.state, late)
    assert denied.request.closing is not None
    assert (user("kim"), "use the small model") == (denied.request.closing.by, denied.request.closing.reason)


async def test_lower_terms_are_decided_by_those_who_were_asked(office: Office) -> None:
    """Five thousand lowered to fifty still needs finance and the board: nobody lowers it into their own hands."""
    request = await asked(office, 5000)
    lowered = await approve(office.desk, request, actor("fin"), office.now, instead=LowerTerms(usd(50)))
    alone = await refusal(approve(office.desk, request, actor("kim"), office.now))
    done = await approve(office.desk, request, actor("ina"), office.now)

    assert (State.PENDING, usd(50), "forbidden") == (
        lowered.request.state,
        lowered.request.terms.amount_nano_usd,
        alone,
    )
    assert (State.ACTIVE, {user("fin"), user("ina")}) == (done.request.state, set(done.request.approved_by))


async def test_lower_terms_reset_the_votes_before(office: Office) -> None:
    """Who approved five thousand has not approved three for a week; more than was asked is never given."""
    request = await asked(office, 5000)
    await approve(office.desk, request, actor("fin"), office.now)
    instead = LowerTerms(amount_nano_usd=usd(3000), ends_at=NOON + timedelta(days=7))
    lowered = await approve(office.desk, request, actor("ina"), office.now, instead=instead)
    more = await refusal(
        approve(office.desk, request, actor("gil"), office.now, instead=LowerTerms(amount_nano_usd=usd(3001)))
    )
    done = await approve(office.desk, request, actor("fin"), office.now)
    grant = await office.desk.database.read(lambda connection: read_grant(connection, request))

    assert [Act.CHANGED_TERMS, Act.VOTED] == [one.act for one in lowered.transitions]
    assert ([user("ina")], "invalid_request") == ([vote.by for vote in lowered.request.votes], more)
    assert (State.ACTIVE, usd(5000)) == (done.request.state, done.request.asked.amount_nano_usd)
    assert grant is not None
    assert (usd(3000), NOON + timedelta(days=7)) == (grant.amount_nano_usd, grant.ends_at)


async def test_a_vote_is_withdrawn_before_the_quorum_only(office: Office) -> None:
    """Afterwards it is decided; who has no vote has none to withdraw."""
    request = await asked(office, 5000)
    await approve(office.desk, request, actor("fin"), office.now)
    none = await refusal(withdraw(office.desk, request, actor("ina"), office.now))
    taken_back = await withdraw(office.desk, request, actor("fin"), office.now)
    await approve(office.desk, request, actor("ina"), office.now)
    done = await approve(office.desk, request, actor("fay"), office.now)
    late = await refusal(withdraw(office.desk, request, actor("fay"), office.now))

    assert ("invalid_request", (), State.ACTIVE, "wrong_state") == (
        none,
        taken_back.request.votes,
        done.request.state,
        late,
    )


async def test_who_asks_for_the_same_joins(office: Office) -> None:
    """One request, decided once; the second one hears of it, and does not decide about it."""
    first = await create(office.desk, wish(500), actor("ada"), office.now)
    joined = await create(office.desk, wish(700, justification="we need it too"), actor("eve"), office.now)
    own = await refusal(approve(office.desk, joined.acted.request.id, actor("eve"), office.now))
    other = await create(
        office.desk,
        wish(500, lifts=("Quota/user-requests",), amounts={"Quota/user-requests": 50}),
        actor("bob"),
        office.now,
    )

    assert (True, first.acted.request.id, (user("eve"),)) == (
        joined.joined,
        joined.acted.request.id,
        joined.acted.request.joined,
    )
    assert ("forbidden", usd(500), False) == (own, joined.acted.request.terms.amount_nano_usd, other.joined)


async def test_who_asked_takes_it_back(office: Office) -> None:
    """Before it is decided; nobody else but an admin does."""
    request = await asked(office)
    other = await refusal(cancel(office.desk, request, actor("bob"), office.now))
    cancelled = await cancel(office.desk, request, actor("ada"), office.now, reason="no longer needed")
    late = await refusal(cancel(office.desk, request, actor("ada"), office.now))

    assert ("forbidden", State.CANCELLED, "wrong_state") == (other, cancelled.request.state, late)


async def test_a_grant_is_revoked_with_a_reason(office: Office) -> None:
    """By those who decide about it, who asked, and admins; the grant ends at that instant."""
    request = await asked(office)
    await approve(office.desk, request, actor("kim"), office.now)
    stranger = await refusal(revoke(office.desk, request, actor("lena"), office.now, reason="not needed"))
    office.later(hours=1)
    revoked = await revoke(office.desk, request, actor("eve"), office.now, reason="the run is over")
    grant = await office.desk.database.read(lambda connection: read_grant(connection, request))

    assert ("forbidden", State.REVOKED) == (stranger, revoked.request.state)
    assert grant is not None
    assert (office.now, user("eve"), "the run is over") == (grant.revoked_at, grant.revoked_by, grant.revoke_reason)


async def test_a_delegate_votes_once_in_the_members_place(office: Office) -> None:
    """Until the stated end, and only while the member has not voted; nobody gets two votes out of one place."""
    request = await asked(office, 5000)
    await delegate(office.desk, actor("fin"), "bob@acme.example", NOON + timedelta(days=2), office.now)
    voted = await approve(office.desk, request, actor("bob"), office.now)
    overruled = await approve(office.desk, request, actor("fin"), office.now)
    beside = await refusal(approve(office.desk, request, actor("bob"), office.now))
    await end_delegations(office.desk, actor("fin"), office.now)
    other = await asked(office, 5000, "mia", scope=(("team", "growth"),))
    over = await refusal(approve(office.desk, other, actor("bob"), office.now))

    assert [(user("fin"), user("bob"))] == [(vote.member, vote.by) for vote in voted.request.votes]
    assert [(user("fin"), user("fin"))] == [(vote.member, vote.by) for vote in overruled.request.votes]
    assert ("forbidden", "forbidden") == (beside, over)


async def test_a_delegation_ends_at_its_end(office: Office) -> None:
    """A second before it the delegate votes, from that instant on not; nobody has to take it back."""
    until_at = NOON + timedelta(days=2)
    requests = [await asked(office, 5000), await asked(office, 5000, "mia", scope=(("team", "growth"),))]
    await delegate(office.desk, actor("fin"), "bob@acme.example", until_at, office.now)
    office.now = until_at - timedelta(seconds=1)
    early = await approve(office.desk, requests[0], actor("bob"), office.now)
    office.now = until_at
    late = await refusal(approve(office.desk, requests[1], actor("bob"), office.now))

    assert (user("fin"), "forbidden") == (early.request.votes[0].member, late)


async def test_a_requester_does_not_decide_through_a_delegate(office: Office) -> None:
    """Neither by delegating the vote that does not count, nor by being delegated one."""
    request = await asked(office, by="eve")
    await delegate(office.desk, actor("eve"), "bob@acme.example", NOON + timedelta(days=2), office.now)
    through = await refusal(approve(office.desk, request, actor("bob"), office.now))
    await delegate(office.desk, actor("kim"), "eve@acme.example", NOON + timedelta(days=2), office.now)
    given = await refusal(approve(office.desk, request, actor("eve"), office.now))

    assert ("forbidden", "forbidden") == (through, given)


async def test_an_extension_is_asked_for_and_decided_anew(office: Office) -> None:
    """It begins when the first one ends, with an amount of its own; together they take the higher route."""
    request = await asked(office)
    await approve(office.desk, request, actor("kim"), office.now)
    longer = await extend(
        office.desk, request, actor("ada"), office.now, until_at=NOON + timedelta(days=20), amount_nano_usd=usd(600)
    )
    second = longer.acted.request
    for who in ("fin", "ina"):
        await approve(office.desk, second.id, actor(who), office.now)
    grant = await office.desk.database.read(lambda connection: read_grant(connection, second.id))

    assert (request, usd(500), 2) == (second.extends, second.granted_before_nano_usd, len(second.ruling.route.require))
    assert grant is not None
    assert (NOON + timedelta(days=10), NOON + timedelta(days=20)) == (grant.starts_at, grant.ends_at)


async def test_questions_and_answers_stay_with_the_request(office: Office) -> None:
    """Those who decide ask, who asked for it answers, others do neither."""
    request = await asked(office)
    await ask(office.desk, request, actor("kim"), office.now, text="why not the small model?")
    await ask(office.desk, request, actor("ada"), office.now, text="it cannot read tables")
    stranger = await refusal(ask(office.desk, request, actor("lena"), office.now, text="what for?"))
    case = await read_case(office.desk, request, office.now)

    assert [(Act.ASKED, "why not the small model?"), (Act.ANSWERED, "it cannot read tables")] == [
        (one.transition.act, one.transition.details["text"]) for one in case.records[2:]
    ]
    assert "forbidden" == stranger


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"lifts": ()}, "invalid_request", "lifts"),
        ({"lifts": ("Quota/team-spnd",)}, "invalid_request", "lifts"),
        ({"lifts": ("ModelAllowlist/economy",)}, "invalid_request", "lifts"),
        ({"lifts": ("Quota/company-annual",)}, "never_lifted", "lifts"),
        ({"lifts": ("Quota/user-requests",)}, "invalid_request", "amounts.Quota/user-requests"),
        ({"amounts": {"Quota/team-spend": 5}}, "invalid_request", "amounts"),
        ({"scope": (("team", "plattform"),)}, "invalid_request", "scope"),
        ({"scope": (("user", "nobody@acme.example"),)}, "invalid_request", "scope"),
        ({"scope": (("department", "engineering"),)}, "invalid_request", "scope"),
        ({"until_at": NOON}, "invalid_request", "until"),
        ({"until_at": NOON + timedelta(days=31)}, "invalid_request", "until"),
        ({"amount_nano_usd": -1}, "invalid_request", "amount_usd"),
        ({"amount_nano_usd": usd(10_001)}, "invalid_request", "amount_usd"),
        ({"amount_nano_usd": None}, "invalid_request", "amount_usd"),
        ({"kind": GrantKind.MODEL, "lifts": ("ModelAllowlist/economy",)}, "invalid_request", "models"),
        ({"kind": GrantKind.CONTEXT, "lifts": ("ContextLimit/short",)}, "invalid_request", "input_tokens_max"),
    ],
)
async def test_what_cannot_be_granted_is_not_asked_for(
    office: Office, changes: dict[str, object], code: str, field: str
) -> None:
    """The field is named before anybody is disturbed, and nothing is kept."""
    with pytest.raises(InvalidRequestError) as caught:
        await create(office.desk, wish(**changes), actor("ada"), office.now)
    page = await list_requests(office.desk, RequestQuery(), office.now)

    assert (code, field, ()) == (caught.value.code, caught.value.details["field"], page.requests)


async def test_one_asks_for_what_one_belongs_to(office: Office) -> None:
    """Not for another department's team; a sponsor, an owner and a lead ask for others."""
    with pytest.raises(ForbiddenError):
        await create(office.desk, wish(scope=(("team", "growth"),)), actor("ada"), office.now)
    with pytest.raises(ForbiddenError):
        await create(office.desk, wish(scope=(("user", user("bob")),)), actor("ada"), office.now)
    bot = await create(office.desk, wish(10, scope=(("user", "triage-bot"),)), actor("ada"), office.now)
    led = await create(office.desk, wish(10, scope=(("user", user("bob")),)), actor("kim"), office.now)
    project = await create(office.desk, wish(10, scope=(("project", "spring"),)), actor("ina"), office.now)

    assert [State.ACTIVE] * 3 == [one.acted.request.state for one in (bot, led, project)]


async def test_lists_are_paged_and_tell_what_waits_for_whom(office: Office) -> None:
    """By state, by requester, and what somebody may decide about and has not voted on."""
    ids = [await asked(office, 5000, scope=(("user", user(who)),), by=who) for who in ("ada", "bob", "mia")]
    await approve(office.desk, ids[0], actor("fin"), office.now)
    first = await list_requests(office.desk, RequestQuery(limit=2), office.now)
    second = await list_requests(office.desk, RequestQuery(limit=2, cursor=first.next or ""), office.now)
    waiting = await list_requests(office.desk, RequestQuery(waits_for=user("fin")), office.now)
    mine = await list_requests(office.desk, RequestQuery(requester=user("mia")), office.now)

    assert ([ids[2], ids[1]], [ids[0]], None) == (
        [one.id for one in first.requests],
        [one.id for one in second.requests],
        second.next,
    )
    assert ([ids[2], ids[1]], [ids[2]]) == ([one.id for one in waiting.requests], [one.id for one in mine.requests])


async def test_a_policy_that_went_cannot_be_lifted(office: Office) -> None:
    """The vote that would decide is refused with the reason, and the request stays as it was."""
    request = await asked(office)
    policies = office.desk.snapshots.current.policies
    gone = replace(policies, quotas=(), headers=tuple(one for one in policies.headers if one.name != "team-spend"))
    office.desk.snapshots.swap(Snapshot.build(gone, NO_CATALOGUES), office.now)
    with pytest.raises(InvalidRequestError):
        await approve(office.desk, request, actor("kim"), office.now)

    assert State.PENDING == await state(office, request)


async def test_who_voted_cannot_join(office: Office) -> None:
    """Nobody is on both sides."""
    request = await asked(office, 5000, "mia", scope=(("team", "growth"),))
    await approve(office.desk, request, actor("gil"), office.now)
    with pytest.raises((ConflictError, ForbiddenError)):
        await create(office.desk, wish(5000, scope=(("team", "growth"),)), actor("gil"), office.now)

"""Alerts of thresholds: noticed once, written once, and delivered until they have arrived."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MailHandler
from sqlalchemy import Connection, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from governor.core.decisions.budget_keys import budget_key
from governor.core.keys import Role
from governor.services.forget_records import ALERTS_MARK, forget_records
from governor.store.forecasts import keep_forecasts
from governor.store.jobs import write_mark
from governor.store.tables import ALERT_DELIVERIES
from tests.api.processes import free_port
from tests.api.test_operate import metric
from tests.api.test_statement_lists import forecast_of
from tests.api.test_usage import event, report
from tests.api.world import QUOTAS, Server, StandingClock, running, settings_for, write_policies
from tests.scheduler.workers import ALWAYS, worker
from tests.slack.fake.server import slack_server
from tests.slack.fake.workspace import BOT_TOKEN, Workspace
from tests.slack.world import on_a_port

ALERTING = """\
apiVersion: governor/v1
kind: Quota
name: department-alerts
owner: finops@acme.example
per: [department]
limit: 10 USD
period: month
alerts:
  - {at: 80%, of: used, notify: [webhook]}
  - {at: 100%, of: used, notify: [webhook]}
"""
"""With its 10 USD, engineering is at 40 % after 4 USD."""


def usd(event_id: str, amount: float, **changes: Any) -> dict[str, Any]:
    """Return usage that costs so many USD."""
    return event(event_id=event_id, usage={"input_tokens": round(amount / 3 * 1e6), "output_tokens": 0}, **changes)


async def spend(server: Server, *events: dict[str, Any]) -> None:
    """Report usage."""
    async with server.client() as client:
        results = await report(client, list(events))
    assert {"recorded"} == {result["status"] for result in results}, results


async def watch(*servers: Server) -> None:
    """Look at thresholds, on all workers at once."""
    runners = [
        worker(each.governor.database, each.governor.clock.now, each.governor.thresholds.watch, trigger=ALWAYS)
        for each in servers
    ]
    await asyncio.gather(*(runner.run_due() for runner in runners))


async def deliver(server: Server) -> None:
    """Empty the outbox as far as that is possible now."""
    governor = server.governor
    await worker(governor.database, governor.clock.now, governor.deliverer.deliver, trigger=ALWAYS).run_due()


async def said(server: Server) -> list[dict[str, Any]]:
    """Return the alerts that a viewer sees, the oldest first."""
    async with server.client(Role.VIEWER) as client:
        alerts: list[dict[str, Any]] = (await client.get("/alerts")).json()["alerts"]
    return alerts[::-1]


def percents(alerts: list[dict[str, Any]]) -> list[str]:
    """Return which thresholds spoke."""
    return [alert["numbers"]["at_percent"] for alert in alerts]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give an organisation with a quota that speaks up."""
    return write_policies(tmp_path / "policies", ALERTING)


async def test_an_alert_names_the_budget_the_numbers_and_the_ways_out(any_server: Server) -> None:
    """Whoever reads it knows what is used of what, why it is said now, and what can be done."""
    await spend(any_server, usd("e-1", 8.1))
    await watch(any_server)
    [alert] = await said(any_server)

    assert "engineering has used 81% of department-alerts" == alert["title"]
    assert "8.10 USD of 10 USD for November are used, 80% were to be told" == alert["reason"]
    assert ("8.1", "10", "80", "USD") == tuple(
        alert["numbers"][name] for name in ("used", "room", "at_percent", "unit")
    )
    assert [
        "requests that do not fit are refused",
        "it begins anew on 1 December 00:00 CET",
        "ask for an exception: /ai-budget request",
        "change the limit in quotas.yaml:1, which finops@acme.example answers for",
    ] == alert["ways_out"]
    assert ({"department": "engineering"}, "Quota/department-alerts") == (alert["scope"], alert["policy"])


async def test_a_threshold_is_said_once_by_many_workers(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """Also on a jump from 40 % to 120 %, and however often everybody looks."""
    settings = settings_for(database_url, policies)
    async with running(settings, standing) as one, running(settings, standing, with_keys=False) as other:
        await spend(one, usd("e-1", 4))
        await watch(one, other)
        before = await said(one)
        await spend(one, usd("e-2", 8))
        for _ in range(3):
            await watch(one, other)
            standing.advance(3600)

        assert ([], ["80", "100"]) == (before, percents(await said(one)))


async def test_each_scope_and_each_period_has_its_own(any_server: Server, standing: StandingClock) -> None:
    """Marketing is told although engineering was, and in December everybody is again."""
    await spend(any_server, usd("e-1", 8), usd("m-1", 9, subject={"user": "mia@acme.example"}))
    await watch(any_server)
    standing.advance(15 * 86_400)
    await spend(any_server, usd("e-2", 8))
    await watch(any_server)

    told = [(alert["at"][:10], alert["scope"]["department"]) for alert in await said(any_server)]

    assert [("2026-11-20", "engineering"), ("2026-11-20", "marketing"), ("2026-12-05", "engineering")] == sorted(told)


async def test_a_raised_limit_makes_a_threshold_ready_again(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """At 12 of 10 USD both were said; of 14 USD only 80 % is reached still, so 100 % is said once more."""
    await spend(any_server, usd("e-1", 12))
    await watch(any_server)
    write_policies(policies, ALERTING.replace("limit: 10 USD", "limit: 14 USD"))
    assert await any_server.governor.publisher.reload()
    await watch(any_server)
    standing.advance(60)
    await spend(any_server, usd("e-2", 3))
    await watch(any_server)

    assert ["100", "80", "100"] == [*sorted(percents((await said(any_server))[:2])), "100"]
    assert 3 == len(await said(any_server))


async def test_what_is_used_before_a_policy_speaks_is_noticed(
    server: Server, policies: Path, standing: StandingClock
) -> None:
    """A new alert on an old budget is told without anybody drawing on it."""
    write_policies(policies, ALERTING.split("alerts:", maxsplit=1)[0])
    assert await server.governor.publisher.reload()
    await spend(server, usd("e-1", 9))
    await watch(server)
    standing.advance(7200)
    write_policies(policies, ALERTING)
    assert await server.governor.publisher.reload()
    await watch(server)

    assert ["80"] == percents(await said(server))


async def test_quotas_without_alerts_are_silent(tmp_path: Path, sqlite_url: str, standing: StandingClock) -> None:
    """Nobody asked to be told."""
    async with running(settings_for(sqlite_url, write_policies(tmp_path / "silent", QUOTAS)), standing) as server:
        await spend(server, usd("e-1", 99))
        await watch(server)

        assert [] == await said(server)


async def test_a_forecast_is_told_by_its_lower_bound(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """The limit inside the interval alarms nobody, and neither does a forecast that nobody can rely on."""
    write_policies(policies, ALERTING.replace("80%, of: used", "100%, of: forecast"))
    assert await any_server.governor.publisher.reload()
    await spend(any_server, usd("e-1", 1))
    quota = any_server.governor.publisher.snapshots.current.quota("department-alerts")
    assert quota is not None
    budget = budget_key(quota, (("department", "engineering"),), standing.now())
    told = []
    for lower, reliable in [(9.5, True), (11, False), (10.5, True), (9.5, True), (11, True)]:
        forecast = forecast_of(budget, standing.now(), round((lower + 0.001) * 1e9))
        kept = [replace(forecast, insufficient_data=not reliable)]
        await any_server.governor.database.write(lambda connection, kept=kept: keep_forecasts(connection, kept))
        await watch(any_server)
        told.append(len(await said(any_server)))
        standing.advance(86_400)
    [alert] = await said(any_server)

    assert [0, 0, 1, 1, 1] == told
    assert ("forecast", "engineering is on the way to 105% of department-alerts") == (alert["kind"], alert["title"])
    assert "the forecast for November is 10.50 USD of 10 USD, 100% were to be told" == alert["reason"]


class Receiver:
    """A web hook's receiver that remembers what it got, and refuses the first so many."""

    def __init__(self, refuses: int = 0) -> None:
        self.refuses = refuses
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: Request) -> Response:
        """Take a document, or not."""
        self.got.append((dict(request.headers), await request.body()))
        return Response(status_code=503 if len(self.got) <= self.refuses else 204)


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[str]:
    """Serve a receiver on a port of this machine."""
    async with on_a_port(Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])) as url:
        yield f"{url}/hook"


async def test_a_webhook_is_signed_and_tried_until_it_is_taken(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """Each try is the same delivery, later each time; the outbox shows why it was not taken, and when it was."""
    receiver = Receiver(refuses=2)
    async with receiving(receiver) as url:
        given = {"alert_webhook_url": url, "alert_webhook_secret": "hook-secret"}
        async with running(settings_for(database_url, policies, **given), standing) as server:
            await spend(server, usd("e-1", 8))
            await watch(server)
            waits = []
            for _ in range(3):
                await deliver(server)
                await deliver(server)
                [delivery] = (await said(server))[0]["deliveries"]
                waits.append((delivery["state"], delivery["tries"], delivery["problem"]))
                overdue = await metric(server, "governor_alert_deliveries", channel="webhook", state="waiting")
                standing.advance(10 * 2 ** len(waits) // 2)
            await deliver(server)
    headers, body = receiver.got[-1]
    signed = f"{headers['x-governor-timestamp']}.".encode() + body

    assert [("waiting", 1, "answered 503"), ("waiting", 2, "answered 503"), ("sent", 3, "")] == waits
    assert 3 == len(receiver.got)
    assert 1 == len({sent["x-governor-delivery"] for sent, _ in receiver.got})
    assert f"v1={hmac.new(b'hook-secret', signed, hashlib.sha256).hexdigest()}" == headers["x-governor-signature"]
    assert "engineering has used 80% of department-alerts" == json.loads(body)["title"]
    assert overdue is None


class Mailbox(MailHandler):
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Mail] = []

    def handle_message(self, message: Mail) -> None:
        """Keep a mail."""
        self.mails.append(message)


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, str]]:
    """Run a real mail server on a port of this machine."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


async def test_people_without_slack_get_mail(sqlite_url: str, tmp_path: Path, standing: StandingClock) -> None:
    """One mail for each, with the numbers and the ways out; a person who is named twice gets one."""
    quotas = ALERTING.replace(
        "80%, of: used, notify: [webhook]", "80%, of: used, notify: [eve, eve@acme.example, owner]"
    )
    with mail_server() as (box, url):
        settings = settings_for(sqlite_url, write_policies(tmp_path / "mailing", quotas), smtp_url=url)
        async with running(settings, standing) as server:
            await spend(server, usd("e-1", 8))
            await watch(server)
            await deliver(server)
            await deliver(server)

    assert ["eve@acme.example", "finops@acme.example"] == sorted(mail["To"] for mail in box.mails)
    assert {"[Governor] engineering has used 80% of department-alerts"} == {mail["Subject"] for mail in box.mails}
    assert all("it begins anew on 1 December" in str(mail.get_payload()) for mail in box.mails)


async def test_a_channel_gets_a_message(sqlite_url: str, tmp_path: Path, standing: StandingClock) -> None:
    """In Slack, with the title as what notifications say."""
    async with slack_server(Workspace()) as slack:
        channel = slack.workspace.add_channel("ai-spend")
        quotas = ALERTING.replace("80%, of: used, notify: [webhook]", f'80%, of: used, notify: ["slack:{channel}"]')
        folder = write_policies(tmp_path / "posting", quotas)
        settings = settings_for(sqlite_url, folder, slack_bot_token=BOT_TOKEN, slack_api_url=slack.api_url)
        async with running(settings, standing) as server:
            await spend(server, usd("e-1", 8))
            await watch(server)
            await deliver(server)
            await deliver(server)
            [posting] = slack.workspace.posted(channel)

    assert "engineering has used 80% of department-alerts" in posting.text


async def test_what_has_no_way_out_goes_to_the_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """No web hook is set: nothing is lost in silence."""
    await spend(server, usd("e-1", 8))
    await watch(server)
    await deliver(server)
    [alert] = await said(server)

    assert [("log", "sent")] == [(each["channel"], each["state"]) for each in alert["deliveries"]]


async def test_quiet_hours_keep_what_can_wait(sqlite_url: str, policies: Path, standing: StandingClock) -> None:
    """What is noticed at 23:00 in Berlin arrives at 07:00."""
    standing.advance(10 * 3600)
    settings = settings_for(sqlite_url, policies, quiet_hours="22:00-07:00")
    async with running(settings, standing) as server:
        await spend(server, usd("e-1", 8))
        await watch(server)
        await deliver(server)
        [night] = (await said(server))[0]["deliveries"]
        standing.advance(8 * 3600)
        await deliver(server)
        [morning] = (await said(server))[0]["deliveries"]

    assert ("waiting", "2026-11-21T06:00:00Z", "sent") == (night["state"], night["due_at"], morning["state"])


async def test_pages_of_alerts_join(server: Server) -> None:
    """The newest first; together the pages are the list, and a kind that nothing was said of is empty."""
    await spend(server, usd("e-1", 12), usd("m-1", 12, subject={"user": "mia@acme.example"}))
    await watch(server)
    joined: list[dict[str, Any]] = []
    cursor = ""
    async with server.client(Role.VIEWER) as client:
        while cursor is not None:
            page = (await client.get(f"/alerts?limit=3&cursor={cursor}")).json()
            joined += page["alerts"]
            cursor = page["next"]
        none = (await client.get("/alerts?kind=drift")).json()["alerts"]

    assert (await said(server))[::-1] == joined
    assert (4, []) == (len(joined), none)


async def test_old_alerts_are_forgotten_and_not_told_again(any_server: Server, standing: StandingClock) -> None:
    """What was delivered long ago is gone; what is still to be delivered stays, and no threshold speaks twice."""
    await spend(any_server, usd("e-1", 11))
    await watch(any_server)
    told = await said(any_server)
    standing.advance(100 * 86_400)
    waiting = await forget_records(any_server.governor.database, standing.now() - timedelta(days=90))
    await any_server.governor.database.write(_deliver_all)
    await any_server.governor.database.write(lambda connection: write_mark(connection, ALERTS_MARK, b""))
    gone = await forget_records(any_server.governor.database, standing.now() - timedelta(days=90))
    await watch(any_server)

    assert (2, 0, 2) == (len(told), waiting.alerts, gone.alerts)
    assert [] == await said(any_server)


def _deliver_all(connection: Connection) -> None:
    """Let every recipient have got everything."""
    connection.execute(update(ALERT_DELIVERIES).values(state="sent"))

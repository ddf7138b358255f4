"""``governor alerts``: what was said about money, to whom, and whether it arrived."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection
from typer.testing import Result

from governor.core.alerts.alert import Alert, AlertKind, Delivery, DeliveryState
from governor.core.alerts.recipients import Channel, Recipient
from governor.edges.cli.workbench import open_store
from governor.settings import load_settings
from governor.store.alerts import add_alert, write_delivery

Cli = Callable[..., Result]
"""A command of the house, run as people run it."""

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

EIGHTY = Alert(
    id=b"\x01" * 16,
    claim=b"\x01" * 16,
    kind=AlertKind.THRESHOLD,
    at=NOON,
    policy="Quota/department-monthly",
    whose=(("department", "sales"),),
    title="sales has used 81% of department-monthly",
    reason="0.81 USD of 1 USD for November are used",
    numbers=(("used", "0.81"),),
    ways_out=("ask for an exception",),
    urgent=False,
    recipients=(Recipient(Channel.LOG, ""), Recipient(Channel.WEBHOOK, "")),
)
"""An alert that goes two ways."""


async def write_two() -> None:
    """Put two alerts into the outbox; the first one's web hook does not answer."""
    async with open_store(load_settings()) as database:
        drift = replace(EIGHTY, id=b"\x02" * 16, claim=b"\x02" * 16, kind=AlertKind.DRIFT, title="support grew")

        def write(connection: Connection) -> None:
            for alert in (EIGHTY, drift):
                assert add_alert(connection, alert, NOON)
            hook = Delivery(EIGHTY.id, Recipient(Channel.WEBHOOK), DeliveryState.WAITING, NOON, 3, "answered 503")
            log = Delivery(EIGHTY.id, Recipient(Channel.LOG), DeliveryState.SENT, NOON, 1, "", NOON)
            for delivery in (hook, log):
                write_delivery(connection, delivery)

        await database.write(write)


@pytest.fixture
def told(cli: Cli) -> Cli:
    """Give the command line of a database with two alerts."""
    asyncio.run(write_two())
    return cli


def test_people_see_what_was_said_and_whether_it_arrived(told: Cli) -> None:
    """What has not arrived says how often it was tried."""
    shown = told("alerts").stdout

    assert all(text in shown for text in (EIGHTY.title, EIGHTY.reason, "2026-11-20 12:00", "log (sent)"))
    assert "webhook (waiting after 3 tries)" in shown


def test_programs_read_json_of_one_kind(told: Cli) -> None:
    """With the numbers, the ways out and each delivery's problem."""
    [alert] = json.loads(told("alerts", "--kind", "threshold", "--output", "json").stdout)["alerts"]
    problems = {delivery["channel"]: delivery["problem"] for delivery in alert["deliveries"]}

    assert ({"used": "0.81"}, ["ask for an exception"]) == (alert["numbers"], alert["ways_out"])
    assert {"log": "", "webhook": "answered 503"} == problems


def test_a_page_of_alerts_says_where_the_next_one_begins(told: Cli) -> None:
    """Following it shows the rest, and nothing twice."""
    first = json.loads(told("alerts", "--limit", "1", "--output", "json").stdout)
    hint = told("alerts", "--limit", "1")
    rest = json.loads(told("alerts", "--cursor", first["next"], "--output", "json").stdout)

    assert f"there are more: --cursor {first['next']}" in hint.stdout + hint.stderr
    assert ["support grew", EIGHTY.title] == [alert["title"] for alert in first["alerts"] + rest["alerts"]]
    assert rest["next"] is None


def test_where_nothing_was_said_somebody_is_told_why(cli: Cli) -> None:
    """An empty list explains how it would fill."""
    nothing = cli("alerts")

    assert 0 == nothing.exit_code
    assert "`alerts` of a Quota say when somebody is told" in nothing.stdout + nothing.stderr

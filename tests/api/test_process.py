"""The server as a process: started, stopped, killed, with several workers, and refused."""

import asyncio
import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from governor.core.keys import Role
from governor.services.keys import create_key, revoke_key
from governor.store.database import Database
from governor.store.verify import verify
from tests.api.processes import (
    HEADERS,
    ROUNDS,
    START_S_MAX,
    WITHIN_S,
    ask,
    free_port,
    middle,
    served,
    start,
    until_all_say,
)
from tests.api.world import BOOTSTRAP, NOON, QUOTAS, question, write_policies


def differences(database_url: str) -> list[Any]:
    """Recompute every balance from the records."""
    database = Database(database_url)
    found = database.read_now(lambda connection: list(verify(connection, time.time())))
    database.engine.dispose()
    return found


class Load(threading.Thread):
    """Asks one question after another and remembers every answer, until the server is gone."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.answered: list[dict[str, Any]] = []
        self.first = threading.Event()

    def run(self) -> None:
        """Ask until nobody answers."""
        with httpx.Client(base_url=self.address, headers=HEADERS) as client:
            try:
                while True:
                    response = client.post("/decide", json=question(model="gpt-4o-mini"))
                    if response.status_code != 200:
                        return
                    self.answered.append(response.json())
                    if len(self.answered) == 20:
                        self.first.set()
            except httpx.TransportError:
                return


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_every_answered_decision_survives_the_end_of_the_server(
    database_url: str, tmp_path: Path, sent: signal.Signals
) -> None:
    """Stopped or killed in the middle of load: what was answered is there, and every balance follows from it."""
    policies = write_policies(tmp_path / "policies", QUOTAS.replace("500 requests", "500,000 requests"))
    with served(database_url, policies) as (process, address):
        load = [Load(address) for _ in range(4)]
        for thread in load:
            thread.start()
        assert all(thread.first.wait(START_S_MAX) for thread in load)
        process.send_signal(sent)
        code = process.wait(60)
        for thread in load:
            thread.join(60)
    answered = {answer["decision_id"] for thread in load for answer in thread.answered}
    with served(database_url, policies) as (_, address), httpx.Client(base_url=address, headers=HEADERS) as client:
        found = {
            decision["decision_id"]
            for cursor_page in pages(client, "/decisions?limit=1000")
            for decision in cursor_page["decisions"]
        }

    assert (0 if sent is signal.SIGTERM else -signal.SIGKILL) == code
    assert answered <= found
    # A server that is stopped finishes what it has accepted: whatever it decided it has also answered.
    assert sent is signal.SIGKILL or answered == found
    assert [] == differences(database_url)


def pages(client: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    """Yield every page of a list."""
    cursor = ""
    while True:
        page = client.get(f"{path}&cursor={cursor}").json()
        yield page
        if page["next"] is None:
            return
        cursor = page["next"]


def decisions_counted(address: str) -> float:
    """Return the decisions that the metrics page has, of all workers."""
    page = httpx.get(f"{address}/metrics").text
    return sum(float(value) for value in re.findall(r"governor_decisions_total\{[^}]*\} (\S+)", page))


def test_workers_share_one_port_one_truth_and_one_set_of_keys(database_url: str, tmp_path: Path) -> None:
    """Three workers never admit more than there is room for, count together, and all obey a revocation."""
    quotas = QUOTAS.replace("500 requests", "40 requests")
    policies = write_policies(tmp_path / "policies", quotas)
    with served(database_url, policies, GOVERNOR_WORKERS="3") as (_, address):
        # A connection each, so that the kernel spreads them over the workers.
        allowed = 0
        for _ in range(60):
            answer = httpx.post(f"{address}/decide", json=question(), headers=HEADERS).json()
            allowed += answer["verdict"] == "allow"
        # Every worker counts once a second what it has noted.
        began = time.monotonic()
        while (counted := decisions_counted(address)) < 60 and time.monotonic() - began < 10:
            pass
        listed = [
            httpx.get(f"{address}/budgets?quota=user-requests&user=eve", headers=HEADERS).json()["budgets"][0]["held"]
            for _ in range(6)
        ]

    assert (40, 60.0, ["40"] * 6) == (allowed, counted, listed)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_needs_no_key_can_have_a_port_of_its_own(sqlite_url: str, tmp_path: Path, workers: str) -> None:
    """There is nothing else on it, and none of it is anywhere else."""
    policies, port = write_policies(tmp_path / "policies"), free_port()
    apart = {"GOVERNOR_OPEN_PORT": str(port), "GOVERNOR_WORKERS": workers}
    with served(sqlite_url, policies, **apart) as (_, address):
        aside = f"http://127.0.0.1:{port}"
        opened = {path: httpx.get(f"{aside}{path}") for path in ("/healthz", "/readyz", "/metrics", "/docs")}
        hidden = [httpx.get(f"{address}{path}").status_code for path in opened]
        asked = [httpx.post(f"{url}/decide", json=question(), headers=HEADERS) for url in (address, aside)]

    assert [200] * 4 == [answer.status_code for answer in opened.values()]
    assert ([404] * 4, [200, 404]) == (hidden, [answer.status_code for answer in asked])
    assert "`/decide` is not a route here" in asked[1].json()["error"]["message"]


def test_a_revoked_key_is_refused_within_a_second_by_every_worker(sqlite_url: str, tmp_path: Path) -> None:
    """Revoked while two workers serve (litellm#9820, #34217); ``test_revocation`` proves it without a real clock."""
    policies = write_policies(tmp_path / "policies")
    database = Database(sqlite_url)
    accepted_s: list[float] = []
    with served(sqlite_url, policies, GOVERNOR_WORKERS="2") as (_, address):
        for number in range(ROUNDS):
            name = f"gw{number}"
            made = asyncio.run(create_key(database, name=name, role=Role.GATEWAY, now=NOON))
            known = partial(status_of, address, made.secret)
            until_all_say(known, 200, 2)
            asyncio.run(revoke_key(database, name, NOON))
            accepted_s.append(until_all_say(known, 401, 2))
    database.engine.dispose()

    assert middle(accepted_s) < WITHIN_S


def status_of(address: str, secret: str) -> tuple[str, int]:
    """Ask one worker for something; return which worker it is, and the status."""
    worker, status, _ = ask(address, "GET", "/budgets", secret)
    return worker, status


def test_a_policy_that_one_worker_decides_by_is_everybodys_within_a_second(sqlite_url: str, tmp_path: Path) -> None:
    """A file is written while three workers serve: each notices and compiles by itself, and they agree at once."""
    policies = write_policies(tmp_path / "policies")
    apart_s: list[float] = []
    with served(sqlite_url, policies, GOVERNOR_WORKERS="3") as (_, address):
        _, before = version_of(address)
        for number in range(ROUNDS):
            write_policies(policies, QUOTAS.replace("10 USD", f"{11 + number} USD"))
            apart, before = until_all_have_another(address, before, 3)
            apart_s.append(apart)

    assert middle(apart_s) < WITHIN_S


def version_of(address: str) -> tuple[str, str]:
    """Ask one worker by which policies it decides; return which worker it is, and the version."""
    worker, _, answer = ask(address, "POST", "/decide", BOOTSTRAP, json.dumps(question()).encode())
    return worker, str(json.loads(answer)["policy_version"])


def until_all_have_another(address: str, before: str, workers: int) -> tuple[float, str]:
    """Ask until every worker decides by other policies, all by the same.

    Returns:
        For how many seconds they did not agree (see ``until_all_say``), and the new version.
    """
    after = before
    while after == before:
        _, after = version_of(address)
    return until_all_say(partial(version_of, address), after, workers), after


def test_a_server_refuses_to_start_on_invalid_policies_and_lists_them(sqlite_url: str, tmp_path: Path) -> None:
    """No stack trace: every problem with its place, and an exit code that says so (opa#6613)."""
    policies = write_policies(tmp_path / "policies", QUOTAS.replace("limit: 10 USD", "limt: 10 USD"))
    process = start(sqlite_url, policies, free_port())
    _, said = process.communicate(timeout=60)

    assert process.returncode not in {0, None}
    assert b"quotas.yaml:11:1 error unknown-field" in said
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"GOVERNOR_PORT": "many"}, b"GOVERNOR_PORT"),
        ({"GOVERNOR_AUTH": "off", "GOVERNOR_HOST": "0.0.0.0"}, b"GOVERNOR_AUTH=off"),
        ({"GOVERNOR_CLOCK": "2026-10-25T00:59:00Z"}, b"GOVERNOR_CLOCK"),
        ({"GOVERNOR_DATABASE_URL": "postgresql://postgres@127.0.0.1:1/x"}, b"GOVERNOR_DATABASE_URL"),
    ],
)
def test_a_wrong_setting_is_named(sqlite_url: str, tmp_path: Path, variables: dict[str, str], named: bytes) -> None:
    """A sentence that names the variable, and no stack trace."""
    process = start(sqlite_url, write_policies(tmp_path / "policies"), free_port(), **variables)
    _, said = process.communicate(timeout=60)

    assert process.returncode not in {0, None}
    assert named in said
    assert b"Traceback" not in said


def test_a_running_server_takes_a_clock_only_without_keys(sqlite_url: str, tmp_path: Path) -> None:
    """``GOVERNOR_CLOCK`` starts the server's day where it says, and it ticks from there."""
    variables = {"GOVERNOR_AUTH": "off", "GOVERNOR_CLOCK": "2026-10-25T00:59:00Z"}
    with served(sqlite_url, write_policies(tmp_path / "policies"), **variables) as (_, address):
        answer = httpx.post(f"{address}/decide", json=question()).json()
        clock = httpx.get(f"{address}/readyz").json()["checks"]["clock"]

    assert answer["reservation"]["expires_at"].startswith("2026-10-25T01:09")
    assert (True, True) == (clock["ok"], clock["facts"]["simulated"])


@pytest.mark.parametrize(("scheduler", "runs"), [("on", True), ("off", False)])
def test_a_server_runs_jobs_unless_it_is_told_not_to(
    sqlite_url: str, tmp_path: Path, scheduler: str, runs: bool
) -> None:
    """``GOVERNOR_SCHEDULER=off`` leaves them to ``governor scheduler``."""
    variables = {"GOVERNOR_AUTH": "off", "GOVERNOR_SCHEDULER": scheduler}
    with served(sqlite_url, write_policies(tmp_path / "policies"), **variables) as (_, address):
        began_s = time.monotonic()
        seen: dict[str, Any] = {}
        # A server that runs jobs has begun within a second or two; one that does not never begins.
        while not seen and time.monotonic() - began_s < (START_S_MAX if runs else 3):
            seen = httpx.get(f"{address}/readyz").json()["checks"]["scheduler"]["facts"].get("jobs", {})

    assert runs is bool(seen)

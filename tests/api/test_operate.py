"""Health, readiness, metrics, reloading: what an operator relies on."""

import asyncio
import logging
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from governor.core.keys import Role
from governor.services.check_health import HealthChecker
from governor.services.policies.state import InvalidPoliciesError
from governor.store.database import Database
from tests.api.world import QUOTAS, Server, StandingClock, question, running, settings_for, write_policies


async def ready(server: Server) -> tuple[int, dict[str, Any]]:
    """Return the status of ``/readyz`` and its parts."""
    async with server.client(None) as client:
        response = await client.get("/readyz")
    return response.status_code, response.json()["checks"]


async def refused(server: Server) -> tuple[int, bool]:
    """Return the status of ``/readyz``, and whether the policies are refused all the same."""
    status, checks = await ready(server)
    return status, not checks["policies"]["ok"]


async def metric(server: Server, name: str, **labels: str) -> float | None:
    """Return the value of a metric, or None if it has none."""
    async with server.client(None) as client:
        text = (await client.get("/metrics")).text
    for line in text.splitlines():
        if line.startswith(name) and all(f'{key}="{value}"' in line for key, value in labels.items()):
            rest = line[len(name) :]
            if rest.startswith(("{", " ")):
                return float(line.rsplit(" ", 1)[1])
    return None


async def test_a_server_says_at_its_start_which_rules_never_match(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """They are served, and the log names each as ``governor validate`` does (Kong 3.14: rules silently skipped)."""
    policies = write_policies(tmp_path / "policies", QUOTAS.replace("per: [user]", "applies_to: {team: nobody-*}"))
    with structlog.testing.capture_logs() as logs:
        async with running(settings_for(sqlite_url, policies), standing):
            pass
    said = [line["problem"] for line in logs if line["event"] == "policies_questionable"]

    assert 1 == len(said)
    assert "quotas.yaml:20:" in said[0]
    assert "nobody-*" in said[0]


async def test_a_server_is_alive_and_ready(any_server: Server) -> None:
    """Every part is named, with the facts behind it; a server whose jobs nobody runs decides all the same."""
    status, checks = await ready(any_server)

    assert (200, {"database": True, "clock": True, "policies": True, "scheduler": False}) == (
        status,
        {name: check["ok"] for name, check in checks.items()},
    )
    assert {"scheduler"} == {name for name, check in checks.items() if not check["decides"]}


@pytest.mark.parametrize(("off_s", "status"), [(-60, 503), (0, 200), (60, 503)])
async def test_a_worker_whose_clock_is_off_is_not_ready(any_server: Server, off_s: int, status: int) -> None:
    """Its holds would expire at the wrong moment; the answer says by how much, and what sets a clock."""
    governor = any_server.governor

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=off_s)

    health = HealthChecker(governor.database, governor.publisher, now, simulated_clock=False)
    object.__setattr__(governor, "health", health)
    answered, checks = await ready(any_server)
    facts = checks["clock"]["facts"]

    assert (status, not off_s) == (answered, checks["clock"]["ok"])
    assert abs(facts["skew_s"] - off_s) < 30
    assert facts.get("problem") == ("more than a second off the database's clock; let NTP set it" if off_s else None)


async def test_a_database_that_does_not_answer_makes_unready_and_says_so(any_server: Server) -> None:
    """Without it no clock can be compared either; the process is alive all the same."""
    await any_server.governor.database.close()
    lost = Database(f"sqlite:///{Path('/nowhere') / 'governor.db'}")
    governor = any_server.governor
    health = HealthChecker(lost, governor.publisher, governor.clock.now, simulated_clock=False)
    object.__setattr__(governor, "health", health)
    status, checks = await ready(any_server)
    async with any_server.client(None) as client:
        alive = await client.get("/healthz")

    assert (503, 200) == (status, alive.status_code)
    assert "cannot be read (OperationalError)" == checks["database"]["facts"]["problem"]
    assert "cannot be compared while the database does not answer" == checks["clock"]["facts"]["problem"]


async def test_an_invalid_folder_keeps_the_last_good_policies_and_is_seen(server: Server, policies: Path) -> None:
    """Decisions go on by the last good version; readiness and a metric say so, and a mended folder heals it."""
    version = server.governor.publisher.state.version
    (policies / "quotas.yaml").write_text(QUOTAS.replace("limit: 10 USD", "limt: 10 USD"))
    await server.governor.publisher.look()
    _, checks = await ready(server)
    broken = await refused(server)
    async with server.client() as client:
        answer = (await client.post("/decide", json=question())).json()
    valid_meanwhile = await metric(server, "governor_policy_folder_valid")
    write_policies(policies)
    await server.governor.publisher.look()
    mended = await refused(server)

    assert ((200, True), (200, False)) == (broken, mended)
    assert any("quotas.yaml:11:1 error unknown-field" in problem for problem in checks["policies"]["facts"]["problems"])
    assert ("allow", version) == (answer["verdict"], answer["policy_version"])
    assert (0.0, 1.0, 1.0) == (
        valid_meanwhile,
        await metric(server, "governor_policy_folder_valid"),
        await metric(server, "governor_policy_load_failures_total"),
    )


async def test_a_folder_that_disappears_keeps_the_last_good_policies(server: Server, policies: Path) -> None:
    """A deleted folder is an invalid folder, not a reason to let everybody through."""
    gone_to = policies.with_name("gone")
    shutil.move(policies, gone_to)
    await server.governor.publisher.look()
    gone = await refused(server)
    shutil.move(gone_to, policies)
    await server.governor.publisher.look()

    assert ((200, True), (200, False)) == (gone, await refused(server))


async def test_a_changed_limit_acts_on_the_next_decision_and_keeps_what_was_used(
    server: Server, policies: Path
) -> None:
    """Raising a limit takes effect at once (envoy ratelimit#185); an edit mints no budget (tensorzero)."""
    asked = question(max_output_tokens=60_000, n=100)
    async with server.client() as client:
        first = (await client.post("/decide", json=asked)).json()["verdict"]
        before = (await client.post("/decide", json=asked)).json()["verdict"]
        write_policies(policies, QUOTAS.replace("limit: 100 USD", "limit: 181 USD"))
        await server.governor.publisher.look()
        after = (await client.post("/decide", json=asked)).json()
        again = (await client.post("/decide", json=asked)).json()["verdict"]

    assert ["allow", "deny", "allow", "deny"] == [first, before, after["verdict"], again]
    assert {"181"} == {b["limit"] for b in after["budgets"] if b["policy"] == "Quota/department-spend"}


async def test_a_server_watches_its_folder(sqlite_url: str, policies: Path) -> None:
    """Nobody has to tell it: a written file is read, whatever the file system reports."""
    async with running(settings_for(sqlite_url, policies)) as server:
        version = server.governor.publisher.state.version
        write_policies(policies, QUOTAS.replace("10 USD", "11 USD"))
        async with asyncio.timeout(20):
            while server.governor.publisher.state.version == version:  # noqa: ASYNC110  a folder gives no event
                await asyncio.sleep(0.05)

        assert version != server.governor.publisher.snapshots.current.version


async def test_a_server_does_not_start_on_an_invalid_folder(sqlite_url: str, tmp_path: Path) -> None:
    """Every problem is listed with its place, and nothing is served where nothing valid ever was."""
    folder = write_policies(tmp_path / "policies", QUOTAS.replace("limit: 10 USD", "limt: 10 USD"))
    with pytest.raises(InvalidPoliciesError) as caught:
        async with running(settings_for(sqlite_url, folder)):
            pass

    assert "quotas.yaml:11:1 error unknown-field" in caught.value.message


async def test_a_server_that_starts_again_goes_on_with_what_its_folder_said_last(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """A crash while the folder is broken, or not mounted, stops nobody; it says so, and takes the mended folder."""
    settings = settings_for(database_url, policies)
    async with running(settings, standing, with_keys=False) as first:
        version = first.governor.publisher.state.version
    write_policies(policies, QUOTAS.replace("limit: 10 USD", "limt: 10 USD"))
    async with running(settings, standing) as server, server.client() as client:
        answer = (await client.post("/decide", json=question())).json()
        broken = await refused(server)
        shutil.move(policies, policies.with_name("gone"))
        async with running(settings, standing, with_keys=False) as other:
            gone = other.governor.publisher.state.version
        write_policies(policies, QUOTAS.replace("10 USD", "11 USD"))
        await server.governor.publisher.look()
        mended = await refused(server)

    assert (("allow", version), (200, True)) == ((answer["verdict"], answer["policy_version"]), broken)
    assert (version, (200, False)) == (gone, mended)
    assert version != server.governor.publisher.state.version


async def test_what_a_folder_said_last_is_as_old_as_its_publication(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """Since when it has been broken nobody knows, so MAX_POLICY_AGE counts from when it was published."""
    settings = settings_for(sqlite_url, policies, max_policy_age=timedelta(minutes=5))
    async with running(settings, standing, with_keys=False):
        pass
    (policies / "quotas.yaml").write_text("kind: [")
    standing.advance(301)
    async with running(settings, standing) as server:
        status, checks = await ready(server)

    assert (503, True) == (status, checks["policies"]["facts"]["stale"])


async def test_old_policies_mark_decisions_and_readiness(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """Past MAX_POLICY_AGE a server that cannot confirm its policies says so everywhere (opa#4338)."""
    settings = settings_for(sqlite_url, policies, max_policy_age=timedelta(minutes=5))
    async with running(settings, standing) as server, server.client() as client:
        fresh = (await client.post("/decide", json=question())).json()["stale_policy"]
        (policies / "quotas.yaml").write_text("kind: [")
        await server.governor.publisher.look()
        standing.advance(301)
        stale = (await client.post("/decide", json=question())).json()["stale_policy"]
        status, checks = await ready(server)

    assert (False, True, 503, True) == (fresh, stale, status, checks["policies"]["facts"]["stale"])


async def test_a_confirmed_folder_never_grows_old(sqlite_url: str, policies: Path, standing: StandingClock) -> None:
    """A look at an unchanged folder confirms it without compiling it."""
    settings = settings_for(sqlite_url, policies, max_policy_age=timedelta(minutes=5))
    async with running(settings, standing) as server, server.client() as client:
        standing.advance(301)
        await server.governor.publisher.look()
        answer = (await client.post("/decide", json=question())).json()

    assert answer["stale_policy"] is False


async def test_decisions_usage_and_budgets_are_counted(server: Server) -> None:
    """Verdicts by decisive code, events by status, budgets by how full they are, without naming people."""
    async with server.client() as client:
        await client.post("/decide", json=question())
        await client.post("/decide", json=question(subject={"user": "mia@acme.example"}))
        await client.post("/usage", json=[{"event_id": "e"}])
        text = (await client.get("/metrics")).text

    assert 1.0 == await metric(server, "governor_decisions_total", verdict="allow", code="")
    assert 1.0 == await metric(server, "governor_decisions_total", verdict="deny", code="model_not_allowed")
    assert 1.0 == await metric(server, "governor_usage_events_total", status="rejected")
    assert 0.000045 == await metric(
        server, "governor_budget_used_ratio", policy="Quota/department-spend", scope="engineering"
    )
    assert [2.0] * 3 == [
        await metric(server, "governor_decide_stage_seconds_count", stage=stage)
        for stage in ("decode", "evaluate", "ledger")
    ]
    assert 2.0 <= (await metric(server, "governor_ledger_batch_size_count") or 0)
    assert "@acme.example" not in text


async def test_clients_that_never_report_are_seen(server: Server, standing: StandingClock) -> None:
    """The share of ended decisions without usage, per client: reporting nothing is no free ride."""
    secret = await server.make_key("silent")
    async with server.client() as client, server.client(secret=secret) as silent:
        answer = (await client.post("/decide", json=question())).json()
        used = {"event_id": "e", "model": "claude-sonnet-4", "decision_id": answer["decision_id"]}
        await client.post("/usage", json={**used, "usage": {"input_tokens": 1}})
        await silent.post("/decide", json=question())
        standing.advance(700)

    assert (1.0, 0.0) == (
        await metric(server, "governor_unreported_share", client="silent"),
        await metric(server, "governor_unreported_share", client="gateway-key"),
    )


async def test_every_metric_is_documented(server: Server) -> None:
    """``docs/reference/metrics.md`` names every metric that the server gives."""
    async with server.client() as client:
        await client.post("/decide", json=question())
        text = (await client.get("/metrics")).text
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    page = (Path(__file__).parents[2] / "docs" / "reference" / "metrics.md").read_text()

    assert set() == {name for name in names if f"`{name}`" not in page}


async def test_a_database_that_is_gone_makes_unready_and_denies(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """Without its tables the server answers: degraded denies, unready, metrics go on, no 5xx for decisions."""
    async with running(settings_for(sqlite_url, policies, decide_deadline_ms=2_000), standing) as server:
        database = server.governor.database
        async with server.client() as client, server.client(Role.VIEWER) as viewer:
            await database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE decisions RENAME TO gone"))
            decided = await client.post("/decide", json=question())
            searched = await viewer.get("/decisions")
            scraped = await client.get("/metrics")
            await database.write(lambda connection: connection.exec_driver_sql("ALTER TABLE gone RENAME TO decisions"))

    assert (200, "deny", True, "ledger_unavailable") == (
        decided.status_code,
        decided.json()["verdict"],
        decided.json()["degraded"],
        decided.json()["reasons"][0]["code"],
    )
    assert (503, 200) == (searched.status_code, scraped.status_code)


async def test_a_defect_is_a_500_in_our_shape_and_the_log_has_its_request(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever breaks, the caller learns a request id and nothing of our inside."""
    object.__setattr__(server.governor, "budgets", None)
    async with server.client() as client:
        with caplog.at_level(logging.ERROR):
            response = await client.get("/budgets", headers={"x-request-id": "find-me"})

    assert (500, "internal", "find-me") == (
        response.status_code,
        response.json()["error"]["code"],
        response.json()["error"]["request_id"],
    )
    assert "NoneType" not in response.text


async def test_a_caller_that_hangs_up_is_nobodys_defect(server: Server) -> None:
    """A request that ends before its body is complete is answered by nothing and counted as such."""
    sent: list[Any] = []

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/decide",
        "headers": [(b"authorization", f"Bearer {server.keys[Role.GATEWAY]}".encode())],
    }
    await server.app(scope, gone, send)

    assert ([], 1.0) == (sent, await metric(server, "governor_http_requests_total", status="499"))

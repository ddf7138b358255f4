"""How a server is put together: the only place that chooses implementations. No rule lives here."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from governor.clients.clock import Clock, SystemClock, clock_from
from governor.compiler.worker import compile_in_process
from governor.core.decisions.blocks import Block
from governor.core.grants import Grant
from governor.services.adjust import Adjuster
from governor.services.alerts.deliver import Deliverer
from governor.services.alerts.digests import DigestWriter
from governor.services.alerts.drift import DriftWatcher
from governor.services.alerts.refused_policies import RefusedPoliciesWatcher
from governor.services.alerts.thresholds import ThresholdWatcher
from governor.services.alerts.unusual import UnusualSpendWatcher
from governor.services.approvals.desk import Desk
from governor.services.approvals.facts import FactFinder
from governor.services.approvals.refused import RefusalReader
from governor.services.block_watcher import watch_blocks
from governor.services.budgets import BudgetReader
from governor.services.check_health import HealthChecker
from governor.services.close_periods import PeriodCloser
from governor.services.count_existing import ExistingCounter
from governor.services.decide import Decider
from governor.services.entitlements import EntitlementReader
from governor.services.explain import Explainer
from governor.services.forecast.forecast_budgets import Forecaster
from governor.services.forecast.gather import ForecastJobs
from governor.services.forecast.process import ForecastProcesses
from governor.services.forecast.scenarios import ScenarioComparer
from governor.services.forecast.track_record import ForecastJudge
from governor.services.grant_watcher import watch_grants
from governor.services.grants import GrantKeeper
from governor.services.keys import KeyRing, OpenDoor
from governor.services.open_database import open_database
from governor.services.output_watcher import watch_outputs
from governor.services.policies.state import CompilePolicies, PolicySource
from governor.services.record_outcomes import OutcomeRecorder
from governor.services.refresher import Refresher
from governor.services.report_use_cases import UseCaseReporter
from governor.services.reservations import ReservationKeeper
from governor.services.settle import Settler
from governor.services.statements import StatementReader
from governor.services.summarise_usage import UsageSummariser
from governor.services.watch_budgets import BudgetWatcher
from governor.settings import Settings
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from governor.wiring.alerts import alert_terms, open_senders
from governor.wiring.policies import open_policies


@dataclass(frozen=True, slots=True)
class Governor:
    """Everything that a running server consists of."""

    settings: Settings
    clock: Clock
    database: Database
    ledger: SqlLedger
    publisher: PolicySource
    decider: Decider
    settler: Settler
    doorkeeper: KeyRing | OpenDoor
    blocks: Refresher[list[Block]]
    grants: Refresher[list[Grant]]
    grant_keeper: GrantKeeper
    desk: Desk
    facts: FactFinder
    refusals: RefusalReader
    health: HealthChecker
    budgets: BudgetReader
    watcher: BudgetWatcher
    entitlements: EntitlementReader
    explainer: Explainer
    reservations: ReservationKeeper
    usage: UsageSummariser
    outcomes: OutcomeRecorder
    use_cases: UseCaseReporter
    adjuster: Adjuster
    existing: ExistingCounter
    forecaster: Forecaster
    judge: ForecastJudge
    comparer: ScenarioComparer
    statements: StatementReader
    closer: PeriodCloser
    thresholds: ThresholdWatcher
    deliverer: Deliverer
    unusual: UnusualSpendWatcher
    drift: DriftWatcher
    refused_policies: RefusedPoliciesWatcher
    digests: DigestWriter


@asynccontextmanager
async def open_governor(
    settings: Settings, clock: Clock | None = None, compile_policies: CompilePolicies = compile_in_process
) -> AsyncIterator[Governor]:
    """Put a server together, and take it apart again: the ledger finishes what it accepted before the database closes.

    Args:
        settings: How it is configured.
        clock: Tells it the time instead of what the settings say; the demo drives one through a day.
        compile_policies: Compiles the folder; in a process of its own, unless a test is in a hurry.

    Raises:
        GovernorError: If the database cannot be used, or the policy folder has errors.
    """
    clock = clock or clock_from(settings.clock)
    async with AsyncExitStack() as stack:
        database, ledger = await _open_store(stack, settings, clock)
        existing = ExistingCounter(ledger, database)
        publisher = await open_policies(settings, database, clock.now, compile_policies, existing)
        snapshots = publisher.snapshots
        doorkeeper = _doorkeeper(settings, database, clock)
        blocks = watch_blocks(snapshots, database, clock.now)
        grants = watch_grants(snapshots, database, clock.now)
        outputs = watch_outputs(snapshots, database, clock.now)
        await _start(stack, doorkeeper, blocks, grants, outputs, publisher)
        terms = alert_terms(settings)
        desk, budgets = Desk(snapshots, database), BudgetReader(snapshots, ledger, database)
        entitlements, refusals = EntitlementReader(snapshots, ledger), RefusalReader(database)
        processes = ForecastProcesses()
        stack.push_async_callback(processes.close)
        forecasts = ForecastJobs(snapshots, budgets, database)
        fullest = BudgetWatcher(snapshots, budgets, database)
        forecaster = Forecaster(forecasts, budgets, database, processes)
        stack.push_async_callback(forecaster.close)
        yield Governor(
            settings=settings,
            clock=clock,
            database=database,
            ledger=ledger,
            publisher=publisher,
            decider=Decider(snapshots, ledger, deadline_ms=settings.decide_deadline_ms, public_url=settings.public_url),
            settler=Settler(snapshots, ledger, deadline_ms=settings.decide_deadline_ms),
            doorkeeper=doorkeeper,
            blocks=blocks,
            grants=grants,
            grant_keeper=GrantKeeper(publisher.snapshots, ledger, database),
            desk=desk,
            facts=FactFinder(desk, budgets, entitlements, refusals, ledger=ledger),
            refusals=refusals,
            health=HealthChecker(database, publisher, clock.now, simulated_clock=not isinstance(clock, SystemClock)),
            budgets=budgets,
            watcher=fullest,
            entitlements=entitlements,
            explainer=Explainer(database, clock.time),
            reservations=ReservationKeeper(snapshots, ledger),
            usage=UsageSummariser(snapshots, database),
            outcomes=OutcomeRecorder(snapshots, database),
            existing=existing,
            use_cases=UseCaseReporter(snapshots, database),
            adjuster=Adjuster(snapshots, ledger, database),
            forecaster=forecaster,
            comparer=ScenarioComparer(snapshots, forecaster, database),
            judge=ForecastJudge(forecasts, database, processes),
            statements=StatementReader(snapshots, database),
            closer=PeriodCloser(snapshots, database),
            thresholds=ThresholdWatcher(snapshots, database, terms),
            deliverer=Deliverer(database, partial(open_senders, settings, database)),
            unusual=UnusualSpendWatcher(snapshots, database, terms),
            drift=DriftWatcher(snapshots, database, terms),
            refused_policies=RefusedPoliciesWatcher(publisher, database, terms),
            digests=DigestWriter(snapshots, database, fullest, terms),
        )


async def _open_store(stack: AsyncExitStack, settings: Settings, clock: Clock) -> tuple[Database, SqlLedger]:
    """Open the database and start its ledger; the ledger ends first."""
    database = await open_database(settings.database_url)
    stack.push_async_callback(database.close)
    ledger = SqlLedger(database, clock.time, queue_max=settings.queue_max)
    await ledger.start()
    stack.push_async_callback(ledger.close)
    return database, ledger


class _Part(Protocol):
    """What runs beside the server's answers."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


async def _start(stack: AsyncExitStack, *parts: _Part) -> None:
    """Start parts in order; they stop in the opposite one."""
    for part in parts:
        await part.start()
        stack.push_async_callback(part.stop)


def _doorkeeper(settings: Settings, database: Database, clock: Clock) -> KeyRing | OpenDoor:
    if settings.auth == "off":
        return OpenDoor()
    bootstrap = settings.bootstrap_key.get_secret_value() if settings.bootstrap_key is not None else None
    return KeyRing(database, clock.time, bootstrap)

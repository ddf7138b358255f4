"""What commands about forecasts need beside a workbench: forecaster, judge and their processes."""

import os

from governor.edges.cli.workbench import Workbench
from governor.services.budgets import BudgetReader
from governor.services.forecast.forecast_budgets import Forecaster
from governor.services.forecast.gather import ForecastJobs
from governor.services.forecast.process import ForecastProcesses
from governor.services.forecast.scenarios import ScenarioComparer
from governor.services.forecast.track_record import ForecastJudge


class Foresight:
    """Everything that foresees, on all cores of this machine; to be closed."""

    def __init__(self, bench: Workbench) -> None:
        self._processes = ForecastProcesses(os.cpu_count() or 1)
        budgets = BudgetReader(bench.snapshots, bench.ledger, bench.database)
        jobs = ForecastJobs(bench.snapshots, budgets, bench.database)
        self.forecaster = Forecaster(jobs, budgets, bench.database, self._processes)
        self.judge = ForecastJudge(jobs, bench.database, self._processes)
        self.comparer = ScenarioComparer(bench.snapshots, self.forecaster, bench.database)

    async def close(self) -> None:
        """End the processes."""
        await self._processes.close()

"""Compare forecasts with what happened, when their periods are over: the forecasts' own record."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.forecasts.closing import closed
from governor.core.forecasts.forecast import Forecast
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.port import Ledger
from governor.services.jobs import Turn
from governor.store.database import Database
from governor.store.forecasts import close_forecast, read_forecasts_of, read_unclosed

SETTLED_AFTER = timedelta(days=1)
"""How long after its end a period's total is taken for final: by then late usage has been reported."""

CLOSED_AT_ONCE = 200
"""Budgets that are closed in one transaction."""


async def close_forecasts(turn: Turn, ledger: Ledger, database: Database) -> str:
    """Add what happened to every forecast of a period that is over; done again, it finds nothing left to do."""
    ended_by_s = int((turn.now - SETTLED_AFTER).timestamp())
    closed = 0
    while True:
        digests = await database.read(partial(read_unclosed, ended_by_s=ended_by_s, limit=CLOSED_AT_ONCE))
        if not digests:
            return f"{closed:,} forecasts were compared with what happened"
        balances = await ledger.balances(digests)
        kept = await database.read(partial(_read, digests=digests))
        found = [closed for digest, said in kept.items() for closed in _closed(said, balances.get(digest, EMPTY).used)]
        await turn.write(partial(_write, forecasts=found))
        closed += len(found)


def _read(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, list[Forecast]]:
    return {digest: read_forecasts_of(connection, digest) for digest in digests}


def _closed(forecasts: Sequence[Forecast], actual: int) -> list[Forecast]:
    """Return the forecasts of one budget with what happened; later ones tell earlier ones what was used meanwhile."""
    end_s = forecasts[0].budget.period_end_s
    assert end_s is not None, "a lifetime is never over"
    seen = [(_made_at_s(forecast), forecast.used) for forecast in forecasts] + [(end_s, actual)]
    return [closed(forecast, seen[index + 1 :]) for index, forecast in enumerate(forecasts)]


def _write(connection: Connection, forecasts: Sequence[Forecast]) -> None:
    for forecast in forecasts:
        close_forecast(connection, forecast)


def _made_at_s(forecast: Forecast) -> int:
    return int(forecast.made_at.timestamp())

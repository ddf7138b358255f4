"""How good forecasts of the past would have been, as rows: the latest backtest of each quota and department."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from governor.core.forecasts.accuracy import Accuracy
from governor.store.dialects import insert_into
from governor.store.tables import FORECAST_SCORES

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Accuracy)


@dataclass(frozen=True, slots=True)
class Score:
    """One backtest: of a quota's budgets of a department, at a part of their periods.

    Attributes:
        policy: ``Quota/x``.
        department: Whose budgets, or ``""``: those of no department.
        fraction: How much of the period had passed, in percent.
        made_at_s: When it was made, Unix seconds.
        accuracy: What came of it.
    """

    policy: str
    department: str
    fraction: int
    made_at_s: int
    accuracy: Accuracy


def keep_scores(connection: Connection, scores: Sequence[Score]) -> None:
    """Keep scores; each replaces the one before."""
    insert = insert_into(connection, FORECAST_SCORES)
    statement = insert.on_conflict_do_update(
        index_elements=["policy", "department", "fraction"],
        set_={"made_at_s": insert.excluded.made_at_s, "record": insert.excluded.record},
        where=FORECAST_SCORES.c.made_at_s <= insert.excluded.made_at_s,
    )
    rows = [
        _values(score) for score in sorted(scores, key=lambda score: (score.policy, score.department, score.fraction))
    ]
    if rows:
        connection.execute(statement, rows)


def read_scores(connection: Connection, policies: Sequence[str] = ()) -> list[Score]:
    """Return the scores of some policies, or of all."""
    query = select(FORECAST_SCORES).order_by(*FORECAST_SCORES.primary_key.columns)
    if policies:
        query = query.where(FORECAST_SCORES.c.policy.in_(list(policies)))
    return [
        Score(row.policy, row.department, row.fraction, row.made_at_s, _decoder.decode(row.record))
        for row in connection.execute(query)
    ]


def _values(score: Score) -> Mapping[str, object]:
    return {
        "policy": score.policy,
        "department": score.department,
        "fraction": score.fraction,
        "made_at_s": score.made_at_s,
        "record": _encoder.encode(score.accuracy),
    }

"""Core values to rows of the hot statements, and back."""

from collections.abc import Iterable, Mapping

from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.changes import Claim
from governor.core.ledger.counter import Counter
from governor.core.ledger.entry import Entry, RollupKey
from governor.core.ledger.reservation import Reservation, ReservationState
from governor.core.units import Unit
from governor.store.bodies import pack_body, unpack_body
from governor.store.ledger.session import Row
from governor.store.records import (
    decode_buckets,
    decode_decision,
    decode_scope,
    encode_buckets,
    encode_decision,
    encode_entry,
    event_key,
)


def claims_from_rows(rows: Iterable[Row]) -> dict[bytes, Claim]:
    """Read claims; of two rows with one key the later one counts."""
    claims: dict[bytes, Claim] = {}
    for key, decision_id, body_digest, at_ms in rows:
        known = claims.get(key)
        if known is None or known.at_ms < at_ms:
            claims[key] = Claim(decision_id, body_digest, at_ms)
    return claims


def claim_rows(claims: Mapping[bytes, Claim]) -> list[Row]:
    """Render claims in the order of their keys, so that no two workers wait for each other."""
    return [(key, claim.decision_id, claim.body_digest, claim.at_ms) for key, claim in sorted(claims.items())]


def reservation_from_row(row: Row, bodies: tuple[bytes, bytes]) -> Reservation:
    """Read a decision's row; ``bodies`` are its request and answer, empty where nobody needs them."""
    decision_id, client, at_ms, state, expires_at_s, blob = row
    holds, facts = decode_decision(blob)
    return Reservation(
        id=decision_id,
        client=client,
        at_ms=at_ms,
        expires_at_s=expires_at_s,
        state=ReservationState(state),
        holds=holds,
        facts=facts,
        request=unpack_body(bodies[0]),
        answer=unpack_body(bodies[1]),
    )


def decision_row(reservation: Reservation) -> Row:
    """Render a new decision in the order of the table's columns."""
    facts = reservation.facts
    return (
        reservation.id,
        reservation.client,
        reservation.at_ms,
        reservation.state.value,
        # A reservation that was placed and settled within one batch was allowed.
        "deny" if reservation.state is ReservationState.DENIED else "allow",
        reservation.expires_at_s,
        facts.policy_version,
        facts.attributes.get("department", ""),
        encode_decision(reservation),
        pack_body(reservation.request),
        pack_body(reservation.answer),
    )


def moved_rows(moved: Mapping[bytes, Reservation]) -> list[Row]:
    """Render what changed of known decisions."""
    return [
        (decision_id, reservation.state.value, reservation.expires_at_s, encode_decision(reservation))
        for decision_id, reservation in moved.items()
    ]


def counter_from_row(key: BudgetKey, row: Row) -> Counter:
    """Read a counter."""
    _, used, blob, as_of_s = row
    buckets = decode_buckets(blob)
    return Counter(key, used, buckets.releasing, buckets.charging, as_of_s)


def counter_row(counter: Counter) -> Row:
    """Render what changed of a counter."""
    return (
        counter.key.digest,
        counter.used,
        encode_buckets(counter.releasing, counter.charging),
        counter.as_of_s,
    )


def budget_key_from_row(row: Row) -> BudgetKey:
    """Read a budget's identity."""
    digest, policy, scope, unit, period_start_s, period_end_s = row
    return BudgetKey(digest, policy, decode_scope(scope), Unit(unit), period_start_s, period_end_s)


def entry_row(entry: Entry) -> Row:
    """Render an entry in the order of the table's columns."""
    return (
        entry.id,
        event_key(entry.source, entry.event_id),
        event_key(entry.source, entry.root_event_id),
        entry.kind.value,
        entry.source,
        entry.event_id,
        entry.body_digest,
        entry.decision_id,
        entry.received_at_ms,
        entry.occurred_at_ms,
        entry.model,
        entry.provider,
        entry.cost_nano_usd,
        entry.requests,
        encode_entry(entry),
        entry.result,
    )


def rollup_rows(rollups: Mapping[RollupKey, list[int]]) -> list[Row]:
    """Render sums in the order of their keys, so that no two workers wait for each other."""
    return [(*key, *sums) for key, sums in sorted((_dimensions(key), sums) for key, sums in rollups.items())]


def unit_rows(units: Mapping[tuple[RollupKey, str], int]) -> list[Row]:
    """Render the units of hours, likewise."""
    return sorted((*_dimensions(key), unit, amount) for (key, unit), amount in units.items())


def _dimensions(key: RollupKey) -> Row:
    return (
        key.hour_s,
        key.department,
        key.team,
        key.user,
        key.project,
        key.environment,
        key.use_case,
        key.model,
        key.provider,
    )

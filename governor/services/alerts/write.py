"""Put an alert into words once, and into the outbox of everybody who is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection

from governor.core.alerts.alert import Alert, AlertKind
from governor.core.alerts.quiet import due_at
from governor.core.alerts.recipients import recipients
from governor.core.policy.organization import Organization
from governor.core.scopes import Scope
from governor.services.alerts.terms import AlertTerms
from governor.services.ids import new_id
from governor.store.alerts import add_alert


@dataclass(frozen=True, slots=True)
class Said:
    """What an alert says, and about whom; see ``Alert``.

    Attributes:
        claim: Texts that make it this one alert.
        owner: Who answers for the policy, or ``""``.
        known: What is known of the scope, for leads.
    """

    kind: AlertKind
    claim: tuple[str, ...]
    policy: str
    whose: Scope
    title: str
    reason: str
    numbers: tuple[tuple[str, str], ...]
    ways_out: tuple[str, ...]
    notify: tuple[str, ...]
    owner: str
    known: Mapping[str, str]
    urgent: bool = False


def write_alert(
    connection: Connection, said: Said, organization: Organization, terms: AlertTerms, now: datetime
) -> bool:
    """Write an alert unless it was written before; what can wait waits for the end of the quiet hours.

    Returns:
        Whether it was new.
    """
    alert = Alert(
        id=new_id(int(now.timestamp() * 1000)),
        claim=blake2b("\x1f".join((said.kind, *said.claim)).encode(), digest_size=16).digest(),
        kind=said.kind,
        at=now,
        policy=said.policy,
        whose=said.whose,
        title=said.title,
        reason=said.reason,
        numbers=said.numbers,
        ways_out=said.ways_out,
        urgent=said.urgent,
        recipients=recipients(organization, said.notify, said.known, said.owner, now, channels=terms.channels),
    )
    due = now if said.urgent else due_at(now, terms.quiet, organization.time_zone)
    return add_alert(connection, alert, due)

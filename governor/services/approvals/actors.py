"""Who acts: a person whom the Organization knows stands behind every act, by whichever door it comes."""

from datetime import datetime

from governor.core.approvals.request import Actor, Door
from governor.core.errors import ForbiddenError
from governor.core.keys import Role
from governor.core.policy.organization import Organization, Person
from governor.services.keys import Identity


def actor_of(organization: Organization, identity: Identity, door: Door, now: datetime) -> Actor:
    """Return the person who holds a key.

    Raises:
        ForbiddenError: If nobody holds it, or the Organization does not know them now.
    """
    if not identity.person:
        raise ForbiddenError(
            f"the key `{identity.name}` belongs to no person; make one with `governor keys create --person USER`",
            needed="a person's key",
        )
    person = _known(organization, identity.person, now)
    return Actor(person.user, door, identity.name, admin=identity.role is Role.ADMIN)


def named_actor(organization: Organization, name: str, door: Door, key: str, now: datetime) -> Actor:
    """Return the person of a name, who was signed in by other means; never an admin.

    Raises:
        ForbiddenError: If the Organization does not know them now.
    """
    return Actor(_known(organization, name, now).user, door, key)


def _known(organization: Organization, name: str, now: datetime) -> Person:
    person = organization.person_named(name, now)
    if person is None:
        raise ForbiddenError(
            f"`{name[:80]}` is nobody whom {organization.name} lists now; a known person stands behind every act",
            needed="a known person",
        )
    return person

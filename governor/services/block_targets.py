"""What a name in a block means: a misspelt one would stop nobody while everybody believes that it does."""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from governor.core.decisions.blocks import BlockKind, user_name
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.policy.organization import Organization
from governor.core.scopes import UNKNOWN_USER
from governor.services.keys import BOOTSTRAP_NAME, LOCAL_NAME
from governor.store.database import Database
from governor.store.keys import read_keys


@dataclass(frozen=True, slots=True)
class Target:
    """What is stopped, by its canonical name; ``note`` says what may surprise, or is ``""``."""

    kind: BlockKind
    name: str
    note: str = ""


async def target_of(database: Database, snapshot: Snapshot, kind: BlockKind, name: str) -> Target:
    """Return what a name means.

    Raises:
        InvalidRequestError: If there is no service account, key or team of this name. A user, a use case and a model
            may be unknown to the Organization and the catalogue, and be stopped all the same.
    """
    organization = snapshot.organization
    match kind:
        case BlockKind.USER:
            return _user(organization, name)
        case BlockKind.MODEL:
            model = snapshot.model(name, "")
            note = "" if model.known else f"no catalogue knows {model.id}; requests that name it are stopped"
            return Target(kind, model.id, note)
        case BlockKind.USE_CASE:
            return _use_case(organization, name)
        case BlockKind.SERVICE_ACCOUNT:
            return _known(kind, name, organization.service_accounts)
        case BlockKind.TEAM:
            return _known(kind, name, _teams(organization))
        case BlockKind.KEY:
            keys = await database.read(read_keys)
            return _known(kind, name, {*(key.name for key in keys), BOOTSTRAP_NAME, LOCAL_NAME})


def _user(organization: Organization, name: str) -> Target:
    if name in organization.service_accounts:
        raise InvalidRequestError(f"`{name[:80]}` is a service account; block the service_account", field="target.user")
    wanted = user_name(name)
    canonical = organization.person_ids.get(wanted)
    if canonical is not None or wanted == UNKNOWN_USER:
        return Target(BlockKind.USER, canonical or wanted)
    near = get_close_matches(wanted, organization.person_ids, n=1)
    hint = f"; did you mean `{near[0]}`" if near else ""
    note = f"{organization.name} lists no `{wanted}`{hint}; requests that claim this name are stopped"
    return Target(BlockKind.USER, wanted, note)


def _use_case(organization: Organization, name: str) -> Target:
    """Where use cases are registered, another name may be a slip; requests may claim it all the same."""
    registered, name = organization.use_cases, organization.use_case_name(name)
    if not registered or name in registered or name == UNKNOWN_USER:
        return Target(BlockKind.USE_CASE, name)
    near = get_close_matches(name, registered, n=1)
    hint = f"; did you mean `{near[0]}`" if near else ""
    note = f"{organization.name} registers no use case `{name}`{hint}; requests that claim this name are stopped"
    return Target(BlockKind.USE_CASE, name, note)


def _known(kind: BlockKind, name: str, names: Collection[str]) -> Target:
    if name in names:
        return Target(kind, name)
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean `{near[0]}`" if near else ""
    what = kind.value.replace("_", " ")
    raise InvalidRequestError(f"there is no {what} `{name[:80]}`{hint}", field=f"target.{kind}")


def _teams(organization: Organization) -> set[str]:
    teams = set(organization.teams)
    teams.update(team for person in organization.people.values() for team in person.teams)
    teams.update(placement.team for placement in organization.placements())
    if organization.unknown_users is not None:
        teams.add(organization.unknown_users.team)
    return teams - {""}

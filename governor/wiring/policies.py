"""Where a server's policies come from: a folder, or a branch of a repository."""

from collections.abc import Callable
from datetime import datetime

from governor.clients.git_remote import GitRemote
from governor.clients.price_catalogue import genai_prices
from governor.core.policy.place import GitPlace
from governor.services.count_existing import ExistingCounter
from governor.services.policies.folder import publish_folder
from governor.services.policies.publisher import Publisher
from governor.services.policies.repository import open_repository
from governor.services.policies.state import CompilePolicies, PolicySource
from governor.services.policies.sync import PolicySyncer
from governor.settings import Settings
from governor.store.database import Database


async def open_policies(
    settings: Settings,
    database: Database,
    now: Callable[[], datetime],
    compile_policies: CompilePolicies,
    existing: ExistingCounter,
) -> PolicySource:
    """Load the policies for the first time; ``start`` makes the source follow what changes.

    Raises:
        GovernorError: If there are none that can be served.
    """
    publisher = Publisher(
        catalogues=genai_prices, compile_policies=compile_policies, database=database, now=now, existing=existing
    )
    if not isinstance(settings.policies, GitPlace):
        return await publish_folder(settings.policies, publisher, policy_age_max=settings.max_policy_age)
    syncer = policy_syncer(settings, settings.policies, publisher)
    return await open_repository(settings.policies, publisher, syncer, policy_age_max=settings.max_policy_age)


def policy_syncer(settings: Settings, place: GitPlace, publisher: Publisher) -> PolicySyncer:
    """Make what looks at the branch: for a server, the scheduler and the command line."""
    return PolicySyncer(
        GitRemote(place), publisher, catalogues=genai_prices, allowed_signers=settings.require_signed_commits
    )

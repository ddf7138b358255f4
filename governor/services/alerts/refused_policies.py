"""Tell that a commit of the policies was refused: once for each, with why and what decides meanwhile."""

from sqlalchemy import Connection

from governor.core.alerts.alert import AlertKind
from governor.core.policy.releases import Outcome, Release
from governor.services.alerts.terms import AlertTerms
from governor.services.alerts.write import Said, write_alert
from governor.services.jobs import Turn
from governor.services.policies.repository import RepositoryPolicies
from governor.services.policies.state import PolicySource
from governor.store.database import Database
from governor.store.policy_releases import list_releases

PROBLEMS_SHOWN = 5
"""Problems that an alert lists; ``governor policies log`` has them all."""


class RefusedPoliciesWatcher:
    """Looks at the branch of the policies, and writes an alert where its commit is refused.

    Args:
        source: Where the policies come from.
        database: Where releases are.
        terms: How alerts go out.
    """

    def __init__(self, source: PolicySource, database: Database, terms: AlertTerms) -> None:
        self._source = source
        self._database = database
        self._terms = terms

    async def sync(self, turn: Turn) -> str:
        """Look at the branch; a folder is watched by every worker itself.

        Returns:
            What was found.
        """
        source = self._source
        if not isinstance(source, RepositoryPolicies):
            return "the policies come from a folder"
        result = await source.syncer.sync()
        # Also what a webhook or a command refused meanwhile.
        latest = await self._database.read(lambda connection: list_releases(connection, limit=1))
        if latest and latest[0].outcome is Outcome.REFUSED:
            said = _said(latest[0], source.state.source, self._terms)
            organization = source.snapshots.current.organization

            def write(connection: Connection) -> bool:
                return write_alert(connection, said, organization, self._terms, turn.now)

            await turn.write(write)
        return f"{result.found} {result.commit[:12]}".rstrip()


def _said(release: Release, place: str, terms: AlertTerms) -> Said:
    problems = release.reason.splitlines()
    more = len(problems) - PROBLEMS_SHOWN
    shown = problems[:PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else [])
    return Said(
        kind=AlertKind.POLICIES,
        claim=(place, release.commit, str(release.sequence)),
        policy="",
        whose=(),
        title=f"commit {release.commit[:12]} of the policies is refused; the last good one decides",
        reason="\n".join(shown),
        numbers=(("commit", release.commit), ("problems", str(len(problems)))),
        ways_out=(
            f"mend it and push: `{place}` is looked at every minute",
            "check it first: `governor validate` and `governor test` in a checkout",
        ),
        notify=terms.notify,
        owner="",
        known={},
        urgent=True,
    )

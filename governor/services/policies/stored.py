"""Policies from the database: the text of a version, compiled again."""

import tempfile
from dataclasses import replace
from pathlib import Path

from governor.clients.git import write_files
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import GovernorError
from governor.core.policy.releases import Release
from governor.services.policies.publisher import Publisher
from governor.services.policies.state import InvalidPoliciesError
from governor.store.policy_versions import read_policy_files


class UnknownVersionError(GovernorError):
    """A version whose text is not kept."""

    code = "unknown_policy_version"


async def stored_snapshot(publisher: Publisher, release: Release) -> Snapshot:
    """Compile and index the text of a release; its version is the commit.

    Raises:
        InvalidPoliciesError: If this version of Governor no longer takes the text.
        UnknownVersionError: If the text is not kept.
    """
    return await _compiled_again(publisher, release.digest, release.commit, f"commit {release.commit[:12]}")


async def stored_text(publisher: Publisher, digest: str) -> Snapshot:
    """Compile and index the text of a folder that was served; its version is the digest. Raises the same errors."""
    return await _compiled_again(publisher, digest, digest, f"version {digest[:12]}")


async def _compiled_again(publisher: Publisher, digest: str, version: str, name: str) -> Snapshot:
    files = await publisher.database.read(lambda connection: read_policy_files(connection, digest))
    if files is None:
        raise UnknownVersionError(f"the text of {name} is not kept; sync the repository again, or mend the folder")
    with tempfile.TemporaryDirectory(prefix="governor-policies-", ignore_cleanup_errors=True) as scratch:
        write_files({path: text.encode() for path, text in files.items()}, Path(scratch))
        compiled = await publisher.compile(Path(scratch))
    if compiled.policies is None:
        raise InvalidPoliciesError(name, compiled.problems)
    return await publisher.index(replace(compiled.policies, version=version))

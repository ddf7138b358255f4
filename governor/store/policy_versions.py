"""The text of every policy folder that ever decided, so that an old decision can be explained with its own rules."""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from governor.store.dialects import insert_into
from governor.store.tables import POLICY_RELEASES, POLICY_VERSIONS


def insert_policy_version(connection: Connection, version: str, at: datetime, files: Mapping[str, str]) -> None:
    """Keep the text of a version; a version that is known already is left as it is (another worker came first)."""
    values = {"version": version, "at_ms": int(at.timestamp() * 1000), "files": _packed(files)}
    connection.execute(insert_into(connection, POLICY_VERSIONS).values(values).on_conflict_do_nothing())


def text_digest(connection: Connection, version: str) -> str | None:
    """Return the digest of the text that a version stands for: its own, or that of the commit; None if unknown."""
    known = connection.execute(select(POLICY_VERSIONS.c.version).where(POLICY_VERSIONS.c.version == version)).scalar()
    if known is not None:
        return version
    of_commit = select(POLICY_RELEASES.c.version).where(POLICY_RELEASES.c.commit_id == version)
    return connection.execute(of_commit.order_by(POLICY_RELEASES.c.sequence.desc()).limit(1)).scalar()


def find_texts(connection: Connection, beginning: str) -> list[str]:
    """Return the digests of the kept texts that the beginning of a digest or of a commit may stand for."""
    texts, releases = POLICY_VERSIONS.c, POLICY_RELEASES.c
    own = select(texts.version).where(texts.version.startswith(beginning, autoescape=True))
    of_commits = select(releases.version).where(releases.commit_id.startswith(beginning, autoescape=True))
    kept = select(texts.version).where(texts.version.in_(of_commits))
    return sorted({*connection.execute(own).scalars(), *connection.execute(kept).scalars()})


def list_policy_versions(connection: Connection, *, limit: int) -> list[tuple[str, datetime]]:
    """Return the versions whose text is kept and when each first decided, the latest first."""
    query = select(POLICY_VERSIONS.c.version, POLICY_VERSIONS.c.at_ms).order_by(POLICY_VERSIONS.c.at_ms.desc())
    rows = connection.execute(query.limit(limit))
    return [(row.version, datetime.fromtimestamp(row.at_ms / 1000, UTC)) for row in rows]


def read_policy_files(connection: Connection, version: str) -> dict[str, str] | None:
    """Return the files of a version by their path in the folder, or None if its text is not kept."""
    packed = connection.execute(
        select(POLICY_VERSIONS.c.files).where(POLICY_VERSIONS.c.version == version)
    ).scalar_one_or_none()
    if packed is None:
        return None
    lines = zlib.decompress(bytes(packed)).splitlines()
    return dict(json.loads(line) for line in lines)


def _packed(files: Mapping[str, str]) -> bytes:
    """Compress a folder, a line of JSON for each file: no step is so long that it would hold decisions up."""
    packer = zlib.compressobj()
    parts = [packer.compress(json.dumps(item).encode() + b"\n") for item in sorted(files.items())]
    return b"".join((*parts, packer.flush()))

"""The text of every policy folder that ever decided, so that an old decision can be explained with its own rules."""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from governor.store.tables import POLICY_VERSIONS


def insert_policy_version(connection: Connection, version: str, at: datetime, files: Mapping[str, str]) -> None:
    """Keep the text of a version; a version that is known already is left as it is (another worker came first)."""
    values = {"version": version, "at_ms": int(at.timestamp() * 1000), "files": _packed(files)}
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(POLICY_VERSIONS).values(values).on_conflict_do_nothing())
    else:
        connection.execute(postgresql.insert(POLICY_VERSIONS).values(values).on_conflict_do_nothing())


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

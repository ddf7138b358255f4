"""The roots of quota names; see ``core.policy.lineage``."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, or_, select

from governor.store.dialects import insert_into
from governor.store.tables import QUOTA_ROOTS


def read_quota_roots(connection: Connection, names: Collection[str]) -> dict[str, str]:
    """Return the roots of some names as far as they were published, and of every name that is not its own root."""
    table = QUOTA_ROOTS.c
    wanted = select(table.name, table.root).where(or_(table.name != table.root, table.name.in_(names)))
    return {row.name: row.root for row in connection.execute(wanted)}


def write_quota_roots(connection: Connection, roots: Mapping[str, str]) -> None:
    """Remember the roots of names; what another worker wrote of the same version is the same."""
    if not roots:
        return
    insert = insert_into(connection, QUOTA_ROOTS)
    changed = QUOTA_ROOTS.c.root != insert.excluded.root
    newer = insert.on_conflict_do_update(index_elements=["name"], set_={"root": insert.excluded.root}, where=changed)
    connection.execute(newer, [{"name": name, "root": root} for name, root in sorted(roots.items())])

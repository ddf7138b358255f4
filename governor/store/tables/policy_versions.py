"""The texts that decided."""

from governor.store.tables.columns import STRICT, Stored, number, octets, table, words


class PolicyVersions(Stored, table=True):
    """The text of every policy folder that ever decided, compressed."""

    __tablename__ = "policy_versions"
    __table_args__ = (STRICT,)

    version: str = words(key=True)
    at_ms: int = number()
    files: bytes = octets()


POLICY_VERSIONS = table(PolicyVersions)
